//! The payload as a tar archive with GNU headers, the only dialect that every dpkg reads.
//!
//! dpkg refuses PAX headers altogether, so names beyond 100 bytes travel in `@LongLink` entries, and
//! there is neither an extended attribute nor a fraction of a second. Content is streamed: what is in
//! memory does not grow with the package.

use std::fs::File;
use std::io::{self, Read, Write};

use md5::{Digest as _, Md5};
use tar::{EntryType, Header};

use super::digest::ContentDigest;
use crate::file::OnFile;
use crate::package::PackageError;
use crate::stage::{Attributes, Entry, Node, Source, StageError, StagedTree, Stamp, changed};

/// Longest name that fits into a header.
const NAME: usize = 100;

/// What was learnt while the payload was packed.
#[derive(Debug, Default)]
pub struct Packed {
    /// The file `md5sums`.
    pub md5sums: String,
    /// Estimate of the space it takes once installed, in KiB.
    pub installed_kib: u64,
}

/// Writes the tree, and counts every entry into the content digest.
pub fn write<W: Write>(
    out: W,
    tree: &StagedTree,
    time: u64,
    digest: &mut ContentDigest,
) -> Result<(W, Packed), PackageError> {
    let mut archive = TarWriter { archive: tar::Builder::new(out), time };
    let root = Attributes::root(0o755);
    archive.plain(EntryType::Directory, "./", "", &root).map_err(StreamError::Write)?;
    archive.tree(tree, &|_| false, digest)
}

/// Writes the tree behind the entries of another archive, which has no end yet; folders that are there
/// already are left out.
pub fn append<W: Write>(
    out: W,
    tree: &StagedTree,
    time: u64,
    digest: &mut ContentDigest,
    is_there: &dyn Fn(&str) -> bool,
) -> Result<(W, Packed), PackageError> {
    TarWriter { archive: tar::Builder::new(out), time }.tree(tree, is_there, digest)
}

/// An error of the source is about that file; one of the archive is about the package.
#[derive(Debug)]
enum StreamError {
    Source(StageError),
    Write(io::Error),
}

impl From<StreamError> for PackageError {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Source(error) => Self::Stage(error),
            StreamError::Write(cause) => {
                Self::File(crate::file::FileError { act: "write", path: "the package".into(), cause })
            }
        }
    }
}

struct TarWriter<W: Write> {
    archive: tar::Builder<W>,
    time: u64,
}

impl<W: Write> TarWriter<W> {
    /// Writes entries, and ends the archive.
    fn tree(
        mut self,
        tree: &StagedTree,
        is_there: &dyn Fn(&str) -> bool,
        digest: &mut ContentDigest,
    ) -> Result<(W, Packed), PackageError> {
        let mut packed = Packed::default();
        for (path, entry) in tree.entries() {
            if entry.node == Node::Folder && is_there(path) {
                continue;
            }
            digest.entry(path, entry);
            // As dpkg-gencontrol counts: files in whole KiB, everything else as one.
            packed.installed_kib += match &entry.node {
                Node::File { source, .. } => source.size().div_ceil(1024),
                _ => 1,
            };
            if let Some(md5) = self.entry(path, entry, digest)? {
                packed.md5sums.push_str(&format!("{md5}  {path}\n"));
            }
        }
        let out = self.archive.into_inner().map_err(StreamError::Write)?;
        Ok((out, packed))
    }

    /// Writes one entry; the MD5 of its content where it has content of its own.
    fn entry(&mut self, path: &str, entry: &Entry, digest: &mut ContentDigest) -> Result<Option<String>, PackageError> {
        let name = format!("./{path}");
        let attributes = &entry.attributes;
        match &entry.node {
            Node::Folder => self.plain(EntryType::Directory, &format!("{name}/"), "", attributes),
            Node::Symlink { target } => self.plain(EntryType::Symlink, &name, target, attributes),
            Node::HardLink { to } => self.plain(EntryType::Link, &name, &format!("./{to}"), attributes),
            Node::File { source, .. } => return Ok(Some(self.file(&name, source, attributes, digest)?)),
        }
        .map_err(StreamError::Write)?;
        Ok(None)
    }

