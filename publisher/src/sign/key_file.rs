//! A signing key in a file: the signer of most pipelines.

use std::fmt;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use consign_metadata::anchor::Fingerprint;
use jiff::Timestamp;
use sequoia_openpgp as openpgp;

use openpgp::Cert;
use openpgp::armor;
use openpgp::crypto::{KeyPair, Password};
use openpgp::packet::Key;
use openpgp::packet::key::{KeyRole, SecretKeyMaterial, SecretParts, UnspecifiedRole};
use openpgp::parse::Parse;
use openpgp::policy::StandardPolicy;
use openpgp::serialize::SerializeInto;
use openpgp::serialize::stream::{Armorer, LiteralWriter, Message, Signer};
use openpgp::types::HashAlgorithm;

use super::key_folder::CERTIFICATE_FILE;
use super::vendor_keys::fingerprint;
use super::{OpenPgpSigner, SignError, expiry};
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
    /// It holds a public key, where a secret one is needed.
    #[error("cannot sign with {path}: it is a public key, and signing needs the secret one", path = path.display())]
    Public {
        /// The file.
        path: PathBuf,
    },
    /// Nobody accepts what it signs any more.
    #[error("cannot sign with {path}: key {key} expired on {on}", path = path.display(), on = on.strftime("%Y-%m-%d"))]
    Expired {
        /// The file.
        path: PathBuf,
        /// The key, or the primary that certifies it.
        key: Fingerprint,
        /// When.
        on: Timestamp,
    },
    /// Its owner has declared it void.
    #[error("cannot sign with {path}: key {key} is revoked", path = path.display())]
    Revoked {
        /// The file.
        path: PathBuf,
        /// The key, or the primary that certifies it.
        key: Fingerprint,
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
    /// Sign beside it, in the middle of a rotation.
    beside: Vec<KeyFile>,
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyFile").field(&self.fingerprint()).finish()
    }
}

impl KeyFile {
    /// Reads the one signing key of a file. `ask` is called only if it is locked.
    ///
    /// Until when it is good is read from the certificate beside it, if there is one: an extended
    /// certificate reaches a pipeline without a new secret file.
    ///
    /// # Errors
    /// [`KeyFileError`]
    pub fn open(path: &Path, ask: impl FnOnce() -> Result<Passphrase, String>) -> Result<Self, KeyFileError> {
        let bytes = std::fs::read(path).on("read", path)?;
        let cert = Cert::from_bytes(&bytes).map_err(KeyFileError::openpgp(path))?;
        let cert = renewed(cert, path)?;
        let key = signing_key(&cert, path)?;
        check_life(&cert, &key, path)?;
        let locked = |reason: String| KeyFileError::Locked { path: path.to_owned(), reason };
        let passphrase = if key.has_unencrypted_secret() { None } else { Some(ask().map_err(locked)?) };
        let file = Self { cert: cert.strip_secret_key_material(), key, passphrase, beside: Vec::new() };
        // A wrong passphrase is told before anything is built.
        file.unlock().map_err(|_| locked("the passphrase is wrong".to_owned()))?;
        Ok(file)
    }

    /// The same key, with another that signs beside it: one good signature is enough for a reader.
    #[must_use]
    pub fn with(mut self, other: KeyFile) -> Self {
        self.beside.push(other);
        self
    }

    fn unlock(&self) -> openpgp::Result<KeyPair> {
        match &self.passphrase {
            None => self.key.clone().into_keypair(),
            Some(passphrase) => self.key.clone().decrypt_secret(passphrase)?.into_keypair(),
        }
    }

    fn sign<'a>(&self, message: Message<'a>) -> openpgp::Result<Signer<'a>> {
        let mut signer = Signer::new(message, self.unlock()?)?.hash_algo(HashAlgorithm::SHA512)?;
        for other in &self.beside {
            signer = signer.add_signer(other.unlock()?)?;
        }
        Ok(signer)
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

/// The certificate of a key file, with what the certificate beside it says that is newer.
fn renewed(cert: Cert, path: &Path) -> Result<Cert, KeyFileError> {
    let beside = path.with_file_name(CERTIFICATE_FILE);
    let bytes = match std::fs::read(&beside) {
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(cert),
        read => read.on("read", &beside)?,
    };
    let newer = Cert::from_bytes(&bytes).map_err(KeyFileError::openpgp(&beside))?;
    if newer.fingerprint() != cert.fingerprint() {
        return Ok(cert);
    }
    cert.merge_public(newer).map_err(KeyFileError::openpgp(&beside))
}

fn signing_key(cert: &Cert, path: &Path) -> Result<Key<SecretParts, UnspecifiedRole>, KeyFileError> {
    let unusable = |reason: String| KeyFileError::Unusable { path: path.to_owned(), reason };
    if !cert.is_tsk() {
        return Err(KeyFileError::Public { path: path.to_owned() });
    }
    let policy = StandardPolicy::new();
    let valid = cert.with_policy(&policy, None).map_err(|cause| unusable(format!("{cause:#}")))?;
    let mut keys: Vec<_> = valid.keys().for_signing().secret().filter(|key| !is_stub(key.key())).collect();
    match (keys.pop(), keys.len()) {
        (None, _) => Err(unusable("it holds no secret key for signing".to_owned())),
        (Some(_), 1..) => Err(unusable("it holds several secret keys for signing; keep one in each file".to_owned())),
        (Some(key), 0) => Ok(key.key().clone()),
    }
}

/// Whether the key is good now, and the primary that vouches for it.
fn check_life(cert: &Cert, key: &Key<SecretParts, UnspecifiedRole>, path: &Path) -> Result<(), KeyFileError> {
    let own = [fingerprint(&cert.fingerprint()), fingerprint(&key.fingerprint())];
    for (key, life) in expiry::lives(cert).map_err(KeyFileError::openpgp(path))? {
        if !own.contains(&key) {
            continue;
        }
        if life.revoked {
            return Err(KeyFileError::Revoked { path: path.to_owned(), key });
        }
        if let Some(on) = life.expires.filter(|on| *on <= Timestamp::now()) {
            return Err(KeyFileError::Expired { path: path.to_owned(), key, on });
        }
    }
    Ok(())
}

/// A place holder for a secret that is elsewhere: it has a "private" way of encryption.
pub(super) fn is_stub<R: KeyRole>(key: &Key<SecretParts, R>) -> bool {
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
