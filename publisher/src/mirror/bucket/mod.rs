//! A mirror in an object store: what a mirror shows, put into a bucket from which hosts read it.
//!
//! The folder stays the place of work; nothing is verified or fetched in a bucket. It gets what it lacks under names
//! that never change, then the entry points in the vendor's order, each only if it is still the one that was there:
//! so hosts see one generation, whole, and of two who push the newer generation wins. What was pushed is written in
//! the bucket itself (`record`), and is asked for once.
//!
//! - `shown`: what the mirror shows; `ledger`: the record, and entry points by its rules; `sending`: everything else

mod ledger;
mod record;
mod sending;
mod shown;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use consign_metadata::digest::Sha256;
use consign_metadata::name::ChannelName;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use self::ledger::Ledger;
use self::record::Record;
use self::sending::Sending;
use self::shown::{Added, Shown};
use super::{Listener, Memory, Mirror, MirrorError, Progress, serve, stage};
use crate::store::{Heading, Key, ObjectStore, Source, Store};

/// The longest that a client, or a mirror of this one, may still ask for what was named before.
const GRACE: SignedDuration = SignedDuration::from_hours(3 * 24);

/// What is to be done.
#[derive(Debug, Clone)]
pub struct PushRequest {
    /// Where hosts find the bucket, for the lists of yum; nothing said, as before.
    pub url: Option<String>,
    /// Whether it is looked what is there, and not only what was written down of it.
    pub check: bool,
    /// Whether a repository is taken over of which the bucket has no record.
    pub adopt: bool,
    /// How many files at once.
    pub lanes: usize,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pushed {
    /// By channel.
    pub channels: Vec<PushedChannel>,
    /// Whether anything was written.
    pub changed: bool,
    /// How many files were sent under names that never change.
    pub sent: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Which entry points were swapped, in their order.
    pub swapped: Vec<String>,
    /// What nobody needs any more.
    pub deleted: Vec<String>,
    /// What all that took.
    pub requests: u64,
}

/// What became of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PushedChannel {
    /// The channel.
    pub channel: ChannelName,
    /// Its generation now.
    pub generation: u64,
    /// The one before; absent the first time.
    pub before: Option<u64>,
}

/// What web browsers, proxies and package managers are told of a file.
pub fn heading(key: &Key) -> Heading {
    Heading { kind: serve::kind(key), caching: serve::caching(key) }
}

/// Puts into a bucket what a mirror shows.
///
/// # Errors
/// [`MirrorError`]; hosts then see one whole generation, as before or as it should be.
pub fn push(
    folder: &Path,
    patience: Duration,
    to: &ObjectStore,
    request: &PushRequest,
    listener: Listener<'_>,
) -> Result<Pushed, MirrorError> {
    let memory = Memory::load(folder)?.ok_or_else(|| Mirror::at(folder).is_none())?;
    let mut ledger = Ledger::open(to, &memory, request.adopt)?;
    let url = request.url.clone().or_else(|| ledger.record.url.clone());
    listener(Progress::Checking);
    // The mirror may go on meanwhile: what is added stays, and what is swapped was read.
    let shown = Shown::of(&Mirror::claimed(folder, patience)?, url.as_deref())?;
    ledger.admits(&shown)?;
    if request.check {
        recount(to, &shown, &mut ledger.record)?;
    }
    let before = ledger.record.channels.clone();
    let plan = Plan::of(&ledger.record, &shown, url.as_ref(), Timestamp::now());
    let changed = request.check || !plan.is_nothing();
    if changed {
        let bytes = plan.missing.iter().map(|added| added.length).sum();
        listener(Progress::Sending { files: plan.missing.len(), bytes });
        Sending { to, folder, shown: &shown, lanes: request.lanes, listener }.run(&plan.missing, &mut ledger)?;
        plan.carry_out(to, &shown, &mut ledger)?;
    }
    let channel = |(channel, shown): (&ChannelName, &record::Generation)| PushedChannel {
        channel: channel.clone(),
        generation: shown.generation,
        before: before.get(channel).map(|before| before.generation),
    };
    Ok(Pushed {
        channels: shown.channels.iter().map(channel).collect(),
        changed,
        sent: plan.missing.len(),
        bytes: plan.missing.iter().map(|added| added.length).sum(),
        swapped: plan.swaps.iter().map(|(key, _)| key.to_string()).collect(),
        deleted: plan.expired,
        requests: to.requests(),
    })
}

