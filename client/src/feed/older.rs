//! An older generation that a person accepts, since the host has changed to another stage of the site's mirror.
//!
//! It is this one generation, once: what is older still is refused again afterwards. It has to be signed, believed
//! and not below what the vendor's anchor asks for, like every other.

use consign_metadata::name::{ChannelName, ProductId};
use jiff::Timestamp;

use super::accepted::{self, Acceptance};
use super::{FeedError, Fetch, Head, Kept, extension, keep, minimum};
use crate::engine::event::Person;
use crate::places::Places;
use crate::trust::Vendor;

/// A generation that a repository shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// Its number.
    pub generation: u64,
    /// Until when it is believed: what the head says, or the vendor's extension of it.
    pub believed_until: Timestamp,
}

/// What a repository shows now. Nothing of it is kept.
///
/// # Errors
/// [`FeedError`]
pub fn shown(vendor: &Vendor, channel: &ChannelName, now: Timestamp, fetch: &Fetch<'_>) -> Result<Shown, FeedError> {
    Head::fetch(vendor, channel, fetch).map(|head| of(vendor, &head, now, fetch))
}

fn of(vendor: &Vendor, head: &Head, now: Timestamp, fetch: &Fetch<'_>) -> Shown {
    let Head { feed, digest, .. } = head;
    let extended = match feed.expires < now {
        true => extension::fetched(vendor, &feed.channel, digest, fetch).ok().map(|(until, _)| until),
        false => None,
    };
    let believed_until = extended.map_or(feed.expires, |until| until.max(feed.expires));
    Shown { generation: feed.generation, believed_until }
}

/// What a person accepts of a channel.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// The channel.
    pub channel: &'a ChannelName,
    /// The generation that its repository has shown.
    pub generation: u64,
    /// Who.
    pub by: &'a Person,
}

/// Takes the generation that a repository shows now for the one that this host knows, with the shards of these
/// products, and writes down who wanted that. Where it is not older there is nothing to write down.
///
/// # Errors
/// [`FeedError`]; what this host knew is then still what it knows.
pub fn accept(
    places: &Places,
    vendor: &Vendor,
    wanted: &Wanted<'_>,
    products: &[ProductId],
    now: Timestamp,
    fetch: &Fetch<'_>,
) -> Result<Kept, FeedError> {
    let Wanted { channel, generation, by } = *wanted;
    let head = Head::fetch(vendor, channel, fetch)?;
    if head.feed.generation != generation {
        return Err(FeedError::Another { found: head.feed.generation, wanted: generation });
    }
    head.is_of(minimum(vendor, channel))?;
    let until = of(vendor, &head, now, fetch).believed_until;
    if until < now {
        return Err(FeedError::Expired(until));
    }
    let known = Kept::of(places, vendor, channel).ok().flatten().map(|kept| kept.feed.generation);
    if let Some(before) = known.filter(|known| *known > generation) {
        let channel = channel.clone();
        let acceptance = Acceptance { at: now, by: by.clone(), channel, before, after: generation };
        accepted::add(places, &vendor.anchor.vendor, acceptance)?;
    }
    keep(places, vendor, head, products, now, fetch)
}
