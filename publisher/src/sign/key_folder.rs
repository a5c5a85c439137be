//! The files of a vendor's keys: a secret file per role, the certificate, and the table of roles.
//!
//! Each secret file is enough for its role and holds no other secret, so that the primary can be taken
//! offline and the two runners of a pipeline get one key each.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use consign_metadata::document::Role;
use consign_metadata::name::VendorName;
use sequoia_openpgp as openpgp;

use openpgp::crypto::Password;
use openpgp::serialize::SerializeInto;
use openpgp::{Cert, Packet};

use super::roles::ROLES_FILE;
use super::vendor_keys::{VendorKeys, fingerprint};
use super::{KeyFileError, KeyRoles};
use crate::file::OnFile;

/// Where the files of a vendor's keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the path of the file of that name")]
pub struct KeyFiles {
    pub primary_secret: PathBuf,
    pub package_secret: PathBuf,
    pub index_secret: PathBuf,
    pub certificate: PathBuf,
    pub certificate_armored: PathBuf,
    pub roles: PathBuf,
}

impl KeyFiles {
    /// The files of a key folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            primary_secret: folder.join("primary.secret.pgp"),
            package_secret: folder.join("package.secret.pgp"),
            index_secret: folder.join("index.secret.pgp"),
            certificate: folder.join("certificate.pgp"),
            certificate_armored: folder.join("certificate.asc"),
            roles: folder.join(ROLES_FILE),
        }
    }

    fn all(&self) -> [&Path; 6] {
        let Self { primary_secret, package_secret, index_secret, certificate, certificate_armored, roles } = self;
        [primary_secret, package_secret, index_secret, certificate, certificate_armored, roles]
    }
}

/// Writes all files, secrets protected by the passphrase and readable by their owner only.
///
/// # Errors
/// [`KeyFileError`]; nothing is ever overwritten.
pub fn write_keys(
    folder: &Path,
    vendor: &VendorName,
    keys: &VendorKeys,
    passphrase: Option<&Password>,
) -> Result<KeyFiles, KeyFileError> {
    let files = KeyFiles::in_folder(folder);
    if let Some(present) = files.all().into_iter().find(|file| file.symlink_metadata().is_ok()) {
        return Err(KeyFileError::Exists { path: present.to_owned() });
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).on("create", folder)?;
    let protected = protect(&keys.cert, passphrase).map_err(KeyFileError::openpgp(folder))?;
    let secret_of = |key: openpgp::Fingerprint, path: &Path| {
        protected
            .as_tsk()
            .set_filter(move |k| k.fingerprint() == key)
            // gpg imports a secret subkey only with the stub of its primary.
            .emit_secret_key_stubs(true)
            .to_vec()
            .map_err(KeyFileError::openpgp(path))
    };
    let handle = |role| keys.key_of(role).as_str().parse().expect("it came from an OpenPGP fingerprint");
    let roles = KeyRoles {
        vendor: vendor.clone(),
        primary: keys.primary(),
        roles: [Role::Package, Role::Index].into_iter().map(|r| (r, [keys.key_of(r).clone()].into())).collect(),
    };
    let public = keys.cert.clone().strip_secret_key_material();
    let certificate = public.to_vec().map_err(KeyFileError::openpgp(&files.certificate))?;
    let armored = public.armored().to_vec().map_err(KeyFileError::openpgp(&files.certificate_armored))?;
    let roles = serde_json::to_vec_pretty(&roles).expect("names and fingerprints are JSON");

    create(&files.primary_secret, 0o600, &secret_of(protected.fingerprint(), &files.primary_secret)?)?;
    create(&files.package_secret, 0o600, &secret_of(handle(Role::Package), &files.package_secret)?)?;
    create(&files.index_secret, 0o600, &secret_of(handle(Role::Index), &files.index_secret)?)?;
    create(&files.certificate, 0o644, &certificate)?;
    create(&files.certificate_armored, 0o644, &armored)?;
    create(&files.roles, 0o644, &roles)?;
    Ok(files)
}

fn protect(cert: &Cert, passphrase: Option<&Password>) -> openpgp::Result<Cert> {
    let Some(passphrase) = passphrase else { return Ok(cert.clone()) };
    let mut packets: Vec<Packet> = Vec::new();
    for key in cert.keys().secret() {
        let key = key.key().clone();
        let own = fingerprint(&key.fingerprint()) == fingerprint(&cert.fingerprint());
        let protected = key.encrypt_secret(passphrase)?;
        packets.push(if own {
            Packet::from(protected.role_into_primary())
        } else {
            Packet::from(protected.role_into_subordinate())
        });
    }
    Ok(cert.clone().insert_packets(packets)?.0)
}

fn create(path: &Path, mode: u32, bytes: &[u8]) -> Result<(), KeyFileError> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path).on("create", path)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).on("write", path)?;
    Ok(())
}
