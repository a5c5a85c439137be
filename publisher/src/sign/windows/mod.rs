//! Signing of files for Windows (Authenticode), as a value that is passed in: from a file to a file.
//!
//! Keys that Windows trusts lie in hardware or in a service, and each has a program of its own. So it is
//! `osslsigncode`, with a key in a file or behind PKCS#11, or a command of the vendor's. Whichever it is, what
//! comes out is verified against a pinned certificate before anybody gets it.

mod command;
mod osslsigncode;
mod outcome;

use std::fmt::Debug;
use std::path::Path;

use consign_metadata::authenticode::Pins;

use super::SignError;

pub use command::Command;
pub use osslsigncode::{Key, Osslsigncode};

/// A file that is to be signed.
#[derive(Debug, Clone, Copy)]
pub struct SigningRequest<'a> {
    /// The file; it is not changed.
    pub input: &'a Path,
    /// Where the signed file goes; there is none yet.
    pub output: &'a Path,
    /// What Windows calls it when it asks whether to run it.
    pub name: &'a str,
    /// Where to read on.
    pub url: Option<&'a str>,
}

/// Signs files for Windows.
pub trait FileSigner: Debug + Send + Sync {
    /// Writes the signed file.
    ///
    /// # Errors
    /// [`SignError`]
    fn sign(&self, request: &SigningRequest<'_>) -> Result<(), SignError>;

    /// Whose signature it must be.
    fn pins(&self) -> &Pins;
}
