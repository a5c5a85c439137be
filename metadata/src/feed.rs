//! The feed: what a channel of a repository offers, and which generation of it is current.
//!
//! A signed head ([`Feed`]) names the entry points of the repository (this generation and the one
//! before, since a host may have read either) and one shard per product by digest. A [`Shard`] is
//! plain JSON under a name that never changes; it is trusted because the head names its digest.
//! The head is replaced last of all, so a reader sees one generation, whole.
//!
//! | what | where, below the root of the repository |
//! |---|---|
//! | head | `consign/<channel>/feed.pgp` |
//! | shard | `consign/shards/<sha256>.json` |
//! | plan | `consign/plans/<sha256 of the plan>.pgp` |
//! | packages for Windows that are no part of a product | `consign/windows/<sha256>.json` |
//! | a longer life of a head | `consign/<channel>/extension.pgp` |

mod extension;
mod windows;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Sha256;
use crate::document::{DocumentError, Kind, heading};
use crate::name::{ChannelName, PackageName, ProductId, ProductName, VendorName};
use crate::plan::NativeVersions;
use crate::text::{Language, Text};
use crate::version::Version;

pub use extension::{Extension, MAXIMUM_EXTENSION_SIZE};
pub use windows::{MAXIMUM_WINDOWS_SIZE, WindowsIndex};

/// The only format of head and shard so far.
pub const FORMAT: u32 = 1;
/// The largest head a reader takes, in bytes.
pub const MAXIMUM_HEAD_SIZE: u64 = 1024 * 1024;
/// The largest shard a reader takes, in bytes.
pub const MAXIMUM_SHARD_SIZE: u64 = 16 * 1024 * 1024;

/// The signed head of a feed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    /// Always [`Kind::Feed`].
    pub kind: Kind,
    /// [`FORMAT`].
    pub format: u32,
    /// Whose repository it is.
    pub vendor: VendorName,
    /// The channel.
    pub channel: ChannelName,
    /// Counts the publications of the channel from 1; never goes back.
    pub generation: u64,
    /// When this generation was published.
    pub issued: Timestamp,
    /// When a host stops believing that nothing newer exists.
    pub expires: Timestamp,
    /// The repository's own indexes.
    pub entry_points: EntryPoints,
    /// What is offered, by product.
    pub shards: BTreeMap<ProductName, FileReference>,
}

/// The files by which the package managers enter the repository, in this and the previous generation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryPoints {
    /// Of this generation, such as `dists/stable/InRelease`.
    pub current: Vec<FileReference>,
    /// Of the generation before; empty in the first.
    pub previous: Vec<FileReference>,
}

/// A file of the repository, by content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileReference {
    /// Below the root of the repository.
    pub path: String,
    /// Length in bytes.
    pub size: u64,
    /// Digest of the file as served.
    pub sha256: Sha256,
}

/// The releases of one product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    /// [`FORMAT`].
    pub format: u32,
    /// Whose product it is.
    pub vendor: VendorName,
    /// The product.
    pub product: ProductName,
    /// The releases, ascending by version and revision.
    pub releases: Vec<FeedRelease>,
    /// The texts of all notes that the releases refer to, by digest.
    pub notes: BTreeMap<Sha256, NoteText>,
}

/// A release as a repository offers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedRelease {
    /// Its version.
    pub version: Version,
    /// Packaging revision, from 1.
    pub revision: u32,
    /// When it was first published in this channel.
    pub published: Timestamp,
    /// Why it must not be installed any more, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Text>,
    /// Digest of the plan (of its verified bytes).
    pub plan: Sha256,
    /// The signed plan.
    pub plan_file: FileReference,
    /// The packages of the release.
    pub packages: Vec<FeedPackage>,
}

/// A package as a repository offers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedPackage {
    /// Its native name.
    pub package: PackageName,
    /// Its native architecture (`amd64`, `all`).
    pub architecture: String,
    /// Its version; exactly one format is given.
    pub native: NativeVersions,
    /// The file.
    pub file: FileReference,
}

/// A release note in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoteText {
    /// The version it speaks of.
    pub version: Version,
    /// Its language.
    pub language: Language,
    /// Markdown.
    pub text: String,
}

impl Feed {
    /// Reads bytes that a verifier emitted, and refuses another vendor's or another channel's head.
    ///
    /// # Errors
    /// [`DocumentError`]
    pub fn parse(bytes: &[u8], vendor: &VendorName, channel: &ChannelName) -> Result<Self, DocumentError> {
        heading(bytes, Kind::Feed, FORMAT)?;
        let feed: Self =
            serde_json::from_slice(bytes).map_err(|cause| DocumentError::Shape { kind: Kind::Feed, cause })?;
        let (expected, found) = (format!("{vendor} {channel}"), format!("{} {}", feed.vendor, feed.channel));
        if expected != found {
            return Err(DocumentError::Identity { expected, found });
        }
        Ok(feed)
    }

    /// Whether the digest is that of an entry point of this or the previous generation.
    pub fn knows_entry_point(&self, digest: &Sha256) -> bool {
        self.entry_points.current.iter().chain(&self.entry_points.previous).any(|file| file.sha256 == *digest)
    }

    /// Where the head of a channel is, below the root of the repository.
    pub fn path(channel: &ChannelName) -> String {
        format!("consign/{channel}/feed.pgp")
    }
}

impl Shard {
    /// Reads bytes whose digest the head names, and checks that notes and order are what they claim.
    ///
    /// # Errors
    /// [`DocumentError`]
    pub fn parse(bytes: &[u8], id: &ProductId) -> Result<Self, DocumentError> {
        let shard: Self =
            serde_json::from_slice(bytes).map_err(|cause| DocumentError::Shape { kind: Kind::Feed, cause })?;
        if shard.format > FORMAT {
            return Err(DocumentError::Newer { found: shard.format, known: FORMAT });
        }
        let found = format!("{}/{}", shard.vendor, shard.product);
        if found != id.to_string() {
            return Err(DocumentError::Identity { expected: id.to_string(), found });
        }
        if let Some((digest, note)) = shard.notes.iter().find(|(d, note)| Sha256::of(note.text.as_bytes()) != **d) {
            let what = format!("the note on {} ({}) is not the text of {digest}", note.version, note.language);
            return Err(DocumentError::Inconsistent(what));
        }
        let ascending = shard.releases.windows(2).all(|w| w[0].order() < w[1].order());
        if !ascending {
            return Err(DocumentError::Inconsistent("its releases are not in ascending order".to_owned()));
        }
        Ok(shard)
    }

    /// Where a shard is, below the root of the repository.
    pub fn path(digest: &Sha256) -> String {
        format!("consign/shards/{digest}.json")
    }

    /// The release that carries a package version, by its native name and version.
    pub fn release_of_deb(&self, package: &PackageName, version: &str) -> Option<&FeedRelease> {
        self.releases.iter().find(|release| {
            release.packages.iter().any(|p| p.package == *package && p.native.deb.as_deref() == Some(version))
        })
    }
}

impl FeedRelease {
    /// The position of the release among those of its product.
    pub fn order(&self) -> (&Version, u32) {
        (&self.version, self.revision)
    }

    /// Where a signed plan is, below the root of the repository.
    pub fn plan_path(plan: &Sha256) -> String {
        format!("consign/plans/{plan}.pgp")
    }
}
