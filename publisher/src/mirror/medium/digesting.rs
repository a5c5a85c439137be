//! A writer that digests what passes.

use std::io::{self, Write};

use consign_metadata::digest::Sha256;
use sha2::Digest as _;

/// A writer that digests what passes.
pub struct Digesting<W> {
    out: W,
    hasher: sha2::Sha256,
}

impl<W: Write> Digesting<W> {
    /// Before another writer.
    pub fn new(out: W) -> Self {
        Self { out, hasher: sha2::Sha256::new() }
    }

    /// Of all that has passed.
    pub fn digest(&self) -> Sha256 {
        let digest = hex::encode(self.hasher.clone().finalize());
        digest.parse().expect("it is a digest")
    }

    /// The writer behind.
    pub fn into_inner(self) -> W {
        self.out
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
