//! What the vendor signs of an .msi: what it is, and a digest of every stream.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::MsiError;
use crate::digest::Sha256;
use crate::name::PackageName;

/// The only format so far.
pub const FORMAT: u32 = 1;
const KIND: &str = "msi";

/// What the vendor signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// Always `msi`.
    pub kind: String,
    /// [`FORMAT`].
    pub format: u32,
    /// The package.
    pub package: PackageName,
    /// Its native version.
    pub version: String,
    /// `x64` or `arm64`.
    pub architecture: String,
    /// Digest of what the package is, apart from signatures, times and compression.
    pub content: Sha256,
    /// Every stream but this one and those of Authenticode; tables begin with `!`.
    pub streams: BTreeMap<String, StreamDigest>,
}

/// A stream by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamDigest {
    /// Length in bytes.
    pub size: u64,
    /// Digest.
    pub sha256: Sha256,
}

impl Origin {
    /// The list of a package that is not signed yet.
    pub fn of(
        package: PackageName,
        version: String,
        architecture: String,
        content: Sha256,
        streams: BTreeMap<String, StreamDigest>,
    ) -> Self {
        Self { kind: KIND.to_owned(), format: FORMAT, package, version, architecture, content, streams }
    }

    /// Reads what a verifier emitted.
    ///
    /// # Errors
    /// [`MsiError::Shape`]
    pub fn parse(bytes: &[u8]) -> Result<Self, MsiError> {
        let bad = |what: String| MsiError::Shape(format!("the list of its streams {what}"));
        let origin: Self = serde_json::from_slice(bytes).map_err(|cause| bad(format!("is not understood: {cause}")))?;
        match (origin.kind.as_str(), origin.format) {
            (KIND, FORMAT) => Ok(origin),
            (KIND, found) => Err(bad(format!("has format {found}, and this program knows {FORMAT}"))),
            (kind, _) => Err(bad(format!("is a document of kind {kind:?}"))),
        }
    }

    /// The bytes that are signed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}
