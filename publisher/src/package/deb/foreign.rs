//! A package that was built by others: cargo-deb, nfpm, dpkg-buildpackage, and whatever writes `deb(5)`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use consign_metadata::deb::DebError;
use consign_metadata::name::PackageName;
use tar::EntryType;

use super::compression::Compression;
use super::conffiles::Conffiles;
use super::{CONTENT_FIELD, Paragraph};
use crate::file::OnFile;
use crate::package::foreign::ForeignPackage;
use crate::package::{PackageError, PackageFormat};

/// As much as a reader of ours takes, unpacked.
const MAXIMUM_CONTROL: u64 = 64 * 1024 * 1024;

/// A package that was built by others, its payload uncompressed on disk.
#[derive(Debug)]
pub struct ForeignDeb {
    pub(super) path: PathBuf,
    pub(super) name: PackageName,
    pub(super) control: Paragraph,
    pub(super) members: BTreeMap<String, ForeignMember>,
    pub(super) compression: Compression,
    pub(super) data: File,
    pub(super) data_end: u64,
    pub(super) folders: BTreeSet<String>,
    pub(super) others: BTreeSet<String>,
    pub(super) newest: u64,
    pub(super) dropped: Vec<String>,
    pub(super) conffiles: Conffiles,
}

/// A file of its control archive, but not `control`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignMember {
    /// Whether it may be run.
    pub executable: bool,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl ForeignDeb {
    /// Reads a package. The payload is unpacked into an unnamed file below `work`.
    ///
    /// # Errors
    /// [`PackageError::Unusable`] with what is wrong.
    pub fn open(path: &Path, work: &Path) -> Result<Self, PackageError> {
        let unusable =
            |reason: String| PackageError::Unusable { path: path.to_owned(), cause: DebError::Foreign(reason).into() };
        let file = BufReader::with_capacity(1 << 17, File::open(path).on("read", path)?);
        let mut archive = ar::Archive::new(file);
        let (mut control, mut payload, mut dropped) = (None, None, Vec::new());
        while let Some(entry) = archive.next_entry() {
            let entry = entry.map_err(|cause| unusable(format!("is not an ar archive: {cause}")))?;
            let name = String::from_utf8_lossy(entry.header().identifier()).into_owned();
            let content = BufReader::with_capacity(1 << 17, entry);
            if name == "debian-binary" {
                is_version_2(content).map_err(&unusable)?;
            } else if let (Some(compression), None) = (Compression::of(&name, "control"), &control) {
                control = Some(control_archive(content, compression).map_err(&unusable)?);
            } else if let (Some(compression), None) = (Compression::of(&name, "data"), &payload) {
                let unpacked =
                    unpack(content, compression, work).map_err(|e| unusable(format!("has a bad {name}: {e}")))?;
                payload = Some((compression, unpacked));
            } else if name.starts_with('_') {
                dropped.push(name);
            } else {
                return Err(unusable(format!("has the member {name}, which is not expected there")));
            }
        }
        let mut members = control.ok_or_else(|| unusable("has no control archive".to_owned()))?;
        let (compression, data) = payload.ok_or_else(|| unusable("has no payload".to_owned()))?;
        let control = members.remove("control").ok_or_else(|| unusable("has no control file".to_owned()))?;
        let (control, name) = paragraph(&control.bytes).map_err(&unusable)?;
        let conffiles = Conffiles::named(&members);
        let mut package = Self {
            path: path.to_owned(),
            name,
            control,
            members,
            compression,
            data,
            data_end: 0,
            folders: BTreeSet::new(),
            others: BTreeSet::new(),
            newest: 0,
            dropped,
            conffiles,
        };
        package.look_through().map_err(|cause| unusable(format!("has a bad payload: {cause}")))?;
        Ok(package)
    }

    /// What is in the payload, where it ends, and how new it is.
    fn look_through(&mut self) -> io::Result<()> {
        self.data.seek(SeekFrom::Start(0))?;
        let mut archive = tar::Archive::new(BufReader::new(&self.data));
        for entry in archive.entries()? {
            let mut entry = entry?;
            let (header, kind) = (entry.header().clone(), entry.header().entry_type());
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            if kind == EntryType::GNUSparse {
                return Err(io::Error::other(format!("{path} is a sparse entry, which dpkg does not unpack")));
            }
            let path = path.trim_start_matches("./").trim_matches('/').to_owned();
            self.conffiles.see(&path, &header, &mut entry)?;
            let known = if kind == EntryType::Directory { &mut self.folders } else { &mut self.others };
            known.insert(path);
            self.newest = self.newest.max(header.mtime()?);
            self.data_end = entry.raw_file_position() + header.entry_size()?.next_multiple_of(512);
        }
        Ok(())
    }
}

