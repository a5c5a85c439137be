//! A receipt: what a site has, for who exports to it. It proves nothing and need not: an export that is made by a
//! false one lacks files, and the import names them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Seek, SeekFrom};

use consign_metadata::anchor::Fingerprint;
use consign_metadata::digest::Sha256;
use consign_metadata::feed::FileReference;
use consign_metadata::name::{ChannelName, VendorName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::codec::codec;
use super::inventory::Inventory;
use super::manifest::FORMAT;
use crate::mirror::{Memory, Mirror, MirrorError, Pin};
use crate::store::{Source, Store, StoreError};

const KIND: &str = "receipt";

/// What a site has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    kind: String,
    format: u32,
    /// When it was written.
    pub made: Timestamp,
    /// Whose repository it is.
    pub vendor: VendorName,
    /// Its primary key.
    pub primary: Fingerprint,
    /// Which generation hosts see, by channel.
    pub channels: BTreeMap<ChannelName, Standing>,
    /// Plans and packages that are here, by their digests.
    pub holds: BTreeSet<Sha256>,
    /// The methods by which this consign can make a file of a delta.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub codecs: BTreeSet<String>,
}

/// A generation, as a site has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Its number.
    pub generation: u64,
    /// The digest of its head.
    pub head: Sha256,
    /// Whether something of it is not here that should be.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
}

impl Receipt {
    /// Of a mirror as it is.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn of(mirror: &Mirror) -> Result<Self, MirrorError> {
        let memory = Memory::load(mirror.folder())?.ok_or_else(|| mirror.is_none())?;
        let Pin { vendor, primary, .. } = memory.pin.clone();
        let (mut channels, mut holds) = (BTreeMap::new(), BTreeSet::new());
        for channel in memory.channels.keys() {
            let inventory = Inventory::of(mirror.store(), &memory, &memory.selection, channel)?;
            let mut incomplete = false;
            for file in inventory.lasting() {
                match is_here(mirror.store(), file)? {
                    true => drop(holds.insert(file.sha256)),
                    false => incomplete = true,
                }
            }
            let (generation, head) = (inventory.generation, inventory.head);
            channels.insert(channel.clone(), Standing { generation, head, incomplete });
        }
        let (kind, made, codecs) = (KIND.to_owned(), Timestamp::now(), [codec().to_owned()].into());
        Ok(Self { kind, format: FORMAT, made, vendor, primary, channels, holds, codecs })
    }

    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let receipt: Self = serde_json::from_slice(bytes).map_err(|cause| format!("it is not understood: {cause}"))?;
        match (&*receipt.kind, receipt.format) {
            (KIND, ..=FORMAT) => Ok(receipt),
            (KIND, format) => Err(format!("it has format {format} and needs a newer consign")),
            (kind, _) => Err(format!("it is one of a {kind:?}")),
        }
    }
}

/// Whether a file is here, by its length.
fn is_here(store: &dyn Store, file: &FileReference) -> Result<bool, StoreError> {
    let Some(mut content) = Source::get(store, &file.path.parse()?, u64::MAX)? else { return Ok(false) };
    let length = content.seek(SeekFrom::End(0));
    let length = length.map_err(|cause| StoreError::Io { what: "read", place: file.path.clone(), cause })?;
    Ok(length == file.size)
}