    fn plain(&mut self, kind: EntryType, name: &str, link: &str, attributes: &Attributes) -> io::Result<()> {
        let header = self.header(kind, name, link, attributes, 0)?;
        self.archive.append(&header, io::empty())
    }

    fn file(
        &mut self,
        name: &str,
        source: &Source,
        attributes: &Attributes,
        digest: &mut ContentDigest,
    ) -> Result<String, PackageError> {
        let header =
            self.header(EntryType::Regular, name, "", attributes, source.size()).map_err(StreamError::Write)?;
        let mut md5 = Md5::new();
        match source {
            Source::Bytes(bytes) => {
                digest.content(bytes);
                md5.update(bytes);
                self.archive.append(&header, &**bytes).map_err(StreamError::Write)?;
            }
            Source::Salted { bytes, .. } => {
                md5.update(bytes);
                self.archive.append(&header, &**bytes).map_err(StreamError::Write)?;
            }
            Source::Path { path, size } => {
                let file = File::open(path).on("read", path)?;
                let before = Stamp::of(&file).on("read", path)?;
                let observed = Observed { file, left: *size, failure: None, md5: &mut md5, digest };
                let file = self.stream(&header, path, observed)?;
                let after = Stamp::of(&file).on("read", path)?;
                if before != after || after.size != *size {
                    return Err(PackageError::Stage(changed(path)));
                }
            }
        }
        Ok(hex::encode(md5.finalize()))
    }

    fn stream(&mut self, header: &Header, path: &std::path::Path, mut from: Observed<'_>) -> Result<File, StreamError> {
        let written = self.archive.append(header, &mut from);
        match (from.failure.take(), from.left) {
            (Some(cause), _) => {
                Err(StreamError::Source(crate::file::FileError { act: "read", path: path.into(), cause }.into()))
            }
            (None, left) if left == 0 || written.is_err() => {
                written.map_err(StreamError::Write)?;
                Ok(from.file)
            }
            _ => Err(StreamError::Source(changed(path))),
        }
    }

    fn header(
        &mut self,
        kind: EntryType,
        name: &str,
        link: &str,
        attributes: &Attributes,
        size: u64,
    ) -> io::Result<Header> {
        if link.len() > NAME {
            self.long(b'K', link)?;
        }
        if name.len() > NAME {
            self.long(b'L', name)?;
        }
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        let old = header.as_old_mut();
        put(&mut old.name, name);
        put(&mut old.linkname, link);
        header.set_mode(attributes.mode);
        // Numbers are the host's business: dpkg looks the names up when it unpacks.
        header.set_uid(0);
        header.set_gid(0);
        header.set_username(&attributes.owner)?;
        header.set_groupname(&attributes.group)?;
        header.set_mtime(self.time);
        header.set_size(size);
        header.set_cksum();
        Ok(header)
    }

    /// A name that does not fit into the header of the entry that follows.
    fn long(&mut self, kind: u8, name: &str) -> io::Result<()> {
        let mut header = Header::new_gnu();
        put(&mut header.as_old_mut().name, "././@LongLink");
        header.set_entry_type(EntryType::new(kind));
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(name.len() as u64 + 1);
        header.set_cksum();
        self.archive.append(&header, name.as_bytes().chain(&b"\0"[..]))
    }
}

/// The start of a name, as much as fits.
fn put(field: &mut [u8], name: &str) {
    let fits = name.len().min(field.len());
    field[..fits].copy_from_slice(&name.as_bytes()[..fits]);
}

/// A file of a promised length, digested while it is read.
struct Observed<'a> {
    file: File,
    left: u64,
    failure: Option<io::Error>,
    md5: &'a mut Md5,
    digest: &'a mut ContentDigest,
}

impl Read for Observed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let want = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = match self.file.read(&mut buffer[..want]) {
            Ok(read) => read,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => return Err(cause),
            Err(cause) => {
                self.failure = Some(cause);
                0
            }
        };
        self.left -= read as u64;
        self.md5.update(&buffer[..read]);
        self.digest.content(&buffer[..read]);
        Ok(read)
    }
}
