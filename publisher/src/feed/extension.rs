//! A longer life for the head that a channel has now, signed by the vendor for a site that cannot ask.

use consign_metadata::document::{Kind, Role};
use consign_metadata::feed::{Extension, FORMAT, MAXIMUM_EXTENSION_SIZE};
use consign_metadata::name::{ChannelName, VendorName};
use consign_metadata::openpgp::Keyring;
use jiff::{SignedDuration, Timestamp};

use super::published::Head;
use super::{FeedError, head};
use crate::sign::OpenPgpSigner;
use crate::store::{Key, Source, Store};
use crate::trust::Trust;

/// Reads and verifies the extension of a channel, whatever head it speaks of; `None` when there is none.
///
/// # Errors
/// [`FeedError`]
pub fn extension(
    source: &dyn Source,
    vendor: &VendorName,
    channel: &ChannelName,
    keyring: &Keyring,
) -> Result<Option<Extension>, FeedError> {
    let key: Key = Extension::path(channel).parse()?;
    let Some((message, _)) = source.read(&key, MAXIMUM_EXTENSION_SIZE)? else { return Ok(None) };
    verified(&message, vendor, channel, keyring).map(Some)
}

/// Verifies one, whatever head it speaks of.
///
/// # Errors
/// [`FeedError::Signature`], [`FeedError::Document`], [`FeedError::Newer`]
pub fn verified(
    message: &[u8],
    vendor: &VendorName,
    channel: &ChannelName,
    keyring: &Keyring,
) -> Result<Extension, FeedError> {
    let place = Extension::path(channel);
    let verified = keyring.verify_message(message, MAXIMUM_EXTENSION_SIZE);
    let verified = verified.map_err(|cause| FeedError::Signature { place: place.clone(), cause })?;
    Extension::parse(&verified.bytes, vendor, channel).map_err(|cause| FeedError::document(&place, cause))
}

/// Until when hosts believe a head: what it says itself, or an extension of it. One that cannot be believed is as
/// good as none.
///
/// # Errors
/// [`FeedError::Store`]
pub fn believed_until(source: &dyn Source, head: &Head, keyring: &Keyring) -> Result<Timestamp, FeedError> {
    let found = match extension(source, &head.feed.vendor, &head.feed.channel, keyring) {
        Err(FeedError::Store(cause)) => return Err(cause.into()),
        found => found.ok().flatten(),
    };
    let extended = found.and_then(|extension| extension.of_head(&head.digest));
    Ok(extended.map_or(head.feed.expires, |until| until.max(head.feed.expires)))
}

/// Signs one for the head that is there, and puts it beside it.
///
/// # Errors
/// [`FeedError`]; [`FeedError::NotThere`] when there is no head.
pub fn extend(
    store: &dyn Store,
    trust: &Trust,
    channel: &ChannelName,
    signer: &dyn OpenPgpSigner,
    (now, valid_for): (Timestamp, SignedDuration),
) -> Result<Extension, FeedError> {
    let (vendor, keyring) = (&trust.roles.vendor, trust.keyring(Role::Index));
    let place = Extension::path(channel);
    let keyring = keyring.map_err(|cause| FeedError::Signature { place: "the certificate".to_owned(), cause })?;
    let found = head(store, vendor, channel, &keyring)?;
    let Head { feed, digest, .. } = found.ok_or_else(|| FeedError::NotThere { channel: channel.clone() })?;
    let seconds = |time: Timestamp| Timestamp::from_second(time.as_second()).unwrap_or(time);
    let extension = Extension {
        kind: Kind::Extension,
        format: FORMAT,
        vendor: vendor.clone(),
        channel: channel.clone(),
        generation: feed.generation,
        head: digest,
        issued: seconds(now),
        expires: seconds(now.checked_add(valid_for).unwrap_or(Timestamp::MAX)),
    };
    let bytes = serde_json::to_vec(&extension).map_err(|e| FeedError::damaged(&place, e))?;
    // One that cannot be read any more is replaced like any other.
    let there = store.read(&place.parse()?, MAXIMUM_EXTENSION_SIZE)?.map(|(_, stamp)| stamp);
    store.replace(&place.parse()?, there.as_ref(), &signer.message(&bytes)?)?;
    Ok(extension)
}
