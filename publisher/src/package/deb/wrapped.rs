//! A package that was built by others, with what makes it a part of a product.
//!
//! Of the payload every byte is kept: its tar archive is copied up to its end and ours is written behind
//! it, which is compressed again as it was. Nothing of theirs is unpacked, so nothing of it can change on
//! the way: not an owner, not a time, not a link.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use md5::{Digest as _, Md5};
use tar::EntryType;

use super::conffiles::Conffiles;
use super::control::ControlMember;
use super::data;
use super::digest::ContentDigest;
use super::foreign::{ForeignDeb, ForeignMember};
use super::writer::Parts;
use super::{Paragraph, data::Packed};
use crate::file::OnFile;
use crate::package::foreign::ForeignPackage;
use crate::package::{PackageError, UnsignedPackage};
use crate::stage::{Source, StagedTree};

/// What is added to a package.
#[derive(Debug, Default)]
pub struct Addition {
    /// Files that it installs besides its own.
    pub payload: StagedTree,
    /// What becomes of its scripts: by name, with whether it may be run.
    pub scripts: BTreeMap<String, (bool, Vec<u8>)>,
    /// Files of the control archive.
    pub members: Vec<(String, Source)>,
    /// A line of `triggers`.
    pub trigger: String,
    /// Relations to other packages.
    pub pre_depends: Vec<String>,
    /// Relations to other packages.
    pub depends: Vec<String>,
}

impl ForeignDeb {
    /// Writes the package with the addition below `folder`. The same package, addition and time give the
    /// same bytes.
    ///
    /// # Errors
    /// [`PackageError`]
    pub fn wrap(&mut self, addition: &Addition, time: u64, folder: &Path) -> Result<UnsignedPackage, PackageError> {
        self.is_free_for(&addition.payload)?;
        fs::create_dir_all(folder).on("create", folder)?;
        let mut paragraph = self.control.clone();
        extend(&mut paragraph, "Pre-Depends", &addition.pre_depends);
        extend(&mut paragraph, "Depends", &addition.depends);
        let members = self.control_members(addition);
        let mut digest = ContentDigest::begin(&paragraph, &members);
        let md5sums = self.count(&mut digest)?;
        let mut packed_file = tempfile::tempfile_in(folder).on("write", folder)?;
        let packed = self.pack(&mut packed_file, addition, time, &mut digest)?;
        let size = paragraph.get("Installed-Size").and_then(|size| size.parse::<u64>().ok()).unwrap_or(0);
        paragraph.set("Installed-Size", (size + packed.installed_kib).to_string());
        // One that was there is theirs; one that was not is complete.
        let md5sums = self.members.get("md5sums").map_or(md5sums, |m| String::from_utf8_lossy(&m.bytes).into_owned());
        let parts = Parts {
            file_name: self.file_name(),
            seconds: time,
            paragraph,
            members,
            md5sums: md5sums + &packed.md5sums,
            content: digest.finish(),
        };
        let warnings = self.dropped.iter().map(|member| {
            format!("{}: its member {member} is left out, since it was for other bytes", self.path.display())
        });
        parts.assemble((self.compression.data_member(), &mut packed_file), folder, warnings.collect())
    }

    /// Its conffiles.
    pub fn conffiles(&self) -> &Conffiles {
        &self.conffiles
    }

    /// A script of it, as it was built.
    pub fn script(&self, name: &str) -> Option<&[u8]> {
        self.members.get(name).map(|member| &*member.bytes)
    }

    /// What it depends on already, and how.
    pub fn relations(&self) -> impl Iterator<Item = &str> {
        let fields = ["Pre-Depends", "Depends"].map(|field| self.control.get(field).unwrap_or_default());
        fields.into_iter().flat_map(|field| field.split(',')).map(str::trim)
    }

    fn control_members(&self, addition: &Addition) -> Vec<ControlMember> {
        let mode = |executable| if executable { 0o755 } else { 0o644 };
        let mut members = Vec::new();
        let mut add = |name: &str, mode, content| members.push(ControlMember { name: name.to_owned(), mode, content });
        let kept = |name: &str| !["md5sums", "triggers"].contains(&name) && !addition.scripts.contains_key(name);
        for (name, ForeignMember { executable, bytes }) in self.members.iter().filter(|(name, _)| kept(name)) {
            add(name, mode(*executable), Source::Bytes(bytes.clone()));
        }
        for (name, (executable, bytes)) in &addition.scripts {
            add(name, mode(*executable), Source::Bytes(bytes.clone()));
        }
        for (name, content) in &addition.members {
            add(name, 0o644, content.clone());
        }
        let mut triggers = self.members.get("triggers").map(|member| member.bytes.clone()).unwrap_or_default();
        if !triggers.is_empty() && !triggers.ends_with(b"\n") {
            triggers.push(b'\n');
        }
        triggers.extend_from_slice(format!("{}\n", addition.trigger).as_bytes());
        add("triggers", 0o644, Source::Bytes(triggers));
        members.sort_by(|a, b| a.name.cmp(&b.name));
        members
    }

    /// Counts its payload into the digest, and makes `md5sums` of it.
    fn count(&mut self, digest: &mut ContentDigest) -> Result<String, PackageError> {
        let path = self.path.clone();
        self.each(digest).on("read", &path).map_err(PackageError::File)
    }

    fn each(&mut self, digest: &mut ContentDigest) -> io::Result<String> {
        let mut md5sums = String::new();
        self.data.seek(SeekFrom::Start(0))?;
        let mut archive = tar::Archive::new(BufReader::with_capacity(1 << 17, &self.data));
        for entry in archive.entries()? {
            let mut entry = entry?;
            let path = entry.path_bytes().into_owned();
            digest.foreign(entry.header(), &path, &entry.link_name_bytes().unwrap_or_default());
            let (mut md5, mut buffer) = (Md5::new(), vec![0; 1 << 16]);
            loop {
                let read = entry.read(&mut buffer)?;
                if read == 0 {
                    break;
                }
                digest.content(&buffer[..read]);
                md5.update(&buffer[..read]);
            }
            if entry.header().entry_type() == EntryType::Regular {
                let path = String::from_utf8_lossy(&path).into_owned();
                md5sums.push_str(&format!("{}  {}\n", hex::encode(md5.finalize()), path.trim_start_matches("./")));
            }
        }
        Ok(md5sums)
    }

    fn pack(
        &mut self,
        out: &mut File,
        addition: &Addition,
        time: u64,
        digest: &mut ContentDigest,
    ) -> Result<Packed, PackageError> {
        let path = &self.path;
        let mut compressor = self.compression.writer(BufWriter::with_capacity(1 << 17, out)).on("write", path)?;
        self.data.seek(SeekFrom::Start(0)).on("read", path)?;
        io::copy(&mut (&self.data).take(self.data_end), &mut compressor).on("pack", path)?;
        let is_there = |folder: &str| self.folders.contains(folder);
        let (compressor, packed) = data::append(compressor, &addition.payload, time, digest, &is_there)?;
        compressor.finish().and_then(|mut out| out.flush()).on("pack", path)?;
        Ok(packed)
    }
}

/// Adds relations behind those of a field.
fn extend(paragraph: &mut Paragraph, field: &str, more: &[String]) {
    if more.is_empty() {
        return;
    }
    let own = paragraph.get(field).filter(|value| !value.is_empty()).map(|value| value.trim_end_matches([',', ' ']));
    let all: Vec<&str> = own.into_iter().chain(more.iter().map(String::as_str)).collect();
    let all = all.join(", ");
    paragraph.set(field, all);
}
