//! Those who write for a product, and cannot where they have to.

use std::path::PathBuf;

/// Somebody who cannot write to a folder of the product's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Barred {
    /// The folder.
    pub folder: PathBuf,
    /// The account.
    pub account: String,
    /// How that is known.
    pub why: Why,
}

/// How it is known that somebody cannot write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It was tried as the account, and the system refused, in its words.
    Tried(String),
    /// Nobody can act as the account, and the access list gives it no right to.
    Listed,
    /// Nobody can tell, for this reason.
    Unknown(String),
}
