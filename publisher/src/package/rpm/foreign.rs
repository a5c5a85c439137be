//! An .rpm that was built by others: rpmbuild, nfpm, and whatever writes format 4.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use consign_metadata::name::PackageName;
use consign_metadata::rpm::{Header, RpmError, RpmLayout, tag};

use super::Relation;
use super::opened::CONTENT;
use super::scriptlet::{Scriptlet, Slot};
use crate::file::OnFile;
use crate::package::foreign::ForeignPackage;
use crate::package::{PackageError, PackageFormat};

const KIND_OF_FILE: u64 = 0o170_000;
const FOLDER: u64 = 0o040_000;
/// Where a lead has the number of the processors.
const MACHINE: u64 = 8;
/// Those of hosts that there is an agent for; the old ones run on 64-bit PCs as well.
const ARCHITECTURES: [&str; 7] = ["noarch", "x86_64", "i386", "i486", "i586", "i686", "aarch64"];
const COMPRESSORS: [&str; 3] = ["gzip", "xz", "zstd"];

/// An .rpm that was built by others. Its payload stays where it is until it is copied.
#[derive(Debug)]
pub struct ForeignRpm {
    pub(super) path: PathBuf,
    pub(super) name: PackageName,
    pub(super) header: Header,
    pub(super) layout: RpmLayout,
    pub(super) machine: u16,
    version: String,
    folders: BTreeSet<String>,
    others: BTreeSet<String>,
}

impl ForeignRpm {
    /// Reads what a package says of itself, and compares its payload with the digest in its header.
    ///
    /// # Errors
    /// [`PackageError::Unusable`] with what is wrong, or cannot be kept.
    pub fn open(path: &Path) -> Result<Self, PackageError> {
        let unusable = |cause: RpmError| {
            let cause = match cause {
                RpmError::Shape(what) => RpmError::Foreign(format!("is no .rpm that can be wrapped: {what}")),
                cause => cause,
            };
            PackageError::Unusable { path: path.to_owned(), cause: cause.into() }
        };
        let mut file = File::open(path).on("read", path)?;
        let layout = RpmLayout::read(&mut file).map_err(unusable)?;
        let header = layout.unverified_header(&mut file).map_err(unusable)?;
        can_be_kept(&header).map_err(|reason| unusable(RpmError::Foreign(reason)))?;
        if header.has(tag::PAYLOAD_DIGEST) {
            layout.verify_payload(&mut file, &header).map_err(unusable)?;
        }
        let name = header.name().parse().map_err(|e| unusable(RpmError::Foreign(format!("has a bad name: {e}"))))?;
        let mut machine = [0; 2];
        file.read_exact_at(&mut machine, MACHINE).on("read", path)?;
        let mut package = Self {
            path: path.to_owned(),
            name,
            version: header.native_version(),
            header,
            layout,
            machine: u16::from_be_bytes(machine),
            folders: BTreeSet::new(),
            others: BTreeSet::new(),
        };
        package.sort_paths();
        Ok(package)
    }

    /// A scriptlet of it.
    ///
    /// # Errors
    /// When it cannot be read as text.
    pub fn scriptlet(&self, slot: &Slot) -> Result<Option<Scriptlet>, String> {
        slot.of(&self.header)
    }

    /// What it needs already.
    pub fn needs(&self, relation: &Relation) -> bool {
        let compared = |flags: u32| flags & (tag::LESS | tag::GREATER | tag::EQUAL);
        let same = |own: &consign_metadata::rpm::Relation<'_>| {
            own.name == relation.name
                && own.version == relation.version
                && compared(own.flags) == compared(relation.flags)
        };
        self.header.requires().iter().any(same)
    }

    fn sort_paths(&mut self) {
        let modes = self.header.numbers(tag::FILE_MODES);
        for (path, mode) in self.header.paths().into_iter().zip(modes) {
            let known = if mode & KIND_OF_FILE == FOLDER { &mut self.folders } else { &mut self.others };
            known.insert(path.trim_matches('/').to_owned());
        }
    }
}

impl ForeignPackage for ForeignRpm {
    fn path(&self) -> &Path {
        &self.path
    }

    fn format(&self) -> PackageFormat {
        PackageFormat::Rpm
    }

    fn name(&self) -> &PackageName {
        &self.name
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn architecture(&self) -> &str {
        self.header.architecture()
    }

    fn newest(&self) -> u64 {
        let built = self.header.number(tag::BUILD_TIME).unwrap_or(0);
        self.header.numbers(tag::FILE_MTIMES).into_iter().max().unwrap_or(built)
    }

    fn file_name(&self) -> String {
        format!("{}-{}.{}.rpm", self.name, self.version, self.architecture())
    }

    fn folders(&self) -> &BTreeSet<String> {
        &self.folders
    }

    fn others(&self) -> &BTreeSet<String> {
        &self.others
    }
}

/// What could not be kept as it is, or would not be read by every rpm that reads ours.
fn can_be_kept(header: &Header) -> Result<(), String> {
    let format = header.number(tag::RPM_FORMAT).unwrap_or(4);
    if format > 4 {
        return Err(format!("is of format {format}, which rpm of EL 9 and before cannot read; build it in format 4"));
    }
    if header.has(tag::SOURCE_PACKAGE) || !header.has(tag::SOURCE_RPM) {
        return Err("is a source package".to_owned());
    }
    if header.text(tag::COOKIE).is_some_and(|cookie| cookie.starts_with(CONTENT)) {
        return Err("was made by consign already".to_owned());
    }
    let architecture = header.architecture();
    if !ARCHITECTURES.contains(&architecture) {
        let known = ARCHITECTURES.join(", ");
        return Err(format!("is for {architecture}, for which there is no agent; there is one for {known}"));
    }
    if header.has(tag::LONG_FILE_SIZES) {
        return Err(
            "has files of 4 GiB or more, and the archive in the payload cannot say how long they are".to_owned()
        );
    }
    if header.number(tag::EPOCH).is_some_and(|epoch| epoch > 0) {
        return Err("has an epoch, which plans do not name; build it without".to_owned());
    }
    if header.has(tag::OLD_FILE_NAMES) {
        return Err("is of rpm before 4.0".to_owned());
    }
    if header.has(tag::BASE_NAMES) && header.number(tag::FILE_DIGEST_ALGORITHM) != Some(tag::SHA256) {
        return Err("has no SHA-256 of its files; say %global _binary_filedigest_algorithm 8".to_owned());
    }
    match header.text(tag::PAYLOAD_COMPRESSOR) {
        Some(name) if !COMPRESSORS.contains(&name) => {
            return Err(format!(
                "has a payload compressed with {name}; of these only {} are read",
                COMPRESSORS.join(", ")
            ));
        }
        _ => {}
    }
    match header.text(tag::PAYLOAD_FORMAT) {
        Some("cpio") | None => Ok(()),
        Some(other) => Err(format!("has a payload of the format {other}")),
    }
}