/// What is different in a bucket.
struct Plan<'a> {
    url: Option<&'a String>,
    now: Timestamp,
    missing: Vec<&'a Added>,
    swaps: Vec<&'a (Key, Vec<u8>)>,
    expired: Vec<String>,
    /// Whether the record says something else than what is to be.
    is_written: bool,
}

impl<'a> Plan<'a> {
    fn of(record: &Record, shown: &'a Shown, url: Option<&'a String>, now: Timestamp) -> Self {
        let names = shown.names();
        // What was to be deleted may be so already.
        let is_there = |name: &str| record.files.contains(name) && !record.gone.contains_key(name);
        let is_shown = |key: &Key, bytes: &[u8]| {
            let entry = record.entries.get(key.as_str()).filter(|_| !record.gone.contains_key(key.as_str()));
            // Who was killed has swapped some that the record still has as they were.
            !record.unfinished && entry.is_some_and(|entry| entry.sha256 == Sha256::of(bytes))
        };
        let is_expired = |name: &str, since: Timestamp| !names.contains(name) && now.duration_since(since) > GRACE;
        let expired = record.gone.iter().filter(|(name, since)| is_expired(name, **since));
        let forgotten = |name: &String| names.contains(name.as_str()) || record.gone.contains_key(name);
        Self {
            url,
            now,
            missing: shown.added.iter().filter(|added| !is_there(added.key.as_str())).collect(),
            swaps: shown.entries.iter().filter(|(key, bytes)| !is_shown(key, bytes)).collect(),
            expired: expired.map(|(name, _)| name.clone()).collect(),
            is_written: !record.unfinished
                && record.channels == shown.channels
                && record.url.as_ref() == url
                && record.files.iter().chain(record.entries.keys()).all(forgotten),
        }
    }

    fn is_nothing(&self) -> bool {
        self.missing.is_empty() && self.swaps.is_empty() && self.expired.is_empty() && self.is_written
    }

    /// Everything is there that the entry points name. Whoever comes after this sees what is being shown, and goes
    /// on from there.
    fn carry_out(&self, to: &ObjectStore, shown: &Shown, ledger: &mut Ledger<'_>) -> Result<(), MirrorError> {
        let names = shown.names();
        ledger.change(shown, |record| {
            record.channels.clone_from(&shown.channels);
            record.unfinished = true;
            record.url = self.url.cloned();
            record.files.extend(shown.added.iter().map(|added| added.key.to_string()));
            record.gone.retain(|name, _| !names.contains(name.as_str()));
        })?;
        let mut swapped = Vec::new();
        for (key, bytes) in &self.swaps {
            swapped.push((key.to_string(), ledger.swap(shown, key, bytes)?));
        }
        for key in self.expired.iter().filter_map(|name| name.parse().ok()) {
            to.remove(&key)?;
        }
        ledger.change(shown, |record| {
            record.unfinished = false;
            record.entries.extend(swapped.iter().cloned());
            self.forget(record, &names);
        })
    }

    /// What was deleted, and what will be.
    fn forget(&self, record: &mut Record, names: &BTreeSet<&str>) {
        for name in &self.expired {
            record.files.remove(name);
            record.entries.remove(name);
            record.gone.remove(name);
        }
        for name in record.files.iter().chain(record.entries.keys()).filter(|name| !names.contains(name.as_str())) {
            record.gone.entry(name.clone()).or_insert(self.now);
        }
    }
}

/// Makes a record say what is really there.
fn recount(to: &ObjectStore, shown: &Shown, record: &mut Record) -> Result<(), MirrorError> {
    let mut there = BTreeSet::new();
    for folder in stage::FOLDERS {
        let listed = to.list(&folder.parse()?)?.into_iter().filter(|listed| stage::is_added(&listed.key));
        there.extend(listed.map(|listed| (listed.key.to_string(), listed.length)));
    }
    let names = shown.names();
    let is_whole = |added: &Added| there.contains(&(added.key.to_string(), added.length));
    let whole = shown.added.iter().filter(|added| is_whole(added)).map(|added| added.key.to_string());
    let others = there.iter().map(|(name, _)| name.clone()).filter(|name| !names.contains(name.as_str()));
    record.files = whole.chain(others).collect();
    for (key, bytes) in &shown.entries {
        let is_it = to.read(key, record::MAXIMUM)?.is_some_and(|(there, _)| there == *bytes);
        if !is_it {
            record.entries.remove(key.as_str());
        }
    }
    Ok(())
}
