//! Who signs programs for Windows: a key and a certificate that vouches for itself, by openssl.

use std::path::PathBuf;

use tempfile::TempDir;

use crate::error::{Doing, Result};
use crate::outcome::tool;

/// The key and its certificate, in a folder that goes with them.
#[derive(Debug)]
pub struct CodeSigner(TempDir);

impl CodeSigner {
    /// One of this name.
    pub fn new(name: &str) -> Result<Self> {
        let this = Self(TempDir::new().doing("make a folder for a key")?);
        let [key, certificate] = [this.key(), this.certificate()].map(|path| path.to_string_lossy().into_owned());
        let (subject, mut words) = (format!("/CN={name}"), vec!["openssl", "req", "-x509", "-nodes", "-days", "30"]);
        words.extend(["-newkey", "rsa:2048", "-keyout", &key, "-out", &certificate, "-subj", &subject]);
        words.extend(["-addext", "keyUsage=critical,digitalSignature", "-addext", "extendedKeyUsage=codeSigning"]);
        tool("make a certificate for Windows", &words)?;
        Ok(this)
    }

    /// The file of its key.
    pub fn key(&self) -> PathBuf {
        self.0.path().join("key.pem")
    }

    /// The file of its certificate.
    pub fn certificate(&self) -> PathBuf {
        self.0.path().join("certificate.pem")
    }
}
