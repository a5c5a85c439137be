//! A package file whose signature was verified: the only thing a repository accepts.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};

use consign_metadata::anchor::Fingerprint;
use consign_metadata::deb::{DebError, DebLayout};
use consign_metadata::digest::Sha256;
use consign_metadata::name::PackageName;
use consign_metadata::openpgp::Keyring;
use consign_metadata::plan::UpgradePlan;
use consign_metadata::text::Language;
use consign_metadata::version::Version;

use super::PackageError;
use super::deb::{self, Paragraph};
use crate::file::OnFile;

/// A package file whose signature was verified.
#[derive(Debug, Clone)]
pub struct SignedPackage {
    path: PathBuf,
    control: Paragraph,
    name: PackageName,
    content_digest: Sha256,
    signer: Fingerprint,
    digest: Sha256,
    size: u64,
    plan: Option<SignedPlan>,
    notes: Vec<NoteFile>,
}

/// A plan with the signed message that it was read from.
#[derive(Debug, Clone)]
pub struct SignedPlan {
    /// The signed message, as it is distributed.
    pub message: Vec<u8>,
    /// What it says.
    pub plan: UpgradePlan,
}

/// A release note as it travels in a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteFile {
    /// The version it speaks of.
    pub version: Version,
    /// Its language.
    pub language: Language,
    /// Markdown.
    pub text: String,
}

impl SignedPackage {
    /// Verifies a package with the keys of the role `package`, and reads what is needed to publish it.
    ///
    /// # Errors
    /// [`PackageError::Unusable`] when it is not signed by one of these keys, or not as we build them.
    pub fn open(path: &Path, keyring: &Keyring) -> Result<Self, PackageError> {
        let mut file = File::open(path).on("read", path)?;
        let unusable = |cause| PackageError::Unusable { path: path.to_owned(), cause };
        let shape = |reason: String| unusable(DebError::Shape(reason));
        let layout = DebLayout::read(&mut file).map_err(unusable)?;
        let signer = layout.verify_origin(&mut file, keyring).map_err(unusable)?;
        let archive = deb::ControlArchive::read(&layout, &mut file).map_err(unusable)?;
        let control = archive.control().map_err(unusable)?;
        let field = |name: &str| control.get(name).ok_or_else(|| shape(format!("its control file has no {name}")));
        let name = field("Package")?.parse().map_err(|e| shape(format!("it has a bad name: {e}")))?;
        field("Version")?;
        field("Architecture")?;
        let content_digest =
            field(deb::CONTENT_FIELD)?.parse().map_err(|e| shape(format!("it has a bad content digest: {e}")))?;
        let plan = archive.plan(keyring).map_err(unusable)?;
        let notes = match &plan {
            Some(signed) => archive.notes(&signed.plan).map_err(unusable)?,
            None => Vec::new(),
        };
        file.seek(SeekFrom::Start(0)).on("read", path)?;
        let (digest, size) = Sha256::of_reader(&mut file).on("read", path)?;
        Ok(Self { path: path.to_owned(), control, name, content_digest, signer, digest, size, plan, notes })
    }

    pub(super) fn moved_to(self, path: PathBuf) -> Self {
        Self { path, ..self }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its name.
    pub fn name(&self) -> &PackageName {
        &self.name
    }

    /// Its native version.
    pub fn version(&self) -> &str {
        self.control.version()
    }

    /// Its native architecture.
    pub fn architecture(&self) -> &str {
        self.control.architecture()
    }

    /// All fields of its control file.
    pub fn control(&self) -> &Paragraph {
        &self.control
    }

    /// Digest of what the package is, apart from signatures and compression: equal digests, same package.
    pub fn content_digest(&self) -> Sha256 {
        self.content_digest
    }

    /// The key that signed it.
    pub fn signer(&self) -> &Fingerprint {
        &self.signer
    }

    /// Digest of the file.
    pub fn file_digest(&self) -> Sha256 {
        self.digest
    }

    /// Length of the file.
    pub fn file_size(&self) -> u64 {
        self.size
    }

    /// The plan it carries; a module of a product has one.
    pub fn plan(&self) -> Option<&SignedPlan> {
        self.plan.as_ref()
    }

    /// The release notes it carries, ascending by version.
    pub fn notes(&self) -> &[NoteFile] {
        &self.notes
    }
}