impl ForeignPackage for ForeignDeb {
    fn path(&self) -> &Path {
        &self.path
    }

    fn format(&self) -> PackageFormat {
        PackageFormat::Deb
    }

    fn name(&self) -> &PackageName {
        &self.name
    }

    fn version(&self) -> &str {
        self.control.version()
    }

    fn architecture(&self) -> &str {
        self.control.architecture()
    }

    fn newest(&self) -> u64 {
        self.newest
    }

    // The epoch is not part of a file name: apt and the pool have none there.
    fn file_name(&self) -> String {
        let version = self.version().split_once(':').map_or(self.version(), |(_, rest)| rest);
        format!("{}_{version}_{}.deb", self.name, self.architecture())
    }

    fn folders(&self) -> &BTreeSet<String> {
        &self.folders
    }

    fn others(&self) -> &BTreeSet<String> {
        &self.others
    }
}

fn is_version_2(mut content: impl Read) -> Result<(), String> {
    let mut text = String::new();
    content.read_to_string(&mut text).map_err(|cause| cause.to_string())?;
    if text.starts_with("2.") { Ok(()) } else { Err(format!("is of the format {:?}, not 2.0", text.trim())) }
}

fn unpack(content: impl io::BufRead, compression: Compression, work: &Path) -> io::Result<File> {
    let mut file = tempfile::tempfile_in(work)?;
    io::copy(&mut compression.reader(content)?, &mut file)?;
    Ok(file)
}

fn control_archive(
    content: impl io::BufRead,
    compression: Compression,
) -> Result<BTreeMap<String, ForeignMember>, String> {
    let bad = |cause: io::Error| format!("has a bad control archive: {cause}");
    let unpacked = compression.reader(content).map_err(bad)?.take(MAXIMUM_CONTROL);
    let mut archive = tar::Archive::new(unpacked);
    let mut members = BTreeMap::new();
    for entry in archive.entries().map_err(bad)? {
        let mut entry = entry.map_err(bad)?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let name = path.trim_start_matches("./").trim_matches('/');
        match entry.header().entry_type() {
            EntryType::Directory if ["", "."].contains(&name) => continue,
            EntryType::Regular if !name.contains('/') && name.bytes().all(|b| b.is_ascii_graphic()) => {}
            _ => return Err(format!("has {path:?} in its control archive, which dpkg would not keep")),
        }
        let executable = entry.header().mode().map_err(bad)? & 0o111 != 0;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(bad)?;
        if members.insert(name.to_owned(), ForeignMember { executable, bytes }).is_some() {
            return Err(format!("has two files {name} in its control archive"));
        }
    }
    Ok(members)
}

fn paragraph(bytes: &[u8]) -> Result<(Paragraph, PackageName), String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "has a control file that is not UTF-8".to_owned())?;
    let control = Paragraph::parse(text).map_err(|reason| format!("cannot be read: {reason}"))?;
    for field in ["Package", "Version", "Architecture", "Maintainer", "Description"] {
        control.get(field).filter(|value| !value.is_empty()).ok_or(format!("has no {field} in its control file"))?;
    }
    if control.get(CONTENT_FIELD).is_some() {
        return Err("was made by consign already".to_owned());
    }
    let name = control.get("Package").unwrap_or_default().parse().map_err(|e| format!("has a bad name: {e}"))?;
    Ok((control, name))
}
