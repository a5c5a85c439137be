//! A channel on its way to the vendor's generation: asked for, verified, fetched, looked at, and swapped.

use std::time::Duration;

use consign_metadata::document::Role;
use consign_metadata::feed::{Feed, MAXIMUM_HEAD_SIZE};
use consign_metadata::name::ChannelName;
use consign_metadata::openpgp::VerifyError;
use jiff::Timestamp;

use super::edition::{self, Edition, Reader};
use super::entry::Entries;
use super::fetching::Fetching;
use super::medium::Ledger;
use super::memory::{Memory, Taken};
use super::offer::Offer;
use super::pin::Pin;
use super::staged::Staged;
use super::sync::{Outcome, Request};
use super::upstream::{Answer, Mark, Upstream};
use super::vetting::{self, Introduced, Vetting};
use super::{FUTURE, Listener, Mirror, MirrorError, Progress};
use crate::feed::{self, Changes, MAXIMUM_CHANGES_SIZE};
use crate::store::{Key, Source, StoreError, Swap};
use crate::verify::{Scope, examine};

/// How often a repository is read again that is between two generations.
const READINGS: u32 = 4;
/// Older than this, an unfinished file has no writer any more.
const GRACE: Duration = Duration::from_secs(24 * 3600);

/// A channel on its way to the vendor's generation.
pub struct Passage<'a> {
    pub mirror: &'a Mirror,
    pub upstream: &'a Upstream,
    pub request: &'a Request,
    pub listener: Listener<'a>,
    pub channel: &'a ChannelName,
}

/// A head, verified.
struct Head {
    bytes: Vec<u8>,
    feed: Feed,
    mark: Mark,
    pin: Pin,
}

