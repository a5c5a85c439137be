//! OpenPGP signing as a value that is passed in: a key file today, a token or a service tomorrow.

pub mod expiry;
pub mod import;
mod key_file;
mod key_folder;
pub mod key_set;
mod primary;
mod roles;
mod vendor_keys;
pub mod windows;

use std::io::Read;

use consign_metadata::anchor::Fingerprint;

pub use key_file::{KeyFile, KeyFileError, Passphrase};
pub use key_folder::{KeyFiles, Turn, write_keys};
pub use primary::Primary;
pub use roles::KeyRoles;
pub use vendor_keys::{Algorithm, KeyRequest, VendorKeys};
pub use windows::{FileSigner, SigningRequest};

/// Signs bytes with one key. Every signature is SHA-512, version 4.
pub trait OpenPgpSigner {
    /// The signing (sub)key.
    fn fingerprint(&self) -> Fingerprint;
    /// The public certificate that carries the key, binary; what was signed is verified with it.
    fn certificate(&self) -> Vec<u8>;
    /// A binary OpenPGP signed message that carries `bytes` (the form of all Consign documents).
    ///
    /// # Errors
    /// [`SignError`]
    fn message(&self, bytes: &[u8]) -> Result<Vec<u8>, SignError>;
    /// A cleartext-signed text (`InRelease`).
    ///
    /// # Errors
    /// [`SignError`]
    fn cleartext(&self, text: &[u8]) -> Result<Vec<u8>, SignError>;
    /// An ASCII-armored detached signature (`Release.gpg`, `_gpgorigin`).
    ///
    /// # Errors
    /// [`SignError`]
    fn detached(&self, data: &mut dyn Read) -> Result<Vec<u8>, SignError>;
}

/// Why something could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// OpenPGP or the device behind it refused.
    #[error("cannot sign with key {key}: {cause}")]
    Refused {
        /// Fingerprint of the key.
        key: Fingerprint,
        /// The reason.
        cause: String,
    },
    /// The data could not be read.
    #[error("cannot read what is to be signed: {0}")]
    Read(#[from] std::io::Error),
    /// The program that signs for Windows.
    #[error("cannot sign for Windows: {0}")]
    Windows(String),
}
