//! The label of a volume: which one it is, of which export. It is written last, so that a volume without one is
//! not finished.

use consign_metadata::digest::Sha256;
use serde::{Deserialize, Serialize};

use super::manifest::FORMAT;

/// The file.
pub const FILE: &str = "volume.json";
/// The largest that is read, in bytes.
pub const MAXIMUM: u64 = 4096;

/// Which volume of which export this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    format: u32,
    /// The export: the digest of its manifest.
    pub export: Sha256,
    /// The length of the manifest.
    pub manifest: u64,
    /// Which one, from 1.
    pub volume: u32,
    /// Of how many.
    pub of: u32,
}

impl Label {
    /// Of a volume of an export with this manifest.
    pub fn new(manifest: &[u8], volume: u32, of: u32) -> Self {
        Self { format: FORMAT, export: Sha256::of(manifest), manifest: manifest.len() as u64, volume, of }
    }

    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let label: Self =
            serde_json::from_slice(bytes).map_err(|cause| format!("its label {FILE} is not understood: {cause}"))?;
        if label.format > FORMAT {
            return Err(format!("its label {FILE} has format {}; it needs a newer consign", label.format));
        }
        if label.volume == 0 || label.volume > label.of {
            return Err(format!("its label {FILE} is that of volume {} of {}", label.volume, label.of));
        }
        Ok(label)
    }
}

/// What an export is called among people: the beginning of its digest.
pub fn name(export: &Sha256) -> String {
    export.to_string()[..12].to_owned()
}
