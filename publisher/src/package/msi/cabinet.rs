//! The cabinet with the files, packed as they are read: nothing of a payload is held in memory.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use cab::{CabinetBuilder, CompressionType};
use consign_metadata::digest::Sha256;
use jiff::Timestamp;
use md5::Digest as _;
use time::PrimitiveDateTime;

use crate::file::OnFile;
use crate::package::PackageError;
use crate::stage::{Source, Stamp, changed};

/// A folder of a cabinet has at most 65,535 blocks of 32 KiB, and a file lies in one of them whole.
pub const MAXIMUM_FILE: u64 = 0x7fff_8000;
/// As many files as a cabinet numbers.
pub const MAXIMUM_FILES: usize = 0xffff;

/// A file of the cabinet: by its key in the database, which is its name there.
#[derive(Debug, Clone)]
pub struct Member {
    pub key: String,
    pub source: Source,
}

/// What was learnt while it was packed.
#[derive(Debug, Clone)]
pub struct Packed {
    pub size: u64,
    pub sha256: Sha256,
    pub md5: [u8; 16],
}

/// Packs files, in their order, into a cabinet of at most so many bytes: what comes after them is not read.
///
/// # Errors
/// [`CabinetError`]
pub fn write(out: &mut File, members: &[Member], time: Timestamp, maximum: u64) -> Result<Vec<Packed>, CabinetError> {
    let full = Cell::new(false);
    let out = Bounded { out: BufWriter::with_capacity(1 << 17, out), end: maximum, at: 0, full: &full };
    match pack(out, members, time) {
        Err(_) if full.get() => Err(CabinetError::Full),
        packed => packed.map_err(CabinetError::Package),
    }
}

/// Why files are in no cabinet.
#[derive(Debug)]
pub enum CabinetError {
    /// It has no room for more of them.
    Full,
    /// They cannot be read, or it cannot be written.
    Package(PackageError),
}

fn pack(
    out: Bounded<'_, BufWriter<&mut File>>,
    members: &[Member],
    time: Timestamp,
) -> Result<Vec<Packed>, PackageError> {
    let the_package = Path::new("the package");
    let mut builder = CabinetBuilder::new();
    for folder in folders(members) {
        let packed = builder.add_folder(CompressionType::MsZip);
        for member in folder {
            packed.add_file(member.key.clone()).set_datetime(date(time));
        }
    }
    let mut cabinet = builder.build(out).on("write", the_package)?;
    let mut packed = Vec::new();
    for member in members {
        let mut file = cabinet.next_file().on("write", the_package)?.expect("every member has its turn");
        packed.push(copy(&member.source, &mut file)?);
    }
    let mut out = cabinet.finish().on("write", the_package)?;
    out.flush().on("write", the_package)?;
    Ok(packed)
}

/// Refuses what lies beyond an end.
struct Bounded<'a, W> {
    out: W,
    end: u64,
    at: u64,
    /// Told to whoever sees an error and no reason.
    full: &'a Cell<bool>,
}

impl<W: Write> Write for Bounded<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.at + bytes.len() as u64 > self.end {
            self.full.set(true);
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let written = self.out.write(bytes)?;
        self.at += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Seek> Seek for Bounded<'_, W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = self.out.seek(to)?;
        Ok(self.at)
    }
}

/// The members of each folder: as many as have room.
fn folders(members: &[Member]) -> Vec<&[Member]> {
    let (mut folders, mut start, mut size) = (Vec::new(), 0, 0);
    for (at, member) in members.iter().enumerate() {
        if at > start && size + member.source.size() > MAXIMUM_FILE {
            folders.push(&members[start..at]);
            (start, size) = (at, 0);
        }
        size += member.source.size();
    }
    if start < members.len() {
        folders.push(&members[start..]);
    }
    folders
}

fn date(time: Timestamp) -> PrimitiveDateTime {
    let utc = time::OffsetDateTime::from_unix_timestamp(time.as_second());
    utc.map_or(PrimitiveDateTime::MIN, |utc| PrimitiveDateTime::new(utc.date(), utc.time()))
}

fn copy(source: &Source, out: &mut impl Write) -> Result<Packed, PackageError> {
    let mut packed = Digests::default();
    match source {
        Source::Bytes(bytes) | Source::Salted { bytes, .. } => {
            packed.copy(&mut &bytes[..], Path::new("memory"), out)?
        }
        Source::Path { path, size } => {
            let mut file = fs::File::open(path).on("read", path)?;
            let before = Stamp::of(&file).on("read", path)?;
            packed.copy(&mut file, path, out)?;
            let after = Stamp::of(&file).on("read", path)?;
            if before != after || packed.size != *size {
                return Err(changed(path).into());
            }
        }
    }
    Ok(packed.finish())
}

#[derive(Default)]
struct Digests {
    size: u64,
    sha256: sha2::Sha256,
    md5: md5::Md5,
}

impl Digests {
    fn copy(&mut self, from: &mut dyn Read, path: &Path, out: &mut impl Write) -> Result<(), PackageError> {
        let mut buffer = vec![0; 1 << 17];
        loop {
            let read = match from.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
                Err(cause) => return Err(cause).on("read", path).map_err(Into::into),
            };
            self.sha256.update(&buffer[..read]);
            self.md5.update(&buffer[..read]);
            self.size += read as u64;
            out.write_all(&buffer[..read]).on("write", Path::new("the package"))?;
        }
    }

    fn finish(self) -> Packed {
        let sha256: [u8; 32] = self.sha256.finalize().into();
        let sha256 = hex::encode(sha256).parse().expect("32 bytes in hexadecimal are a digest");
        Packed { size: self.size, sha256, md5: self.md5.finalize().into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_the_cabinet_is_never_fuller_than_its_blocks_can_number() {
        let member = |size| Member { key: "f".to_owned(), source: Source::Path { path: "x".into(), size } };
        let members = [member(MAXIMUM_FILE), member(1), member(MAXIMUM_FILE - 1), member(1), member(0)];
        let sizes: Vec<usize> = folders(&members).iter().map(|folder| folder.len()).collect();
        assert_eq!(sizes, [1, 2, 2]);
    }

    /// The second file is gone by the time it would be read.
    #[test]
    fn a_cabinet_that_is_full_is_refused_before_more_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let mut seed = 1u64;
        let mut noise = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 56) as u8
        };
        let noise: Vec<u8> = (0..300_000).map(|_| noise()).collect();
        let gone = Source::Path { path: folder.path().join("gone"), size: 1 };
        let members = [("f_1", Source::Bytes(noise)), ("f_2", gone)];
        let members = members.map(|(key, source)| Member { key: key.to_owned(), source });
        let written = |maximum| {
            let mut file = tempfile::tempfile().unwrap();
            let refused = write(&mut file, &members, Timestamp::UNIX_EPOCH, maximum).unwrap_err();
            assert!(file.metadata().unwrap().len() <= maximum);
            refused
        };
        assert!(matches!(written(100_000), CabinetError::Full));
        let read_on = written(1_000_000);
        assert!(matches!(&read_on, CabinetError::Package(cause) if cause.to_string().contains("gone")), "{read_on:?}");
    }
}
