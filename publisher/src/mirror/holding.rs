//! What a mirror holds of a channel: the generation that hosts see, verified as they verify it.

use std::collections::BTreeSet;

use consign_metadata::document::Role;
use consign_metadata::feed::{Feed, FileReference};
use consign_metadata::name::{ChannelName, ProductId};
use jiff::Timestamp;

use super::offer::Offers;
use super::pin::Pin;
use super::{Memory, Mirror, MirrorError};
use crate::feed;
use crate::repository::{RepositoryError, apt, windows, yum};
use crate::store::{Key, Source};

/// A channel as hosts see it.
pub struct Holding {
    /// Its feed.
    pub feed: Feed,
    /// Until when hosts believe it.
    pub believed_until: Timestamp,
    /// Everything that it offers, carried or not.
    pub offers: Offers,
    /// Plans.
    pub plans: Vec<FileReference>,
    /// Indexes under the names of their content, and shards.
    pub indexes: BTreeSet<String>,
    /// The folder of its generation of yum.
    pub generation: Option<String>,
}

impl Holding {
    /// Reads a channel of a mirror; `None` where hosts see nothing of it yet.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn of(store: &dyn Source, pin: &Pin, channel: &ChannelName) -> Result<Option<Self>, MirrorError> {
        let keys = pin.keyring(Role::Index)?;
        let Some(head) = feed::head(store, &pin.vendor, channel, &keys)? else { return Ok(None) };
        let believed_until = feed::believed_until(store, &head, &keys)?;
        let (mut offers, mut plans, mut indexes) = (Offers::default(), Vec::new(), BTreeSet::new());
        if let Some(entrance) = apt::entrance(store, channel, &keys)? {
            let mut read = BTreeSet::new();
            for architecture in &entrance.release.architectures {
                let listed = apt::more_packages(store, channel, &entrance.release, architecture, &mut read)?;
                listed.into_iter().try_for_each(|stanza| offers.add(stanza.into()))?;
                let name = format!("{}/binary-{architecture}/Packages.gz", apt::COMPONENT);
                if let Some(index) = entrance.release.indexes.get(&name) {
                    indexes.insert(apt::Layout::of(channel).by_hash(architecture, &index.sha256)?.to_string());
                }
            }
        }
        let generation = named_generation(&head.feed, channel);
        if let Some(generation) = &generation {
            let entrance = yum::entrance_of(store, channel, generation, &keys)?;
            let contents = yum::contents(store, channel, &entrance)?;
            contents.entries.into_iter().try_for_each(|entry| offers.add(entry.into()))?;
        }
        for (product, file) in &head.feed.shards {
            let id = ProductId { vendor: pin.vendor.clone(), product: product.clone() };
            let shard = feed::shard(store, &id, file)?;
            offers.releases(&shard)?;
            plans.extend(shard.releases.into_iter().map(|release| release.plan_file));
            indexes.insert(file.path.clone());
        }
        for package in windows::index(store, &head.feed)?.iter().flat_map(|index| &index.packages) {
            offers.for_windows(package)?;
        }
        indexes.extend(head.feed.windows_index().map(|file| file.path.clone()));
        Ok(Some(Self { feed: head.feed, believed_until, offers, plans, indexes, generation }))
    }

    /// All channels of a mirror, and what it knows of itself.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn all(mirror: &Mirror) -> Result<(Memory, Vec<(ChannelName, Self)>), MirrorError> {
        let memory = Memory::load(mirror.folder())?.ok_or_else(|| mirror.is_none())?;
        let mut holdings = Vec::new();
        for channel in memory.channels.keys() {
            let holding = Self::of(mirror.store(), &memory.pin, channel)?;
            let gone = || RepositoryError::damaged(Feed::path(channel), "it was there and is gone");
            holdings.push((channel.clone(), holding.ok_or_else(gone)?));
        }
        Ok((memory, holdings))
    }
}

/// The folder of yum that a head names.
pub fn named_generation(feed: &Feed, channel: &ChannelName) -> Option<String> {
    let layout = yum::Layout::of(channel);
    feed.entry_points.current.iter().find_map(|file| {
        let key: Key = file.path.parse().ok()?;
        layout.generation_of(&key).map(str::to_owned)
    })
}
