//! The content of a package: a cpio archive, compressed on all cores, streamed into a file.
//!
//! The plan is the first entry and the notes follow, so that a gate reads the start of the payload and no
//! more; rpm finds each entry in its list of files by name, whatever their order here. zstd cuts its input
//! at places that do not depend on how many threads there are, so neither do the bytes.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use consign_metadata::digest::Sha256;
use consign_metadata::plan::installed_path;
use sha2::Digest as _;

use super::cpio::{self, Stat};
use super::files::{File, Files};
use crate::file::OnFile;
use crate::package::PackageError;
use crate::stage::{Source, Stamp, changed};

/// As rpm names it.
pub const COMPRESSOR: &str = "zstd";
/// Of programs of 150 MB zstd makes 41.0 MB at level 6 in 6.5 s of a processor, and 39.2 MB at 9 in 10.2 s;
/// gzip makes 47.0 MB at its usual level in 7.8 s. Every rpm since that of EL 8.2 reads it.
pub const LEVEL: i32 = 6;

/// What was learnt while the payload was packed.
#[derive(Debug)]
pub struct Packed {
    /// Of the compressed bytes.
    pub digest: Sha256,
    /// Of the archive.
    pub archive: Sha256,
    /// Length of the archive.
    pub archive_size: u64,
}

/// Packs a payload.
///
/// # Errors
/// Those of the compressor.
pub fn packer<W: Write>(out: W, threads: u32) -> io::Result<zstd::stream::write::Encoder<'static, W>> {
    let mut encoder = zstd::stream::write::Encoder::new(out, LEVEL)?;
    // At least one worker: without any, zstd cuts its input in another way.
    encoder.multithread(threads.max(1))?;
    Ok(encoder)
}

/// Writes the content of files, and sets their digests; then what `rest` writes of the archive.
pub fn write(
    out: &mut fs::File,
    package: &str,
    files: &mut Files,
    time: u32,
    threads: u32,
    rest: &mut dyn FnMut(&mut dyn Write) -> Result<(), PackageError>,
) -> Result<Packed, PackageError> {
    let broken = |result: io::Result<()>| result.on("write", Path::new("the package"));
    let out = Counted::new(BufWriter::with_capacity(1 << 17, out));
    let mut archive = Counted::new(packer(out, threads).on("write", Path::new("the package"))?);
    entries(&mut archive, package, files, time)?;
    rest(&mut archive)?;
    broken(cpio::trailer(&mut archive))?;
    let (encoder, archive, archive_size) = archive.finish();
    let (mut out, digest, _) = encoder.finish().on("write", Path::new("the package"))?.finish();
    broken(out.flush())?;
    Ok(Packed { digest, archive, archive_size })
}

fn entries(out: &mut impl Write, package: &str, files: &mut Files, time: u32) -> Result<(), PackageError> {
    let order = order(package, files);
    let last: BTreeMap<u32, usize> = order.iter().map(|index| (files.0[*index].inode, *index)).collect();
    let mut digests: BTreeMap<u32, Sha256> = BTreeMap::new();
    for index in order {
        let file = &files.0[index];
        let carries = last.get(&file.inode) == Some(&index);
        if let Some(digest) = entry(out, file, carries, time)? {
            digests.insert(file.inode, digest);
        }
    }
    for file in &mut files.0 {
        file.digest = digests.get(&file.inode).copied();
    }
    Ok(())
}

/// The plan, the notes, and the rest as it is in the list of files.
fn order(package: &str, files: &Files) -> Vec<usize> {
    let plan = package.parse().map(|name| installed_path(&name)).unwrap_or_default();
    let notes = format!("usr/share/doc/{package}/notes/");
    let place = |file: &File| match &file.path {
        path if format!("/{path}") == plan => 0,
        path if path.starts_with(&notes) => 1,
        _ => 2,
    };
    let mut order: Vec<usize> = (0..files.0.len()).collect();
    order.sort_by_key(|index| place(&files.0[*index]));
    order
}

/// Writes an entry; the digest of its content where it is a plain file that carries it.
fn entry(out: &mut impl Write, file: &File, carries: bool, time: u32) -> Result<Option<Sha256>, PackageError> {
    let broken = |result: io::Result<()>| result.on("write", Path::new("the package"));
    let size = if carries { file.size } else { 0 };
    let File { inode, mode, names, .. } = *file;
    broken(cpio::entry(out, &Stat { path: &file.path, inode, mode, names, time, size }))?;
    if !carries {
        return Ok(None);
    }
    let digest = match &file.source {
        Some(source) => Some(content(out, source)?),
        None => broken(out.write_all(file.target.as_bytes())).map(|()| None)?,
    };
    broken(cpio::pad(out, u64::from(size)))?;
    Ok(digest)
}

fn content(out: &mut impl Write, source: &Source) -> Result<Sha256, PackageError> {
    match source {
        Source::Bytes(bytes) | Source::Salted { bytes, .. } => {
            out.write_all(bytes).on("write", Path::new("the package"))?;
            Ok(Sha256::of(bytes))
        }
        Source::Path { path, size } => from_file(out, path, *size),
    }
}

fn from_file(out: &mut impl Write, path: &Path, size: u64) -> Result<Sha256, PackageError> {
    let mut file = fs::File::open(path).on("read", path)?;
    let before = Stamp::of(&file).on("read", path)?;
    let (mut hasher, mut left, mut buffer) = (sha2::Sha256::new(), size, vec![0; 1 << 17]);
    while left > 0 {
        let want = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let read = file.read(&mut buffer[..want]).on("read", path)?;
        if read == 0 {
            return Err(changed(path).into());
        }
        hasher.update(&buffer[..read]);
        out.write_all(&buffer[..read]).on("write", Path::new("the package"))?;
        left -= read as u64;
    }
    let after = Stamp::of(&file).on("read", path)?;
    if before != after || after.size != size {
        return Err(changed(path).into());
    }
    Ok(digest(hasher))
}

fn digest(hasher: sha2::Sha256) -> Sha256 {
    let bytes: [u8; 32] = hasher.finalize().into();
    hex::encode(bytes).parse().expect("32 bytes in hexadecimal are a digest")
}

/// A writer that knows the digest and the length of what went through.
struct Counted<W> {
    out: W,
    hasher: sha2::Sha256,
    length: u64,
}

impl<W> Counted<W> {
    fn new(out: W) -> Self {
        Self { out, hasher: sha2::Sha256::new(), length: 0 }
    }

    fn finish(self) -> (W, Sha256, u64) {
        (self.out, digest(self.hasher), self.length)
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