impl Passage<'_> {
    /// Takes the generation that the vendor shows, unless it is here.
    ///
    /// # Errors
    /// [`MirrorError`]; hosts then see what they saw before.
    pub fn run(&self, memory: &mut Memory) -> Result<Outcome, MirrorError> {
        let mut attempt = 1;
        loop {
            match self.attempt(memory).and_then(|outcome| self.extended(outcome, &memory.pin)) {
                Err(MirrorError::Mixed { .. }) if attempt < READINGS => {
                    std::thread::sleep(self.upstream.manner.pause_before(attempt));
                    attempt += 1;
                }
                other => return other,
            }
        }
    }

    fn attempt(&self, memory: &mut Memory) -> Result<Outcome, MirrorError> {
        let taken = memory.channels.get(self.channel).cloned();
        // What was taken otherwise, or may be damaged, is read again.
        let settled = taken.as_ref().filter(|taken| !taken.again && !self.request.check);
        let mark = settled.map(|taken| taken.mark.clone()).unwrap_or_default();
        let key: Key = Feed::path(self.channel).parse()?;
        (self.listener)(Progress::Reading);
        let now = Timestamp::now();
        let (bytes, mark) = match self.upstream.ask(&key, MAXIMUM_HEAD_SIZE, &mark)? {
            Answer::File(bytes, mark) => (bytes, mark),
            Answer::Unchanged => return self.unchanged(memory, now),
            Answer::Missing => {
                let (channel, upstream) = (self.channel.clone(), self.upstream.root().to_owned());
                return Err(MirrorError::NoChannel { channel, upstream });
            }
        };
        let head = self.verified(bytes, mark, &memory.pin)?;
        self.moves_on(&head, taken.as_ref(), now)?;
        // Of a server that knows no conditions.
        if settled.is_some_and(|taken| taken.head == edition::digest(&head.bytes)) {
            let outcome = self.unchanged(memory, now)?;
            self.remember(memory, &head, now);
            return Ok(outcome);
        }
        self.take(memory, &head, taken.as_ref(), now)
    }

    /// Whoever asks knows that there is nothing newer.
    fn unchanged(&self, memory: &mut Memory, now: Timestamp) -> Result<Outcome, MirrorError> {
        let keys = memory.pin.keyring(Role::Index)?;
        let here = feed::head(self.mirror.store(), &memory.pin.vendor, self.channel, &keys);
        let expires = here.ok().flatten().map(|head| head.feed.expires);
        let partial = !memory.selection.is_everything();
        let taken = memory.channels.get_mut(self.channel).ok_or_else(|| MirrorError::NoChannel {
            channel: self.channel.clone(),
            upstream: self.upstream.root().to_owned(),
        })?;
        taken.asked = self.upstream.asked(self.channel).map_or(now, |asked| asked.max(taken.asked));
        let (channel, generation) = (self.channel.clone(), taken.generation);
        let before = Some(generation);
        let (unmet, swapped) = (Vec::new(), Vec::new());
        Ok(Outcome { channel, generation, before, expires, changed: false, partial, unmet, fetched: 0, swapped })
    }

    /// By the keys that are known, by those that were given, or by those that the primary key vouches for.
    fn verified(&self, bytes: Vec<u8>, mark: Mark, known: &Pin) -> Result<Head, MirrorError> {
        let given = self.request.pin.iter().filter(|given| *given != known);
        for pin in [known].into_iter().chain(given) {
            if let Some(head) = self.verified_by(&bytes, &mark, pin)? {
                return Ok(head);
            }
        }
        let pin = known.reintroduced(self.upstream)?;
        let upstream = self.upstream.root().to_owned();
        let cause = "its feed is signed by none of the keys of today".to_owned();
        self.verified_by(&bytes, &mark, &pin)?.ok_or(MirrorError::Keys { upstream, cause })
    }

    fn verified_by(&self, bytes: &[u8], mark: &Mark, pin: &Pin) -> Result<Option<Head>, MirrorError> {
        let verified = match pin.keyring(Role::Index)?.verify_message(bytes, MAXIMUM_HEAD_SIZE) {
            Err(VerifyError::Signature { .. }) => return Ok(None),
            other => other.map_err(|cause| feed::FeedError::Signature { place: Feed::path(self.channel), cause })?,
        };
        let feed = Feed::parse(&verified.bytes, &pin.vendor, self.channel);
        let feed = feed.map_err(|cause| feed::FeedError::document(Feed::path(self.channel), cause))?;
        Ok(Some(Head { bytes: bytes.to_vec(), feed, mark: mark.clone(), pin: pin.clone() }))
    }

    /// Never back, never two of one number, never from the future.
    fn moves_on(&self, head: &Head, taken: Option<&Taken>, now: Timestamp) -> Result<(), MirrorError> {
        let (channel, found) = (self.channel.clone(), head.feed.generation);
        // The feed that hosts see counts even if somebody deleted what the mirror knows of itself.
        let keys = head.pin.keyring(Role::Index)?;
        let here = feed::head(self.mirror.store(), &head.pin.vendor, self.channel, &keys).ok().flatten();
        let visible = here.as_ref().map_or(0, |here| here.feed.generation);
        let least = head.pin.minimum_generation.get(self.channel).copied().unwrap_or_default();
        let here = visible.max(taken.map_or(0, |taken| taken.generation)).max(least);
        if found < here {
            return Err(MirrorError::WentBack { channel, found, here });
        }
        let other = |taken: &&Taken| taken.generation == found && taken.head != edition::digest(&head.bytes);
        if taken.filter(other).is_some() {
            return Err(MirrorError::Fork { channel, generation: found });
        }
        let issued = head.feed.issued;
        if issued.duration_since(now) > FUTURE {
            return Err(MirrorError::Future { channel, generation: found, issued, now });
        }
        Ok(())
    }

    /// Everything that is missing, then what hosts see.
    fn take(
        &self,
        memory: &mut Memory,
        head: &Head,
        taken: Option<&Taken>,
        now: Timestamp,
    ) -> Result<Outcome, MirrorError> {
        let (store, channel, feed) = (self.mirror.store(), self.channel, &head.feed);
        let index_keys = head.pin.keyring(Role::Index)?;
        let (changes, packed) = self.changes(feed)?.unzip();
        let changes = &changes.unwrap_or_default();
        let reader = Reader { upstream: self.upstream, store, channel, index_keys: &index_keys, feed, changes };
        let edition = reader.read()?;
        self.take_plans(&edition, changes)?;
        let (fetched, introduced) = self.fetch(memory, head, &edition)?;
        self.mirror.add_all(edition.additions.iter().map(|(key, bytes)| (key, &**bytes)))?;
        let url = memory.url.as_deref();
        let changes = packed.as_deref();
        let entries = Entries { upstream: self.upstream, store, channel, pin: &head.pin, url, changes };
        let swaps = entries.of(&edition, &head.bytes)?;
        self.examined(head, &swaps)?;
        if !swaps.is_empty() {
            store.settle()?;
        }
        for swap in &swaps {
            store.replace(&swap.key, swap.replaces.as_ref(), &swap.bytes)?;
        }
        memory.pin = introduced.as_ref().map_or_else(|| head.pin.clone(), |introduced| head.pin.renewed(introduced));
        self.note(memory, head, &edition)?;
        self.remember(memory, head, now);
        memory.save(self.mirror.folder())?;
        self.tidy()?;
        Ok(Outcome {
            channel: channel.clone(),
            generation: feed.generation,
            before: taken.map(|taken| taken.generation),
            expires: Some(feed.expires),
            changed: fetched > 0 || !swaps.is_empty(),
            partial: !memory.selection.is_everything(),
            unmet: memory.selection.unmet(edition.offers.iter()),
            fetched,
            swapped: swaps.into_iter().map(|swap| swap.key.to_string()).collect(),
        })
    }

    /// What the vendor has put together of this generation, if it has; that of another one helps nobody.
    fn changes(&self, feed: &Feed) -> Result<Option<(Changes, Vec<u8>)>, MirrorError> {
        let key: Key = Changes::path(self.channel).parse()?;
        let read = match self.upstream.read(&key, MAXIMUM_CHANGES_SIZE) {
            Err(StoreError::TooLarge { .. }) => None,
            other => other?,
        };
        let Some((bytes, _)) = read else { return Ok(None) };
        let changes = Changes::unpack(&bytes).ok();
        let is_current = |changes: &Changes| feed.entry_points.current.iter().all(|file| changes.has(file));
        Ok(changes.filter(is_current).map(|changes| (changes, bytes)))
    }

    /// Plans that came along get their place; the others are fetched.
    fn take_plans(&self, edition: &Edition, changes: &Changes) -> Result<(), MirrorError> {
        let came = edition.plans.iter().filter(|file| changes.has(file));
        let keys = came.map(|file| file.path.parse()).collect::<Result<Vec<Key>, _>>()?;
        self.mirror.add_all(keys.iter().filter_map(|key| Some((key, changes.get(key)?))))
    }

    /// Fetches plans and packages; those first that say who may sign the agent.
    fn fetch(
        &self,
        memory: &Memory,
        head: &Head,
        edition: &Edition,
    ) -> Result<(usize, Option<Introduced>), MirrorError> {
        let name = format!("{}-release", head.pin.vendor);
        let parts = self.mirror.parts();
        let fetching = Fetching {
            upstream: self.upstream,
            store: self.mirror.store(),
            parts: &parts,
            listener: self.listener,
            check: self.request.check,
        };
        let wanted = edition.wanted(|offer| offer.name == name || memory.selection.takes(offer));
        let missing = fetching.missing(wanted)?;
        let needed = fetching.bytes(&missing);
        if let Some(room) = self.mirror.store().room().filter(|room| *room < needed) {
            return Err(MirrorError::NoRoom { needed, room });
        }
        (self.listener)(Progress::Fetching { files: missing.len(), bytes: needed });
        let is_introduction = |package: &Offer| package.name == name;
        let fetched = missing.len();
        let (introductions, others): (Vec<_>, Vec<_>) =
            missing.into_iter().partition(|wanted| wanted.package.as_ref().is_some_and(is_introduction));
        let mut vetting = Vetting::new(&head.pin.trust()?)?;
        fetching.run(&introductions, &|wanted, arrival| vetting.look(wanted, arrival))?;
        let mut known = None;
        for extension in ["msi", "rpm", "deb"] {
            let Some(newest) = edition.offers.introduction(&name, extension) else { continue };
            let store = self.mirror.store();
            let introduced = vetting::introduced(store, &head.pin.vendor, newest, vetting.package_keys())?;
            let Some(introduced) = introduced else { continue };
            vetting.knows(extension, &introduced);
            known = Some(introduced);
        }
        fetching.run(&others, &|wanted, arrival| vetting.look(wanted, arrival))?;
        Ok((fetched, known))
    }

    /// As hosts will see it, as of the day it was made: what has expired is the vendor's to renew.
    fn examined(&self, head: &Head, swaps: &[Swap]) -> Result<(), MirrorError> {
        (self.listener)(Progress::Checking);
        let staged = Staged::new(self.mirror.store(), swaps);
        let trust = head.pin.trust()?;
        let report = examine(&staged, &trust, self.channel, head.feed.issued, Scope::Packages(Vec::new()));
        let vendor = head.pin.vendor.to_string();
        let report = report.map_err(|cause| MirrorError::Certificate { vendor, cause })?;
        if report.findings.is_empty() {
            return Ok(());
        }
        let findings = report.findings.iter().map(ToString::to_string).collect();
        Err(MirrorError::Refused { channel: self.channel.clone(), generation: head.feed.generation, findings })
    }

    /// For sites that will have this generation from here.
    fn note(&self, memory: &Memory, head: &Head, edition: &Edition) -> Result<(), MirrorError> {
        let wanted = edition.wanted(|offer| memory.selection.takes(offer));
        let paths = wanted.iter().map(|wanted| wanted.file.path.as_str());
        let generation = (head.feed.generation, edition::digest(&head.bytes));
        Ledger::load(self.mirror)?.note(self.mirror, self.channel, generation, paths)
    }

    fn remember(&self, memory: &mut Memory, head: &Head, now: Timestamp) {
        let digest = edition::digest(&head.bytes);
        let before = memory.channels.get(self.channel).filter(|taken| taken.head == digest);
        let taken = Taken {
            generation: head.feed.generation,
            head: digest,
            taken: before.map_or(now, |before| before.taken),
            asked: self.upstream.asked(self.channel).unwrap_or(now),
            again: false,
            mark: head.mark.clone(),
        };
        memory.channels.insert(self.channel.clone(), taken);
    }

    /// Parts that nobody finishes any more, and what was killed in the middle of a file.
    fn tidy(&self) -> Result<(), MirrorError> {
        self.mirror.forget_parts()?;
        Ok(self.mirror.store().sweep(GRACE).map(drop)?)
    }
}
