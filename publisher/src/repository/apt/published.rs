//! What a channel offers now, read as a client reads it: nothing is parsed before it is verified.

use std::collections::BTreeSet;

use consign_metadata::digest::Sha256;
use consign_metadata::feed::FileReference;
use consign_metadata::name::ChannelName;
use consign_metadata::openpgp::Keyring;

use super::index::{self, Stanza};
use super::layout::{self, Layout};
use super::release::ReleaseFile;
use crate::repository::{RepositoryError, gzip};
use crate::store::{Key, Source, Stamp};

/// apt's own limit (`Acquire::MaxReleaseFileSize`).
pub const MAXIMUM_RELEASE: u64 = 10_000_000;
/// A compressed index; ten thousand packages are about 1.5 MB.
pub const MAXIMUM_INDEX: u64 = 64 * 1024 * 1024;
const CLEARTEXT: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----\n";

/// A verified `InRelease`.
#[derive(Debug, Clone)]
pub struct Entrance {
    /// What it says.
    pub release: ReleaseFile,
    /// The file.
    pub file: FileReference,
    /// The mark by which it may be replaced.
    pub stamp: Stamp,
}

/// Reads and verifies the `InRelease` of a channel; `None` when there is none.
///
/// # Errors
/// [`RepositoryError`]
pub fn entrance(
    source: &dyn Source,
    channel: &ChannelName,
    keyring: &Keyring,
) -> Result<Option<Entrance>, RepositoryError> {
    let key = Layout::of(channel).file("InRelease")?;
    let Some((bytes, stamp)) = source.read(&key, MAXIMUM_RELEASE)? else { return Ok(None) };
    if !is_cleartext(&bytes) {
        return Err(RepositoryError::damaged(key, "it is not one cleartext-signed message and nothing else"));
    }
    let verified = keyring.verify_message(&bytes, MAXIMUM_RELEASE);
    let verified = verified.map_err(|cause| RepositoryError::Signature { place: key.to_string(), cause })?;
    let text = String::from_utf8(verified.bytes).map_err(|_| RepositoryError::damaged(&key, "it is not UTF-8"))?;
    let release = ReleaseFile::parse(&text).map_err(|reason| RepositoryError::damaged(&key, reason))?;
    if release.suite != *channel {
        return Err(RepositoryError::damaged(&key, format!("it is the entry point of {}", release.suite)));
    }
    let file = FileReference { path: key.to_string(), size: bytes.len() as u64, sha256: Sha256::of(&bytes) };
    Ok(Some(Entrance { release, file, stamp }))
}

/// Whether it is one cleartext-signed message and nothing else. As apt: unsigned text around the message could be
/// taken for part of it.
pub fn is_cleartext(bytes: &[u8]) -> bool {
    bytes.starts_with(CLEARTEXT) && bytes.trim_ascii_end().ends_with(b"-----END PGP SIGNATURE-----")
}

/// Reads the index of an architecture under the name of its content.
///
/// # Errors
/// [`RepositoryError`]
pub fn packages(
    source: &dyn Source,
    channel: &ChannelName,
    release: &ReleaseFile,
    architecture: &str,
) -> Result<Vec<Stanza>, RepositoryError> {
    more_packages(source, channel, release, architecture, &mut BTreeSet::new())
}

/// The same, but nothing of an index that was read for another architecture: where all packages are of `all`,
/// every architecture has the same.
///
/// # Errors
/// [`RepositoryError`]
pub fn more_packages(
    source: &dyn Source,
    channel: &ChannelName,
    release: &ReleaseFile,
    architecture: &str,
    read: &mut BTreeSet<Sha256>,
) -> Result<Vec<Stanza>, RepositoryError> {
    let (key, digest, bytes) = packed(source, channel, release, architecture)?;
    if !read.insert(digest) {
        return Ok(Vec::new());
    }
    let text = gzip::unpack(&bytes).map_err(|cause| RepositoryError::damaged(&key, cause))?;
    index::parse(&text).map_err(|reason| RepositoryError::damaged(&key, reason))
}

/// The index of an architecture as it is served, verified.
fn packed(
    source: &dyn Source,
    channel: &ChannelName,
    release: &ReleaseFile,
    architecture: &str,
) -> Result<(Key, Sha256, Vec<u8>), RepositoryError> {
    let name = format!("{}.gz", layout::packages(architecture));
    let listed = release.indexes.get(&name);
    let listed = listed.ok_or_else(|| RepositoryError::damaged(&name, "the release does not list it"))?;
    let key = Layout::of(channel).by_hash(architecture, &listed.sha256)?;
    let (bytes, _) = source
        .read(&key, listed.size.min(MAXIMUM_INDEX))?
        .ok_or_else(|| RepositoryError::damaged(&key, "it is not there, although the release names it"))?;
    if Sha256::of(&bytes) != listed.sha256 {
        return Err(RepositoryError::damaged(&key, "its content is not what its name says"));
    }
    Ok((key, listed.sha256, bytes))
}
