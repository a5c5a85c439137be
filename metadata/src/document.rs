//! What every signed document says of itself before anything else.
//!
//! On disk a signed document is one file: a binary OpenPGP signed message over UTF-8 JSON.
//! The digest of a document is that of the bytes the verifier emits, never of the carrier,
//! because a signature is salted and differs each time.

use serde::{Deserialize, Serialize};

use crate::name::{ProductName, VendorName};

/// What a document is. A reader asks for one kind and refuses every other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An upgrade plan, signed by `package`.
    Plan,
    /// The head of a feed, signed by `index`.
    Feed,
    /// A longer life of the head of a feed, signed by `index`.
    Extension,
    /// A statement on a vendor's keys, signed by the primary key.
    Root,
}

/// What a signing subkey of a vendor is for. A key without a role signs nothing that is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Plans and packages.
    Package,
    /// The feed and the repository indexes.
    Index,
}

impl Role {
    /// The name of the role in anchors and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Package => "package",
            Self::Index => "index",
        }
    }
}

/// Why verified bytes are not the document that was asked for.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Not JSON of the expected shape.
    #[error("is not a {kind:?} document that this version understands: {cause}")]
    Shape {
        /// What was expected.
        kind: Kind,
        /// What serde found.
        cause: serde_json::Error,
    },
    /// A document of another kind, signed by a key that may sign both.
    #[error("is a document of kind {found:?}, not {expected:?}")]
    Kind {
        /// What was expected.
        expected: Kind,
        /// What it says it is.
        found: Kind,
    },
    /// A later format than this program knows.
    #[error("has format {found}; this program reads up to {known}: install a newer agent first")]
    Newer {
        /// What the document says.
        found: u32,
        /// The highest format this program reads.
        known: u32,
    },
    /// The document belongs to somebody else.
    #[error("belongs to {found}, not to {expected}")]
    Identity {
        /// Vendor, product or channel that was expected.
        expected: String,
        /// The one that the document names.
        found: String,
    },
    /// The parts of the document contradict each other.
    #[error("contradicts itself: {0}")]
    Inconsistent(String),
}

/// The fields that are read before it is known whether the rest can be understood.
#[derive(Debug, Deserialize)]
pub struct Heading {
    /// What the document is.
    pub kind: Kind,
    /// The format of its envelope.
    pub format: u32,
    /// Whose it is.
    pub vendor: VendorName,
    /// Of which product, where it is of one.
    pub product: Option<ProductName>,
}

/// Reads the heading and refuses another kind or a later format than `known`.
pub(crate) fn heading(bytes: &[u8], expected: Kind, known: u32) -> Result<Heading, DocumentError> {
    let heading: Heading =
        serde_json::from_slice(bytes).map_err(|cause| DocumentError::Shape { kind: expected, cause })?;
    if heading.kind != expected {
        return Err(DocumentError::Kind { expected, found: heading.kind });
    }
    if heading.format > known {
        return Err(DocumentError::Newer { found: heading.format, known });
    }
    Ok(heading)
}
