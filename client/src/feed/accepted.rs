//! `accepted.json`: the older generations that people have accepted, and who it was. It only grows.

use std::io;
use std::path::PathBuf;

use consign_metadata::name::{ChannelName, VendorName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{FeedError, write};
use crate::durable;
use crate::engine::event::Person;
use crate::places::Places;

const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    format: u32,
    accepted: Vec<Acceptance>,
}

/// An older generation that a person took for the one to go by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// When, by the host's clock.
    pub at: Timestamp,
    /// Who.
    pub by: Person,
    /// Of which channel.
    pub channel: ChannelName,
    /// The generation that the host knew.
    pub before: u64,
    /// The one that it went by afterwards.
    pub after: u64,
}

/// All of a vendor's, oldest first.
///
/// # Errors
/// When they are there and cannot be read.
pub fn all(places: &Places, vendor: &VendorName) -> io::Result<Vec<Acceptance>> {
    let kept: Option<Kept> = durable::read(&file(places, vendor), FORMAT, |kept: &Kept| kept.format)?;
    Ok(kept.map(|kept| kept.accepted).unwrap_or_default())
}

/// One more.
///
/// # Errors
/// When those before cannot be read, or it cannot be written.
pub(super) fn add(places: &Places, vendor: &VendorName, acceptance: Acceptance) -> Result<(), FeedError> {
    let path = file(places, vendor);
    let read = |cause| FeedError::Io { action: "read", path: path.clone(), cause };
    let mut accepted = all(places, vendor).map_err(read)?;
    accepted.push(acceptance);
    let text = serde_json::to_vec_pretty(&Kept { format: FORMAT, accepted });
    write(&path, &text.map_err(|cause| read(io::Error::other(cause)))?)
}

fn file(places: &Places, vendor: &VendorName) -> PathBuf {
    places.feed(vendor).join("accepted.json")
}
