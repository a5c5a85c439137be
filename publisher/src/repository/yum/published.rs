//! What a channel offers now, read as a client reads it: nothing is parsed before it is verified.

use std::collections::BTreeMap;

use consign_metadata::anchor::Fingerprint;
use consign_metadata::digest::Sha256;
use consign_metadata::feed::FileReference;
use consign_metadata::name::ChannelName;
use consign_metadata::openpgp::Keyring;

use super::advisory;
use super::entry::{self, Entry};
use super::layout::{Layout, REPOMD, SIGNATURE};
use super::repomd::Repomd;
use crate::repository::{RepositoryError, gzip};
use crate::store::{Key, Source};

const MAXIMUM_LIST: u64 = 4096;
/// Far above the few documents that are listed.
const MAXIMUM_REPOMD: u64 = 1024 * 1024;
/// A compressed index; thirty thousand packages are about 6 MB.
pub const MAXIMUM_INDEX: u64 = 64 * 1024 * 1024;

/// A verified `repomd.xml`.
#[derive(Debug, Clone)]
pub struct Entrance {
    /// What it says.
    pub repomd: Repomd,
    /// The file.
    pub file: FileReference,
    /// The folder of its generation.
    pub generation: String,
    /// Who signed it.
    pub signer: Fingerprint,
    /// Its bytes, and those of the signature beside it.
    pub bytes: (Vec<u8>, Vec<u8>),
}

/// What a generation lists.
#[derive(Debug, Default)]
pub struct Contents {
    /// Its packages.
    pub entries: Vec<Entry>,
    /// Its advisories by their id.
    pub advisories: BTreeMap<String, String>,
}

/// Follows the list of a channel and verifies the `repomd.xml` that it leads to; `None` when there is none.
///
/// # Errors
/// [`RepositoryError`]
pub fn entrance(
    source: &dyn Source,
    channel: &ChannelName,
    keyring: &Keyring,
) -> Result<Option<Entrance>, RepositoryError> {
    let layout = Layout::of(channel);
    let mirrors = layout.mirrors()?;
    let Some((list, _)) = source.read(&mirrors, MAXIMUM_LIST)? else { return Ok(None) };
    let list = String::from_utf8_lossy(&list);
    let generation = layout.listed(&list);
    let generation = generation.ok_or_else(|| RepositoryError::damaged(&mirrors, "it names no generation"))?;
    entrance_of(source, channel, generation, keyring).map(Some)
}

/// Verifies the `repomd.xml` of a generation, by the name of its folder.
///
/// # Errors
/// [`RepositoryError`]
pub fn entrance_of(
    source: &dyn Source,
    channel: &ChannelName,
    generation: &str,
    keyring: &Keyring,
) -> Result<Entrance, RepositoryError> {
    let layout = Layout::of(channel);
    let (key, signature) = (layout.file(generation, REPOMD)?, layout.file(generation, SIGNATURE)?);
    let (bytes, signature) = (there(source, &key, MAXIMUM_REPOMD)?, there(source, &signature, MAXIMUM_REPOMD)?);
    let signer = keyring.verify_detached(&signature, &bytes);
    let signer = signer.map_err(|cause| RepositoryError::Signature { place: key.to_string(), cause })?;
    let text = std::str::from_utf8(&bytes).map_err(|_| RepositoryError::damaged(&key, "it is not UTF-8"))?;
    let repomd = Repomd::parse(text).map_err(|reason| RepositoryError::damaged(&key, reason))?;
    if repomd.channel != *channel {
        return Err(RepositoryError::damaged(&key, format!("it is the entry point of {}", repomd.channel)));
    }
    let file = FileReference { path: key.to_string(), size: bytes.len() as u64, sha256: Sha256::of(&bytes) };
    Ok(Entrance { repomd, file, generation: generation.to_owned(), signer, bytes: (bytes, signature) })
}

fn there(source: &dyn Source, key: &Key, maximum: u64) -> Result<Vec<u8>, RepositoryError> {
    let read = source.read(key, maximum)?;
    let (bytes, _) = read.ok_or_else(|| RepositoryError::damaged(key, "it is not there, although it is named"))?;
    Ok(bytes)
}

/// Reads everything that a `repomd.xml` lists.
///
/// # Errors
/// [`RepositoryError`]
pub fn contents(source: &dyn Source, channel: &ChannelName, entrance: &Entrance) -> Result<Contents, RepositoryError> {
    let text = |kind: &str| document(source, channel, entrance, kind);
    let (primary, filelists, other) = (text("primary")?, text("filelists")?, text("other")?);
    let entries = entry::parse(&primary, &filelists, &other);
    let entries = entries.map_err(|reason| RepositoryError::damaged(&entrance.file.path, reason))?;
    let listed = entrance.repomd.data.contains_key("updateinfo");
    let advisories = if listed { advisory::parse(&text("updateinfo")?) } else { BTreeMap::new() };
    Ok(Contents { entries, advisories })
}

fn document(
    source: &dyn Source,
    channel: &ChannelName,
    entrance: &Entrance,
    kind: &str,
) -> Result<String, RepositoryError> {
    let listed = entrance.repomd.data.get(kind);
    let listed =
        listed.ok_or_else(|| RepositoryError::damaged(&entrance.file.path, format!("it does not list its {kind}")))?;
    let key = Layout::of(channel).file(&entrance.generation, &listed.file_name(kind))?;
    let bytes = there(source, &key, listed.size.min(MAXIMUM_INDEX))?;
    if Sha256::of(&bytes) != listed.sha256 {
        return Err(RepositoryError::damaged(&key, "its content is not what its name says"));
    }
    let text = gzip::unpack(&bytes).map_err(|cause| RepositoryError::damaged(&key, cause))?;
    if Sha256::of(text.as_bytes()) != listed.open_sha256 {
        return Err(RepositoryError::damaged(&key, "unpacked it is not what repomd.xml says"));
    }
    Ok(text)
}
