//! What a bucket holds, as whoever pushed to it last has written there: `consign/bucket.json`.
//!
//! So that nobody has to list thousands of objects to know what is missing, and so that of two who push one notices
//! the other: it is replaced only by who has read it. No host reads it, and nothing is believed for its sake.

use std::collections::{BTreeMap, BTreeSet};

use consign_metadata::anchor::Fingerprint;
use consign_metadata::digest::Sha256;
use consign_metadata::name::{ChannelName, VendorName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::mirror::Pin;
use crate::store::Stamp;

/// The only format so far.
const FORMAT: u32 = 1;
/// Its name.
pub const NAME: &str = "consign/bucket.json";
/// Of 100,000 packages it has 10 MB.
pub const MAXIMUM: u64 = 64 * 1024 * 1024;

/// What a bucket holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    format: u32,
    /// Whose repository it is.
    pub vendor: VendorName,
    /// By the vendor's primary key.
    pub primary: Fingerprint,
    /// Where hosts find the bucket, for the lists of yum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Which generations it shows, or is about to.
    pub channels: BTreeMap<ChannelName, Generation>,
    /// Whether entry points may still be those of before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unfinished: bool,
    /// What is swapped.
    pub entries: BTreeMap<String, Entry>,
    /// What is there under names that never change.
    pub files: BTreeSet<String>,
    /// Those that the mirror has no longer, and since when.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gone: BTreeMap<String, Timestamp>,
}

/// A generation of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generation {
    /// Its number.
    pub generation: u64,
    /// The digest of its head.
    pub head: Sha256,
}

/// An entry point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its content.
    pub sha256: Sha256,
    /// By what the server knows that content.
    pub mark: Stamp,
}

#[derive(Deserialize)]
struct Heading {
    format: u32,
}

impl Record {
    /// That of a bucket that has nothing yet.
    pub fn new(pin: &Pin) -> Self {
        Self {
            format: FORMAT,
            vendor: pin.vendor.clone(),
            primary: pin.primary.clone(),
            url: None,
            channels: BTreeMap::new(),
            unfinished: true,
            entries: BTreeMap::new(),
            files: BTreeSet::new(),
            gone: BTreeMap::new(),
        }
    }

    /// As it is written.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Reads one.
    ///
    /// # Errors
    /// Why it is not understood.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let wrong = |cause: serde_json::Error| format!("its {NAME} is not understood: {cause}");
        let Heading { format } = serde_json::from_slice(bytes).map_err(wrong)?;
        if format > FORMAT {
            return Err(format!("its {NAME} has format {format}; it needs a newer consign"));
        }
        serde_json::from_slice(bytes).map_err(wrong)
    }
}
