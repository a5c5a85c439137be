//! What a mirror shows, read at one moment, so that it may go on while that is pushed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use consign_metadata::digest::Sha256;
use consign_metadata::feed::{Feed, FileReference};
use consign_metadata::name::ChannelName;

use super::record::Generation;
use crate::mirror::holding::Holding;
use crate::mirror::reading::digest_of;
use crate::mirror::{Memory, Mirror, MirrorError, Pin, stage};
use crate::store::Key;
use crate::verify::{Scope, examine};

/// What a mirror shows.
pub struct Shown {
    /// Its channels.
    pub channels: BTreeMap<ChannelName, Generation>,
    /// What it has under names that never change.
    pub added: Vec<Added>,
    /// What is swapped, in the vendor's order.
    pub entries: Vec<(Key, Vec<u8>)>,
}

/// A file under a name that never changes.
pub struct Added {
    pub key: Key,
    /// Bytes.
    pub length: u64,
    /// What it has to be, where something that is signed says so.
    pub sha256: Option<Sha256>,
}

impl Shown {
    /// Reads and verifies it, as hosts will see it at this address.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn of(mirror: &Mirror, url: Option<&str>) -> Result<Self, MirrorError> {
        let (memory, holdings) = Holding::all(mirror)?;
        verified(mirror, &memory.pin, &holdings)?;
        let (added, mut swapped): (Vec<Key>, Vec<Key>) =
            stage::files(mirror, &memory)?.into_iter().partition(stage::is_added);
        swapped.sort_by_key(stage::rank);
        let mut entries = Vec::new();
        for key in swapped {
            let bytes = stage::content(mirror, &key, &holdings, url)?;
            entries.extend(bytes.map(|bytes| (key, bytes)));
        }
        let channels = generations(&memory, &holdings, &entries);
        let signed = signed(&holdings);
        let added = added.into_iter().map(|key| Added::of(mirror.folder(), key, &signed));
        Ok(Self { channels, added: added.collect::<Result<_, _>>()?, entries })
    }

    /// All names.
    pub fn names(&self) -> BTreeSet<&str> {
        let entries = self.entries.iter().map(|(key, _)| key);
        self.added.iter().map(|added| &added.key).chain(entries).map(Key::as_str).collect()
    }
}

impl Added {
    fn of(folder: &Path, key: Key, signed: &BTreeMap<&str, &FileReference>) -> Result<Self, MirrorError> {
        let path = folder.join(key.as_str());
        let on = |cause| MirrorError::Io { what: "look at", place: path.display().to_string(), cause };
        let length = std::fs::metadata(&path).map_err(on)?.len();
        let sha256 = signed.get(key.as_str()).map(|file| file.sha256).or_else(|| digest_of(&key));
        Ok(Self { key, length, sha256 })
    }
}

/// Nothing is pushed that hosts would refuse.
fn verified(mirror: &Mirror, pin: &Pin, holdings: &[(ChannelName, Holding)]) -> Result<(), MirrorError> {
    let trust = pin.trust()?;
    for (channel, holding) in holdings {
        let report = examine(mirror.store(), &trust, channel, holding.feed.issued, Scope::Packages(Vec::new()));
        let vendor = pin.vendor.to_string();
        let report = report.map_err(|cause| MirrorError::Certificate { vendor, cause })?;
        if !report.findings.is_empty() {
            let (channel, generation) = (channel.clone(), holding.feed.generation);
            let findings = report.findings.iter().map(ToString::to_string).collect();
            return Err(MirrorError::Refused { channel, generation, findings });
        }
    }
    Ok(())
}

fn generations(
    memory: &Memory,
    holdings: &[(ChannelName, Holding)],
    entries: &[(Key, Vec<u8>)],
) -> BTreeMap<ChannelName, Generation> {
    let generation = |(channel, holding): &(ChannelName, Holding)| {
        let path = Feed::path(channel);
        let head = entries.iter().find(|(key, _)| key.as_str() == path).map(|(_, bytes)| Sha256::of(bytes));
        let head = head.or_else(|| memory.channels.get(channel).map(|taken| taken.head))?;
        Some((channel.clone(), Generation { generation: holding.feed.generation, head }))
    };
    holdings.iter().filter_map(generation).collect()
}

/// What the indexes and the feed say of packages and plans.
fn signed(holdings: &[(ChannelName, Holding)]) -> BTreeMap<&str, &FileReference> {
    let plans = holdings.iter().flat_map(|(_, holding)| &holding.plans);
    let packages = holdings.iter().flat_map(|(_, holding)| holding.offers.iter().map(|offer| &offer.file));
    plans.chain(packages).map(|file| (file.path.as_str(), file)).collect()
}
