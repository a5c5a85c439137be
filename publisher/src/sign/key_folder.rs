//! The files of a vendor's keys: a secret file per role, the certificate, and the table of roles.
//!
//! Each secret file is enough for its role and holds no other secret, so that the primary can be taken
//! offline and the two runners of a pipeline get one key each.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use consign_metadata::anchor::Fingerprint;
use consign_metadata::document::Role;
use consign_metadata::name::VendorName;
use sequoia_openpgp as openpgp;

use openpgp::crypto::Password;
use openpgp::serialize::SerializeInto;
use openpgp::{Cert, Packet};

use super::key_file::is_stub;
use super::roles::ROLES_FILE;
use super::vendor_keys::{VendorKeys, fingerprint};
use super::{KeyFileError, KeyRoles};
use crate::file::OnFile;

/// The certificate, binary, beside the secret files.
pub const CERTIFICATE_FILE: &str = "certificate.pgp";

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

/// Which of the secrets of a role a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// It signs.
    Current,
    /// Hosts get to know it; it will sign.
    Next,
    /// It signs beside the current one for a while.
    Old,
}

impl Turn {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Current, Self::Next, Self::Old];
}

impl KeyFiles {
    /// The files of a key folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            primary_secret: folder.join("primary.secret.pgp"),
            package_secret: folder.join("package.secret.pgp"),
            index_secret: folder.join("index.secret.pgp"),
            certificate: folder.join(CERTIFICATE_FILE),
            certificate_armored: folder.join("certificate.asc"),
            roles: folder.join(ROLES_FILE),
        }
    }

    /// The file of a role's secret.
    pub fn secret(&self, role: Role, turn: Turn) -> PathBuf {
        let current = match role {
            Role::Package => &self.package_secret,
            Role::Index => &self.index_secret,
        };
        match turn {
            Turn::Current => current.clone(),
            Turn::Next => current.with_file_name(format!("{}.next.secret.pgp", role.as_str())),
            Turn::Old => current.with_file_name(format!("{}.old.secret.pgp", role.as_str())),
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
    let protected = protect(&keys.cert, passphrase).map_err(KeyFileError::openpgp(folder))?;
    let of = |role: Role| (role, [keys.key_of(role).clone()].into());
    let roles = KeyRoles {
        vendor: vendor.clone(),
        primary: keys.primary(),
        roles: [of(Role::Package), of(Role::Index)].into(),
    };
    write_all(folder, &protected, &roles)
}

/// Writes all files of keys that are protected already; that of the primary only if its secret is there.
pub(super) fn write_all(folder: &Path, protected: &Cert, roles: &KeyRoles) -> Result<KeyFiles, KeyFileError> {
    let files = KeyFiles::in_folder(folder);
    if let Some(present) = files.all().into_iter().find(|file| file.symlink_metadata().is_ok()) {
        return Err(KeyFileError::Exists { path: present.to_owned() });
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).on("create", folder)?;
    let secret = protected.primary_key().key().clone().parts_into_secret();
    if secret.is_ok_and(|key| !is_stub(&key)) {
        create_secret(&files.primary_secret, protected, &roles.primary)?;
    }
    for (role, path) in [(Role::Package, &files.package_secret), (Role::Index, &files.index_secret)] {
        for key in roles.roles.get(&role).into_iter().flatten() {
            create_secret(path, protected, key)?;
        }
    }
    let (certificate, armored) = certificate_files(protected, &files)?;
    create(&files.certificate, 0o644, &certificate)?;
    create(&files.certificate_armored, 0o644, &armored)?;
    create(&files.roles, 0o644, &table(roles))?;
    Ok(files)
}

/// Replaces the public files: certificate first, so that no role is ever given to a key that is not in it.
pub(super) fn replace_public(files: &KeyFiles, cert: &Cert, roles: &KeyRoles) -> Result<(), KeyFileError> {
    let (certificate, armored) = certificate_files(cert, files)?;
    replace(&files.certificate, &certificate)?;
    replace(&files.certificate_armored, &armored)?;
    replace(&files.roles, &table(roles))
}

fn certificate_files(cert: &Cert, files: &KeyFiles) -> Result<(Vec<u8>, Vec<u8>), KeyFileError> {
    let public = cert.clone().strip_secret_key_material();
    let certificate = public.to_vec().map_err(KeyFileError::openpgp(&files.certificate))?;
    let armored = public.armored().to_vec().map_err(KeyFileError::openpgp(&files.certificate_armored))?;
    Ok((certificate, armored))
}

fn table(roles: &KeyRoles) -> Vec<u8> {
    serde_json::to_vec_pretty(roles).expect("names and fingerprints are JSON")
}

/// Writes the file of one secret, with the public half of the others.
pub(super) fn create_secret(path: &Path, cert: &Cert, key: &Fingerprint) -> Result<(), KeyFileError> {
    let wanted = key.clone();
    let bytes = cert
        .as_tsk()
        .set_filter(move |key| fingerprint(&key.fingerprint()) == wanted)
        // gpg imports a secret subkey only with the stub of its primary.
        .emit_secret_key_stubs(true)
        .to_vec()
        .map_err(KeyFileError::openpgp(path))?;
    create(path, 0o600, &bytes)
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

/// Whole or not at all, for whoever publishes meanwhile.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), KeyFileError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).on("create a file in", folder)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).on("write", path)?;
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).on("write", path)?;
    file.persist(path).map_err(|error| error.error).on("replace", path)?;
    Ok(())
}
