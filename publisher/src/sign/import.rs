//! A vendor's existing OpenPGP key, taken over as the keys of a vendor.
//!
//! Everything that is wrong with it is found before anything is written, and told at once.

mod examination;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, SystemTime};

use consign_metadata::anchor::Fingerprint;
use consign_metadata::document::Role;
use consign_metadata::name::VendorName;
use sequoia_openpgp as openpgp;

use openpgp::Cert;
use openpgp::cert::CertParser;
use openpgp::parse::Parse;

use super::key_folder::write_all;
use super::vendor_keys::fingerprint;
use super::{KeyFileError, KeyFiles, KeyRoles, Passphrase, Primary};
use crate::file::OnFile;

pub use examination::Finding;

/// Which subkeys are to have which role, where their owner says so.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// For packages and plans.
    pub package: Option<Fingerprint>,
    /// For the indexes and the feed.
    pub index: Option<Fingerprint>,
}

/// A key that was read, and what is to be said of it.
pub struct Import {
    cert: Cert,
    passphrase: Option<Passphrase>,
    package: Option<Fingerprint>,
    index: Option<Fingerprint>,
    /// Everything that was found.
    pub findings: Vec<Finding>,
}

// Secrets have no place in a log.
impl std::fmt::Debug for Import {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Import").field(&self.cert.fingerprint()).finish()
    }
}

/// What was taken over.
#[derive(Debug)]
pub struct Imported {
    /// Where everything is.
    pub files: KeyFiles,
    /// Which key has which role.
    pub roles: KeyRoles,
    /// Those that had to be made.
    pub made: BTreeSet<Fingerprint>,
}

impl Import {
    /// Reads and examines a key. `ask` is called only if a secret is locked.
    ///
    /// # Errors
    /// [`KeyFileError`], when it is no key at all.
    pub fn read(
        path: &Path,
        wish: &Wish,
        ask: impl FnOnce() -> Result<Passphrase, String>,
    ) -> Result<Self, KeyFileError> {
        let bytes = std::fs::read(path).on("read", path)?;
        let certs = CertParser::from_bytes(&bytes).and_then(Iterator::collect::<openpgp::Result<Vec<Cert>>>);
        let mut certs = certs.map_err(KeyFileError::openpgp(path))?;
        let unusable = |reason: &str| KeyFileError::Unusable { path: path.to_owned(), reason: reason.to_owned() };
        let cert = certs.pop().ok_or_else(|| unusable("it is no OpenPGP key"))?;
        if !certs.is_empty() {
            return Err(unusable("it holds several keys; export one: gpg --export-secret-keys FINGERPRINT"));
        }
        let locked =
            cert.keys().secret().any(|key| !super::key_file::is_stub(key.key()) && !key.key().has_unencrypted_secret());
        let passphrase = match locked {
            true => Some(ask().map_err(|reason| KeyFileError::Locked { path: path.to_owned(), reason })?),
            false => None,
        };
        let (choice, findings) = examination::examine(&cert, wish, passphrase.as_ref());
        Ok(Self { cert, passphrase, package: choice.package, index: choice.index, findings })
    }

    /// Whether something stands in the way.
    pub fn is_refused(&self) -> bool {
        self.findings.iter().any(|finding| finding.fault)
    }

    /// Makes the subkeys that are missing and writes the folder of a vendor's keys.
    ///
    /// # Errors
    /// [`KeyFileError`]; nothing is ever overwritten.
    pub fn write(
        self,
        folder: &Path,
        vendor: &VendorName,
        valid_for: Duration,
        now: SystemTime,
    ) -> Result<Imported, KeyFileError> {
        let primary = fingerprint(&self.cert.fingerprint());
        let (mut cert, mut made) = (self.cert, BTreeSet::new());
        let mut role_key = |wanted: Option<Fingerprint>, cert: Cert| -> Result<(Cert, Fingerprint), KeyFileError> {
            if let Some(key) = wanted {
                return Ok((cert, key));
            }
            let ask = || self.passphrase.clone().ok_or_else(|| "there is no passphrase".to_owned());
            let secret = Primary::of(&cert, folder, ask)?;
            let (cert, key) = secret.add_subkey(cert, valid_for, now).map_err(KeyFileError::openpgp(folder))?;
            made.insert(key.clone());
            Ok((cert, key))
        };
        let package;
        let index;
        (cert, package) = role_key(self.package, cert)?;
        (cert, index) = role_key(self.index, cert)?;
        // What the key was used for besides has no place on hosts.
        let kept = [package.clone(), index.clone()];
        let cert = cert.retain_subkeys(|key| kept.contains(&fingerprint(&key.key().fingerprint())));
        let roles = [(Role::Package, [package].into()), (Role::Index, [index].into())].into();
        let roles = KeyRoles { vendor: vendor.clone(), primary, roles };
        let files = write_all(folder, &cert, &roles)?;
        Ok(Imported { files, roles, made })
    }
}
