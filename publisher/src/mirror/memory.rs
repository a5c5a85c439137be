//! What a mirror knows of itself: `.consign/mirror.json`, which no host reads.
//!
//! Which generation hosts see is not asked of it but of the feed in the mirror; it holds what cannot be
//! seen there.

use std::collections::BTreeMap;
use std::path::Path;

use consign_metadata::digest::Sha256;
use consign_metadata::name::ChannelName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::medium::Packer;
use super::pin::Pin;
use super::selection::Selection;
use super::upstream::Mark;
use super::{MirrorError, own_file};

/// The only format so far.
const FORMAT: u32 = 1;
const FILE: &str = "mirror.json";

/// What a mirror knows of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    format: u32,
    /// The repository that was copied last.
    pub upstream: String,
    /// Where hosts find the mirror, for the lists of yum; absent: where they find the vendor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Whose signatures count.
    pub pin: Pin,
    /// Whose media are taken; absent: those of anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packed_by: Option<Packer>,
    /// What is carried.
    #[serde(default, skip_serializing_if = "Selection::is_everything")]
    pub selection: Selection,
    /// By channel.
    pub channels: BTreeMap<ChannelName, Taken>,
}

/// What was taken of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    /// Its generation.
    pub generation: u64,
    /// The digest of its head.
    pub head: Sha256,
    /// When it was taken.
    pub taken: Timestamp,
    /// When the vendor was last asked whether there is a newer one.
    pub asked: Timestamp,
    /// Whether it has to be read again although the vendor has nothing newer: another part is to be carried,
    /// or the mirror has another address.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// What the server said of the head.
    #[serde(flatten)]
    pub mark: Mark,
}

impl Memory {
    /// That of a mirror that has nothing yet.
    pub fn new(upstream: &str, pin: Pin) -> Self {
        let (upstream, selection) = (upstream.to_owned(), Selection::default());
        Self { format: FORMAT, upstream, url: None, pin, packed_by: None, selection, channels: BTreeMap::new() }
    }

    /// Reads that of a mirror; `None` where there is none.
    ///
    /// # Errors
    /// [`MirrorError::Io`], [`MirrorError::Folder`]
    pub fn load(folder: &Path) -> Result<Option<Self>, MirrorError> {
        own_file::load(folder, FILE, FORMAT)
    }

    /// Writes it; durable when it returns.
    ///
    /// # Errors
    /// [`MirrorError::Io`]
    pub fn save(&self, folder: &Path) -> Result<(), MirrorError> {
        own_file::save(folder, FILE, self)
    }
}
