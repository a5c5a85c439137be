//! A package file whose signature was verified: the only thing a repository accepts.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use consign_metadata::anchor::Fingerprint;
use consign_metadata::digest::Sha256;
use consign_metadata::name::PackageName;
use consign_metadata::openpgp::Keyring;
use consign_metadata::plan::UpgradePlan;
use consign_metadata::text::Language;
use consign_metadata::version::Version;

use super::deb::Paragraph;
use super::format::{Format, Opened};
use super::{PackageError, Plans};
use crate::file::OnFile;

/// A file of no more bytes is read once, and not part by part.
pub const AT_ONCE: u64 = 256 * 1024;

/// A package file whose signature was verified.
#[derive(Debug, Clone)]
pub struct SignedPackage {
    path: PathBuf,
    opened: Opened,
    digest: Sha256,
    size: u64,
}

/// What whoever has a package file knows of it already, and is not found out again.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// Its digest and length.
    pub digest: Option<(Sha256, u64)>,
    /// All of it.
    pub bytes: Option<&'a [u8]>,
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
        Self::one_of_many(path, &Plans::by(keyring.clone()), Known::default())
    }

    /// The same of one of many packages, of which many may carry the same plan.
    ///
    /// # Errors
    /// Those of [`Self::open`].
    pub fn one_of_many(path: &Path, plans: &Plans, known: Known<'_>) -> Result<Self, PackageError> {
        if let Some(bytes) = known.bytes {
            return Self::read(path, &mut Cursor::new(bytes), plans, known);
        }
        let mut file = File::open(path).on("read", path)?;
        let length = file.metadata().on("look at", path)?.len();
        if length > AT_ONCE {
            return Self::read(path, &mut file, plans, known);
        }
        // With room for its end, which is looked for once more.
        let mut bytes = Vec::with_capacity(length as usize + 1);
        file.take(AT_ONCE + 1).read_to_end(&mut bytes).on("read", path)?;
        Self::read(path, &mut Cursor::new(bytes), plans, known)
    }

    fn read(
        path: &Path,
        file: &mut (impl Read + Seek + Send + Sync),
        plans: &Plans,
        known: Known<'_>,
    ) -> Result<Self, PackageError> {
        let opened = Opened::read(file, plans);
        let opened = opened.map_err(|cause| PackageError::Unusable { path: path.to_owned(), cause })?;
        let (digest, size) = match known.digest {
            Some(known) => known,
            None => whole(file).on("read", path)?,
        };
        Ok(Self { path: path.to_owned(), opened, digest, size })
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
        &self.opened.name
    }

    /// Its native version.
    pub fn version(&self) -> &str {
        &self.opened.version
    }

    /// Its native architecture.
    pub fn architecture(&self) -> &str {
        &self.opened.architecture
    }

    /// What only one kind of repository understands of it.
    pub fn format(&self) -> &Format {
        &self.opened.format
    }

    /// All fields of its control file, where it is a .deb.
    pub fn control(&self) -> Option<&Paragraph> {
        match &self.opened.format {
            Format::Deb(control) => Some(control),
            Format::Rpm(_) | Format::Msi(_) => None,
        }
    }

    /// A field of its control file, where it is a .deb and has it.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.control().and_then(|control| control.get(name))
    }

    /// Digest of what the package is, apart from signatures and compression: equal digests, same package.
    pub fn content_digest(&self) -> Sha256 {
        self.opened.content_digest
    }

    /// The key that signed it.
    pub fn signer(&self) -> &Fingerprint {
        &self.opened.signer
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
        self.opened.plan.as_deref()
    }

    /// The release notes it carries, ascending by version.
    pub fn notes(&self) -> &[NoteFile] {
        &self.opened.notes
    }
}

/// Digest and length of a file from its beginning.
fn whole(file: &mut (impl Read + Seek)) -> io::Result<(Sha256, u64)> {
    file.seek(SeekFrom::Start(0))?;
    Sha256::of_reader(file)
}
