//! A package file that lacks only its signature.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use consign_metadata::digest::Sha256;
use consign_metadata::openpgp::Keyring;
use tempfile::NamedTempFile;

use super::format::Seal;
use super::{PackageError, SignedPackage};
use crate::file::OnFile;
use crate::sign::OpenPgpSigner;

/// A package file that lacks only its signature. It is deleted if it is dropped unsigned.
#[derive(Debug)]
pub struct UnsignedPackage {
    pub(super) file: NamedTempFile,
    pub(super) file_name: String,
    pub(super) seal: Box<dyn Seal>,
    pub(super) content_digest: Sha256,
    pub(super) warnings: Vec<String>,
}

impl UnsignedPackage {
    /// Where the unsigned file is.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// The name the signed file will have.
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// Digest of what the package is, apart from signatures and compression: equal digests, same package.
    pub fn content_digest(&self) -> Sha256 {
        self.content_digest
    }

    /// What is legal but deserves a look, such as files that run as their owner.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Signs the package, verifies the signature, and gives the file its name.
    ///
    /// # Errors
    /// [`PackageError`]
    pub fn sign(mut self, signer: &dyn OpenPgpSigner) -> Result<SignedPackage, PackageError> {
        self.seal.seal(self.file.as_file_mut(), signer)?;
        let keyring = Keyring::new(&signer.certificate(), [signer.fingerprint()].into(), "package")?;
        // Whoever reads the folder must never see a package that is not good.
        let package = SignedPackage::open(self.file.path(), &keyring)?;
        Ok(package.moved_to(self.keep()?))
    }

    fn keep(self) -> Result<PathBuf, PackageError> {
        let folder = self.file.path().parent().unwrap_or(Path::new(".")).to_owned();
        let path = folder.join(&self.file_name);
        self.file.as_file().sync_all().on("write", &path)?;
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        fs::set_permissions(self.file.path(), readable).on("write", &path)?;
        self.file.persist(&path).map_err(|e| e.error).on("create", &path)?;
        File::open(&folder).and_then(|f| f.sync_all()).on("write", &folder)?;
        Ok(path)
    }
}
