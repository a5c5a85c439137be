//! A signing key in a file: the signer of most pipelines.

use std::fmt;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use consign_metadata::anchor::Fingerprint;
use sequoia_openpgp as openpgp;

use openpgp::Cert;
use openpgp::armor;
use openpgp::cert::amalgamation::ValidAmalgamation;
use openpgp::crypto::{KeyPair, Password};
use openpgp::packet::Key;
use openpgp::packet::key::{KeyRole, SecretKeyMaterial, SecretParts, UnspecifiedRole};
use openpgp::parse::Parse;
use openpgp::policy::StandardPolicy;
use openpgp::serialize::SerializeInto;
use openpgp::serialize::stream::{Armorer, LiteralWriter, Message, Signer};
use openpgp::types::{HashAlgorithm, RevocationStatus};

use super::vendor_keys::fingerprint;
use super::{OpenPgpSigner, SignError};
use crate::file::{FileError, OnFile};

/// A passphrase; never printed, and encrypted in memory.
pub type Passphrase = Password;

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A key file is there already.
    #[error("cannot create {path}: it exists, and keys are never overwritten", path = path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// It holds no key, or none that can sign now.
    #[error("cannot use the key in {path}: {reason}", path = path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The passphrase could not be had.
    #[error("cannot unlock {path}: {reason}", path = path.display())]
    Locked {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

impl KeyFileError {
    pub(super) fn openpgp(path: &Path) -> impl FnOnce(openpgp::anyhow::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self::Unusable { path, reason: format!("{cause:#}") }
    }
}

/// A signing key from a file. The secret stays as the file has it and is unlocked for each signature.
pub struct KeyFile {
    cert: Cert,
    key: Key<SecretParts, UnspecifiedRole>,
    passphrase: Option<Passphrase>,
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyFile").field(&self.fingerprint()).finish()
    }
}

impl KeyFile {
    /// Reads the one signing key of a file. `ask` is called only if it is locked.
    ///
    /// # Errors
    /// [`KeyFileError`]
    pub fn open(path: &Path, ask: impl FnOnce() -> Result<Passphrase, String>) -> Result<Self, KeyFileError> {
        let bytes = std::fs::read(path).on("read", path)?;
        let cert = Cert::from_bytes(&bytes).map_err(KeyFileError::openpgp(path))?;
        let key = signing_key(&cert).map_err(|reason| KeyFileError::Unusable { path: path.to_owned(), reason })?;
        let locked = |reason: String| KeyFileError::Locked { path: path.to_owned(), reason };
        let passphrase = if key.has_unencrypted_secret() { None } else { Some(ask().map_err(locked)?) };
        let file = Self { cert: cert.strip_secret_key_material(), key, passphrase };
        // A wrong passphrase is told before anything is built.
        file.unlock().map_err(|_| locked("the passphrase is wrong".to_owned()))?;
        Ok(file)
    }

    fn unlock(&self) -> openpgp::Result<KeyPair> {
        match &self.passphrase {
            None => self.key.clone().into_keypair(),
            Some(passphrase) => self.key.clone().decrypt_secret(passphrase)?.into_keypair(),
        }
    }

    fn sign<'a>(&self, message: Message<'a>) -> openpgp::Result<Signer<'a>> {
        Signer::new(message, self.unlock()?)?.hash_algo(HashAlgorithm::SHA512)
    }

    fn refused(&self) -> impl Fn(openpgp::anyhow::Error) -> SignError + '_ {
        |cause| SignError::Refused { key: self.fingerprint(), cause: format!("{cause:#}") }
    }

    fn write_cleartext(&self, text: &[u8]) -> openpgp::Result<Vec<u8>> {
        let mut signed = Vec::new();
        let mut writer = self.sign(Message::new(&mut signed))?.cleartext().build()?;
        writer.write_all(text)?;
        writer.finalize()?;
        Ok(signed)
    }

    fn write_message(&self, bytes: &[u8]) -> openpgp::Result<Vec<u8>> {
        let mut signed = Vec::new();
        let signer = self.sign(Message::new(&mut signed))?.build()?;
        let mut writer = LiteralWriter::new(signer).build()?;
        writer.write_all(bytes)?;
        writer.finalize()?;
        Ok(signed)
    }

    fn write_detached(&self, data: &mut dyn Read) -> Result<Vec<u8>, SignError> {
        let mut signature = Vec::new();
        let armorer = Armorer::new(Message::new(&mut signature)).kind(armor::Kind::Signature).build();
        let signer = armorer.and_then(|armorer| self.sign(armorer)?.detached().build());
        let mut writer = signer.map_err(self.refused())?;
        let mut buffer = vec![0; 128 * 1024];
        loop {
            // Only what cannot be read is the data's fault.
            match data.read(&mut buffer)? {
                0 => break,
                read => writer.write_all(&buffer[..read]).map_err(|e| self.refused()(e.into()))?,
            }
        }
        writer.finalize().map_err(self.refused())?;
        Ok(signature)
    }
}

fn signing_key(cert: &Cert) -> Result<Key<SecretParts, UnspecifiedRole>, String> {
    let policy = StandardPolicy::new();
    let valid = cert.with_policy(&policy, None).map_err(|cause| format!("{cause:#}"))?;
    let mut keys: Vec<_> = valid.keys().for_signing().secret().filter(|key| !is_stub(key.key())).collect();
    match (keys.pop(), keys.len()) {
        (None, _) => Err("it holds no secret key for signing".to_owned()),
        (Some(_), 1..) => Err("it holds several secret keys for signing; keep one in each file".to_owned()),
        (Some(key), 0) => {
            key.alive().map_err(|cause| format!("key {} is not valid now: {cause:#}", key.key().fingerprint()))?;
            if let RevocationStatus::Revoked(_) = key.revocation_status() {
                return Err(format!("key {} is revoked", key.key().fingerprint()));
            }
            Ok(key.key().clone())
        }
    }
}

/// A place holder for a secret that is elsewhere: it has a "private" way of encryption.
fn is_stub<R: KeyRole>(key: &Key<SecretParts, R>) -> bool {
    match key.secret() {
        SecretKeyMaterial::Encrypted(secret) => !secret.s2k().is_supported(),
        SecretKeyMaterial::Unencrypted(_) => false,
    }
}

impl OpenPgpSigner for KeyFile {
    fn fingerprint(&self) -> Fingerprint {
        fingerprint(&self.key.fingerprint())
    }

    fn certificate(&self) -> Vec<u8> {
        self.cert.to_vec().expect("a certificate that was read can be written")
    }

    fn message(&self, bytes: &[u8]) -> Result<Vec<u8>, SignError> {
        self.write_message(bytes).map_err(self.refused())
    }

    fn cleartext(&self, text: &[u8]) -> Result<Vec<u8>, SignError> {
        self.write_cleartext(text).map_err(self.refused())
    }

    fn detached(&self, data: &mut dyn Read) -> Result<Vec<u8>, SignError> {
        self.write_detached(data)
    }
}
