//! What a mirror remembers of the generations that it has carried: `.consign/ledger.json`, which no host reads.
//!
//! Of each file it says in which generation it was first carried. A site that has a generation, whole, has what
//! was carried before.

use std::collections::BTreeMap;

use consign_metadata::digest::Sha256;
use consign_metadata::name::ChannelName;
use serde::{Deserialize, Serialize};

use crate::mirror::{Mirror, MirrorError, own_file};

const FORMAT: u32 = 1;
const FILE: &str = "ledger.json";

/// What a mirror remembers of generations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    format: u32,
    channels: BTreeMap<ChannelName, Past>,
}

/// Of one channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Past {
    /// The digests of the heads of generations.
    pub generations: BTreeMap<u64, Sha256>,
    /// Since which generation a file is carried, by its name.
    pub since: BTreeMap<String, u64>,
}

impl Ledger {
    /// Reads that of a mirror.
    ///
    /// # Errors
    /// [`MirrorError::Io`], [`MirrorError::Folder`]
    pub fn load(mirror: &Mirror) -> Result<Self, MirrorError> {
        let known = own_file::load(mirror.folder(), FILE, FORMAT)?;
        Ok(known.unwrap_or_else(|| Self { format: FORMAT, channels: BTreeMap::new() }))
    }

    /// Of a channel.
    pub fn of(&self, channel: &ChannelName) -> Past {
        self.channels.get(channel).cloned().unwrap_or_default()
    }

    /// Notes what is carried of a generation; durable when it returns.
    ///
    /// # Errors
    /// [`MirrorError::Io`]
    pub fn note<'a>(
        &mut self,
        mirror: &Mirror,
        channel: &ChannelName,
        (generation, head): (u64, Sha256),
        carried: impl Iterator<Item = &'a str>,
    ) -> Result<(), MirrorError> {
        let past = self.of(channel).with(generation, head, carried);
        if self.channels.insert(channel.clone(), past.clone()) == Some(past) {
            return Ok(());
        }
        own_file::save(mirror.folder(), FILE, self)
    }
}

impl Past {
    fn with<'a>(mut self, generation: u64, head: Sha256, carried: impl Iterator<Item = &'a str>) -> Self {
        let is_known = self.generations.insert(generation, head).is_some();
        // Somebody may have left with this generation before more of it was carried.
        let first = if is_known { generation + 1 } else { generation };
        let since = carried.map(|path| (path.to_owned(), self.since.get(path).copied().unwrap_or(first)));
        self.since = since.collect();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_carried_later_is_not_taken_for_what_was_carried_before() {
        let head = |n: u64| Sha256::of(&n.to_be_bytes());
        let past = Past::default().with(7, head(7), ["a"].into_iter());
        // More is carried of the same generation.
        let past = past.with(7, head(7), ["a", "b"].into_iter());
        let past = past.with(9, head(9), ["a", "b", "c"].into_iter());
        let since = |past: &Past, name: &str| past.since.get(name).copied();
        assert_eq!(["a", "b", "c"].map(|name| since(&past, name)), [Some(7), Some(8), Some(9)]);
        // What was not carried for a while is new to who was here meanwhile.
        let past = past.with(10, head(10), ["b"].into_iter()).with(11, head(11), ["a", "b"].into_iter());
        assert_eq!(["a", "b", "c"].map(|name| since(&past, name)), [Some(11), Some(8), None]);
        assert_eq!(past.generations.keys().copied().collect::<Vec<_>>(), [7, 9, 10, 11]);
    }
}
