//! What the formats have in common once a package is read, and what they keep to themselves.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use consign_metadata::anchor::Fingerprint;
use consign_metadata::digest::Sha256;
use consign_metadata::msi::{MsiFile, ORIGIN};
use consign_metadata::name::PackageName;
use consign_metadata::plan::NativeVersions;
use consign_metadata::rpm::{Header, LEAD_MAGIC, RpmLayout, tag};

use serde::{Deserialize, Serialize};

use super::deb::{self, Paragraph};
use super::msi::{self, MsiFacts};
use super::{NoteFile, PackageError, Plans, SignedPlan, Unfit, rpm};
use crate::sign::OpenPgpSigner;

const MAXIMUM_SIGNATURE: u64 = 64 * 1024;

/// A format that packages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PackageFormat {
    /// For dpkg and apt.
    Deb,
    /// For rpm and dnf or zypper.
    Rpm,
    /// For Windows Installer.
    Msi,
}

impl fmt::Display for PackageFormat {
    /// As the manifest and file names say it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deb => "deb",
            Self::Rpm => "rpm",
            Self::Msi => "msi",
        })
    }
}

/// What only one kind of repository understands of a package.
#[derive(Debug, Clone)]
pub enum Format {
    /// The control file of a .deb.
    Deb(Paragraph),
    /// The header of an .rpm.
    Rpm(Header),
    /// What an .msi is to Windows.
    Msi(MsiFacts),
}

impl Format {
    /// A native version as a plan or a feed names it.
    pub fn native(&self, version: &str) -> NativeVersions {
        let version = Some(version.to_owned());
        match self {
            Self::Deb(_) => NativeVersions { deb: version, ..NativeVersions::default() },
            Self::Rpm(_) => NativeVersions { rpm: version, ..NativeVersions::default() },
            Self::Msi(_) => NativeVersions { msi: version, ..NativeVersions::default() },
        }
    }

    /// The version of this format among those of a plan or a feed.
    pub fn version_in<'a>(&self, native: &'a NativeVersions) -> Option<&'a str> {
        match self {
            Self::Deb(_) => native.deb.as_deref(),
            Self::Rpm(_) => native.rpm.as_deref(),
            Self::Msi(_) => native.msi.as_deref(),
        }
    }

    /// Who answers for the package.
    pub fn maintainer(&self) -> Option<&str> {
        match self {
            Self::Deb(control) => control.get("Maintainer"),
            Self::Rpm(header) => header.text(tag::PACKAGER),
            Self::Msi(facts) => Some(&facts.manufacturer),
        }
    }
}

/// What is read of a package whose signature was verified.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    pub format: Format,
    pub name: PackageName,
    pub version: String,
    pub architecture: String,
    pub content_digest: Sha256,
    pub signer: Fingerprint,
    pub plan: Option<Arc<SignedPlan>>,
    pub notes: Vec<NoteFile>,
}

impl Opened {
    /// Reads a package of whichever format begins as it does.
    pub fn read(file: &mut (impl Read + Seek + Send + Sync), plans: &Plans) -> Result<Self, Unfit> {
        let begins = begins(file).map_err(consign_metadata::rpm::RpmError::Read)?;
        if begins.starts_with(&LEAD_MAGIC) {
            Ok(rpm::open(file, plans)?)
        } else if begins.starts_with(&consign_metadata::msi::MAGIC) {
            Ok(msi::open(file, plans)?)
        } else {
            Ok(deb::open(file, plans)?)
        }
    }
}

/// Whether a file begins as an .rpm does.
pub(crate) fn is_rpm(file: &mut (impl Read + Seek)) -> io::Result<bool> {
    Ok(begins(file)?.starts_with(&LEAD_MAGIC))
}

/// The first bytes of a file, which tell the formats apart.
fn begins(file: &mut (impl Read + Seek)) -> io::Result<Vec<u8>> {
    let mut magic = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.by_ref().take(8).read_to_end(&mut magic)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(magic)
}

/// The signature that a package carries. Nothing is verified, so that nothing but a message may rest on it.
pub(crate) fn unverified_signature(path: &Path) -> Option<Vec<u8>> {
    let mut file = File::open(path).ok()?;
    if is_rpm(&mut file).ok()? {
        return RpmLayout::read(&mut file).ok()?.signatures().first().cloned();
    }
    if begins(&mut file).ok()?.starts_with(&consign_metadata::msi::MAGIC) {
        return MsiFile::open(file).ok()?.bytes(ORIGIN, MAXIMUM_SIGNATURE).ok()?;
    }
    let mut archive = ar::Archive::new(file);
    while let Some(Ok(member)) = archive.next_entry() {
        if member.header().identifier() == b"_gpgorigin" {
            let mut bytes = Vec::new();
            member.take(MAXIMUM_SIGNATURE).read_to_end(&mut bytes).ok()?;
            return Some(bytes);
        }
    }
    None
}

/// How the signature gets into the unsigned file of a format.
pub(super) trait Seal: std::fmt::Debug {
    /// Signs what is to be signed, and writes the signature to its place.
    fn seal(&self, file: &mut File, signer: &dyn OpenPgpSigner) -> Result<(), PackageError>;
}
