//! The vendor's word that a head is believed for longer than it says itself. Asked for only where it has expired.

use std::path::Path;

use consign_metadata::digest::Sha256;
use consign_metadata::feed::{Extension, MAXIMUM_EXTENSION_SIZE};
use consign_metadata::name::ChannelName;
use jiff::Timestamp;

use super::{FeedError, Fetch, bytes_of, write};
use crate::trust::Vendor;

const NAME: &str = "extension.pgp";

/// Until when the head with this digest is believed, by the extension on this host. One that does not verify, or
/// speaks of another head, is as good as none.
pub(super) fn kept(vendor: &Vendor, channel: &ChannelName, head: &Sha256, folder: &Path) -> Option<Timestamp> {
    let signed = std::fs::read(folder.join(NAME)).ok()?;
    verify(vendor, channel, &signed).ok()?.of_head(head)
}

/// Fetches that of a channel, and keeps it where it speaks of the head with this digest.
///
/// # Errors
/// [`FeedError`]; what was kept before is then still there.
pub(super) fn update(
    vendor: &Vendor,
    channel: &ChannelName,
    head: &Sha256,
    folder: &Path,
    fetch: &Fetch<'_>,
) -> Result<(), FeedError> {
    let (_, signed) = fetched(vendor, channel, head, fetch)?;
    write(&folder.join(NAME), &signed)
}

/// Until when the head with this digest is believed, by the extension that a repository shows, and its bytes.
///
/// # Errors
/// [`FeedError`]
pub(super) fn fetched(
    vendor: &Vendor,
    channel: &ChannelName,
    head: &Sha256,
    fetch: &Fetch<'_>,
) -> Result<(Timestamp, Vec<u8>), FeedError> {
    let path = Extension::path(channel);
    let signed = fetch(&path, MAXIMUM_EXTENSION_SIZE).map_err(FeedError::Fetch)?;
    let until = verify(vendor, channel, &signed)?.of_head(head);
    let until = until.ok_or_else(|| FeedError::Fetch(format!("{path} speaks of another generation")))?;
    Ok((until, signed))
}

fn verify(vendor: &Vendor, channel: &ChannelName, signed: &[u8]) -> Result<Extension, FeedError> {
    let bytes = bytes_of(vendor, signed, MAXIMUM_EXTENSION_SIZE)?;
    Extension::parse(&bytes, &vendor.anchor.vendor, channel).map_err(FeedError::Document)
}
