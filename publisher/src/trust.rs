//! What a vendor's signatures are verified with: the certificate, and which of its keys has which role.

use std::collections::BTreeSet;
use std::path::Path;

use consign_metadata::anchor::{ANCHOR_FILE, Anchor, Fingerprint};
use consign_metadata::document::Role;
use consign_metadata::openpgp::{Keyring, VerifyError};
use sequoia_openpgp::Cert;
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::SerializeInto;

use crate::file::{FileError, OnFile};
use crate::sign::KeyRoles;

/// A vendor's certificate and the roles of its keys.
#[derive(Debug, Clone)]
pub struct Trust {
    /// Which key has which role.
    pub roles: KeyRoles,
    /// The OpenPGP certificate, binary.
    pub certificate: Vec<u8>,
}

/// Why signatures cannot be verified.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The files cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The certificate is none.
    #[error("cannot use {place}: it {cause}")]
    Certificate {
        /// The file.
        place: String,
        /// What is wrong with it.
        cause: VerifyError,
    },
    /// Nothing beside the certificate says what its keys are for.
    #[error(
        "cannot tell what the keys of {place} are for: neither roles.json nor anchor.json is beside it; the vendor has roles.json where its certificate is"
    )]
    NoRoles {
        /// The certificate.
        place: String,
    },
}

impl Trust {
    /// Reads a certificate and the table beside it: `roles.json` of a key folder, or `anchor.json` of a host.
    ///
    /// # Errors
    /// [`TrustError`]
    pub fn beside(certificate: &Path) -> Result<Self, TrustError> {
        let place = || certificate.display().to_string();
        let bytes = std::fs::read(certificate).on("read", certificate)?;
        let roles = match KeyRoles::beside(certificate)? {
            Some(roles) => roles,
            None => anchored(certificate)?.ok_or_else(|| TrustError::NoRoles { place: place() })?,
        };
        Ok(Self { roles, certificate: binary(&bytes, certificate)?.1 })
    }

    /// The keys of a role.
    ///
    /// # Errors
    /// [`VerifyError::Certificate`]
    pub fn keyring(&self, role: Role) -> Result<Keyring, VerifyError> {
        Keyring::new(&self.certificate, self.keys_of(role), role.as_str())
    }

    /// The certificate with no subkeys but those of a role, binary: for readers that take every key of a
    /// certificate for good, as package managers do.
    ///
    /// # Errors
    /// [`VerifyError::Certificate`]
    pub fn certificate_of(&self, role: Role) -> Result<Vec<u8>, VerifyError> {
        let wanted = self.keys_of(role);
        let bad = |cause: sequoia_openpgp::anyhow::Error| VerifyError::Certificate(format!("{cause:#}"));
        let cert = Cert::from_bytes(&self.certificate).map_err(bad)?;
        let has_role = |key: &sequoia_openpgp::Fingerprint| {
            Fingerprint::try_from(key.to_hex()).is_ok_and(|key| wanted.contains(&key))
        };
        cert.retain_subkeys(|subkey| has_role(&subkey.key().fingerprint())).to_vec().map_err(bad)
    }

    /// The fingerprints of a role; empty when no key has it.
    pub fn keys_of(&self, role: Role) -> BTreeSet<Fingerprint> {
        self.roles.roles.get(&role).cloned().unwrap_or_default()
    }
}

fn anchored(certificate: &Path) -> Result<Option<KeyRoles>, FileError> {
    let path = certificate.with_file_name(ANCHOR_FILE);
    if !path.exists() {
        return Ok(None);
    }
    let bytes = std::fs::read(&path).on("read", &path)?;
    let anchor = Anchor::parse(&bytes).map_err(std::io::Error::other).on("understand", &path)?;
    Ok(Some(KeyRoles { vendor: anchor.vendor, primary: anchor.primary, roles: anchor.roles }))
}

/// A binary certificate as text, for readers that take no other form.
///
/// # Errors
/// [`VerifyError::Certificate`]
pub fn armored(certificate: &[u8]) -> Result<Vec<u8>, VerifyError> {
    let bad = |cause: sequoia_openpgp::anyhow::Error| VerifyError::Certificate(format!("{cause:#}"));
    Cert::from_bytes(certificate).map_err(bad)?.armored().to_vec().map_err(bad)
}

/// The primary key of a certificate, armored or not; `None` where it is none.
pub fn primary_of(certificate: &[u8]) -> Option<Fingerprint> {
    let cert = Cert::from_bytes(certificate).ok()?;
    Fingerprint::try_from(cert.fingerprint().to_hex()).ok()
}

/// A certificate, armored or not, as bytes.
///
/// # Errors
/// [`VerifyError::Certificate`]
pub fn unarmored(certificate: &[u8]) -> Result<Vec<u8>, VerifyError> {
    let bad = |cause: sequoia_openpgp::anyhow::Error| VerifyError::Certificate(format!("{cause:#}"));
    Cert::from_bytes(certificate).map_err(bad)?.to_vec().map_err(bad)
}

/// The certificate of whoever releases the agent, or packs media, binary, and those of its keys that may sign them:
/// the keys with the role `package` where a table of roles is beside it, else every key that signs.
///
/// # Errors
/// [`TrustError`]
pub fn signing_keys(certificate: &Path) -> Result<(Vec<u8>, BTreeSet<Fingerprint>), TrustError> {
    let bytes = std::fs::read(certificate).on("read", certificate)?;
    let (cert, binary) = binary(&bytes, certificate)?;
    if let Some(roles) = KeyRoles::beside(certificate)? {
        return Ok((binary, roles.roles.get(&Role::Package).cloned().unwrap_or_default()));
    }
    let policy = StandardPolicy::new();
    let valid = cert.with_policy(&policy, None).map_err(bad(certificate))?;
    let signing = valid.keys().for_signing().map(|key| key.key().fingerprint().to_hex());
    Ok((binary, signing.filter_map(|hex| Fingerprint::try_from(hex).ok()).collect()))
}

/// A certificate, armored or not, and its binary form.
fn binary(bytes: &[u8], path: &Path) -> Result<(Cert, Vec<u8>), TrustError> {
    let cert = Cert::from_bytes(bytes).map_err(bad(path))?;
    let binary = cert.to_vec().map_err(bad(path))?;
    Ok((cert, binary))
}

fn bad(path: &Path) -> impl FnOnce(sequoia_openpgp::anyhow::Error) -> TrustError {
    let place = path.display().to_string();
    move |cause| TrustError::Certificate { place, cause: VerifyError::Certificate(format!("{cause:#}")) }
}
