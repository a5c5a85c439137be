//! A bucket with its record, which is replaced only by who has read it: whoever is overtaken by another one notices.

use std::time::{Duration, Instant};

use consign_metadata::digest::Sha256;
use consign_metadata::document::Role;
use consign_metadata::feed::{Feed, MAXIMUM_HEAD_SIZE};
use consign_metadata::name::ChannelName;

use super::record::{self, Entry, Generation, Record};
use super::shown::Shown;
use crate::feed;
use crate::mirror::{Memory, MirrorError, Pin};
use crate::store::{Key, ObjectStore, Source, Stamp, Store, StoreError};

/// How often somebody else may come in between.
const ATTEMPTS: u32 = 10;
/// HTTP tells the age of an object in whole seconds: a host that looked just before must see that it changed.
const SECOND: Duration = Duration::from_millis(1100);

/// A bucket, and what is written in it of itself.
pub struct Ledger<'a> {
    to: &'a ObjectStore,
    key: Key,
    pub record: Record,
    stamp: Stamp,
    /// Whatever was swapped before was so by then.
    read: Instant,
}

impl<'a> Ledger<'a> {
    /// Reads it, or begins it.
    ///
    /// # Errors
    /// [`MirrorError::Bucket`] where something else is there.
    pub fn open(to: &'a ObjectStore, memory: &Memory, adopt: bool) -> Result<Self, MirrorError> {
        let key: Key = record::NAME.parse()?;
        let (record, stamp) = match read(to, &key)? {
            Some(known) => known,
            None => begun(to, &key, memory, adopt)?,
        };
        if record.primary != memory.pin.primary {
            let Record { vendor, primary, .. } = &record;
            return Err(refused(to, format!("it is a mirror of {vendor}, whose primary key is {primary}")));
        }
        Ok(Self { to, key, record, stamp, read: Instant::now() })
    }

    /// Never back, never two of one number, never a channel of another mirror.
    ///
    /// # Errors
    /// [`MirrorError::Bucket`]
    pub fn admits(&self, shown: &Shown) -> Result<(), MirrorError> {
        for (channel, there) in &self.record.channels {
            let Some(here) = shown.channels.get(channel) else {
                let reason = format!("it shows channel {channel}, which this mirror does not have");
                return Err(refused(self.to, reason));
            };
            let (number, theirs) = (here.generation, there.generation);
            if number < theirs {
                let reason = format!("it shows generation {theirs} of channel {channel}, and this mirror {number}");
                return Err(refused(self.to, reason));
            }
            if number == theirs && here.head != there.head {
                let reason = format!("it shows another generation {number} of channel {channel} than this mirror");
                return Err(refused(self.to, reason));
            }
        }
        Ok(())
    }

    /// Changes the record, on top of whatever somebody else has changed meanwhile, unless that is newer.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn change(&mut self, shown: &Shown, change: impl Fn(&mut Record)) -> Result<(), MirrorError> {
        let mut attempt = 1;
        loop {
            change(&mut self.record);
            match self.to.replace(&self.key, Some(&self.stamp), &self.record.bytes()) {
                Err(StoreError::Changed(_)) if attempt < ATTEMPTS => self.look_again(shown)?,
                other => {
                    self.stamp = other?;
                    return Ok(());
                }
            }
            attempt += 1;
        }
    }

    fn look_again(&mut self, shown: &Shown) -> Result<(), MirrorError> {
        let gone = || refused(self.to, format!("somebody has deleted {} from it", record::NAME));
        (self.record, self.stamp) = read(self.to, &self.key)?.ok_or_else(gone)?;
        self.admits(shown)
    }

    /// Swaps an entry point. Where it is not what the record says, somebody died in the middle of a push, or pushes
    /// right now; it is theirs if they have something newer.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn swap(&mut self, shown: &Shown, key: &Key, bytes: &[u8]) -> Result<Entry, MirrorError> {
        let mut known = self.record.entries.get(key.as_str()).map(|entry| entry.mark.clone());
        let mut attempt = 1;
        loop {
            if known.is_some() {
                std::thread::sleep(SECOND.saturating_sub(self.read.elapsed()));
            }
            match self.to.replace(key, known.as_ref(), bytes) {
                Ok(mark) => return Ok(Entry { sha256: Sha256::of(bytes), mark }),
                Err(StoreError::Changed(_)) if attempt < ATTEMPTS => {}
                Err(cause) => return Err(cause.into()),
            }
            self.look_again(shown)?;
            let there = self.to.read(key, record::MAXIMUM)?;
            self.read = Instant::now();
            match there {
                Some((there, mark)) if there == bytes => return Ok(Entry { sha256: Sha256::of(bytes), mark }),
                other => known = other.map(|(_, mark)| mark),
            }
            attempt += 1;
        }
    }
}

fn read(to: &ObjectStore, key: &Key) -> Result<Option<(Record, Stamp)>, MirrorError> {
    let Some((bytes, stamp)) = to.read(key, record::MAXIMUM)? else { return Ok(None) };
    let record = Record::parse(&bytes).map_err(|reason| refused(to, reason))?;
    Ok(Some((record, stamp)))
}

/// The record of a bucket that has none.
fn begun(to: &ObjectStore, key: &Key, memory: &Memory, adopt: bool) -> Result<(Record, Stamp), MirrorError> {
    let mut record = Record::new(&memory.pin);
    for channel in memory.channels.keys() {
        let place: Key = Feed::path(channel).parse()?;
        let Some((head, _)) = to.read(&place, MAXIMUM_HEAD_SIZE)? else { continue };
        if !adopt {
            let reason =
                format!("it holds a repository, and no {} that says what else; --adopt takes it over", record::NAME);
            return Err(refused(to, reason));
        }
        if let Some(generation) = generation(to, &memory.pin, channel)? {
            record.channels.insert(channel.clone(), Generation { generation, head: Sha256::of(&head) });
        }
    }
    let stamp = match to.replace(key, None, &record.bytes()) {
        // Somebody else has begun in the same moment.
        Err(StoreError::Changed(_)) => {
            let theirs = read(to, key)?;
            return theirs.ok_or_else(|| refused(to, format!("its {} comes and goes", record::NAME)));
        }
        other => other?,
    };
    if !to.keeps_conditions(key, &record.bytes())? {
        let reason = "its server does not look at If-Match and If-None-Match, so that two who push would mix";
        return Err(refused(to, reason.to_owned()));
    }
    Ok((record, stamp))
}

fn generation(to: &ObjectStore, pin: &Pin, channel: &ChannelName) -> Result<Option<u64>, MirrorError> {
    let head = feed::head(to, &pin.vendor, channel, &pin.keyring(Role::Index)?)?;
    Ok(head.map(|head| head.feed.generation))
}

fn refused(to: &ObjectStore, reason: String) -> MirrorError {
    MirrorError::Bucket { place: to.place().to_string(), reason }
}
