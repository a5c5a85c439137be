//! The feed that a channel has now, read as a host reads it.

use consign_metadata::digest::Sha256;
use consign_metadata::feed::{Feed, FileReference, MAXIMUM_HEAD_SIZE, MAXIMUM_SHARD_SIZE, Shard};
use consign_metadata::name::{ChannelName, ProductId, VendorName};
use consign_metadata::openpgp::Keyring;

use super::FeedError;
use crate::store::{Key, Source, Stamp, StoreError};

/// A verified head.
#[derive(Debug, Clone)]
pub struct Head {
    /// What it says.
    pub feed: Feed,
    /// Digest of its verified bytes.
    pub digest: Sha256,
    /// The mark by which it may be replaced.
    pub stamp: Stamp,
}

/// Where the head of a channel is.
///
/// # Errors
/// [`StoreError::Name`]
pub fn head_key(channel: &ChannelName) -> Result<Key, StoreError> {
    Feed::path(channel).parse()
}

/// Reads and verifies the head of a channel; `None` when there is none.
///
/// # Errors
/// [`FeedError`]
pub fn head(
    source: &dyn Source,
    vendor: &VendorName,
    channel: &ChannelName,
    keyring: &Keyring,
) -> Result<Option<Head>, FeedError> {
    let key = head_key(channel)?;
    let Some((message, stamp)) = source.read(&key, MAXIMUM_HEAD_SIZE)? else { return Ok(None) };
    let verified = keyring.verify_message(&message, MAXIMUM_HEAD_SIZE);
    let verified = verified.map_err(|cause| FeedError::Signature { place: key.to_string(), cause })?;
    let feed = Feed::parse(&verified.bytes, vendor, channel);
    let feed = feed.map_err(|cause| FeedError::document(&key, cause))?;
    Ok(Some(Head { feed, digest: verified.digest, stamp }))
}

/// Reads the shard that a head names.
///
/// # Errors
/// [`FeedError`]
pub fn shard(source: &dyn Source, id: &ProductId, file: &FileReference) -> Result<Shard, FeedError> {
    if file.path != Shard::path(&file.sha256) {
        return Err(FeedError::damaged(&file.path, "a shard has its digest for a name"));
    }
    let key: Key = file.path.parse()?;
    let (bytes, _) = source
        .read(&key, MAXIMUM_SHARD_SIZE)?
        .ok_or_else(|| FeedError::damaged(&key, "it is not there, although the feed names it"))?;
    if Sha256::of(&bytes) != file.sha256 || bytes.len() as u64 != file.size {
        return Err(FeedError::damaged(&key, "its content is not what the feed says"));
    }
    Shard::parse(&bytes, id).map_err(|cause| FeedError::document(&key, cause))
}
