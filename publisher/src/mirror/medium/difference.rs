//! A package as a delta to one that the site has: made where it is exported, and only where it can be made a package
//! again; made a package where it is imported.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use consign_metadata::digest::Sha256;
use consign_metadata::feed::FileReference;

use super::codec::codec;
use super::digesting::Digesting;
use super::manifest::Delta;
use super::patch::{self, Plain};
use crate::store::{Content, Source, Store};

/// A delta, made and tried.
pub struct Difference {
    /// To what.
    pub delta: Delta,
    /// Its digest.
    pub sha256: Sha256,
    /// Its length in bytes.
    pub size: u64,
    file: File,
}

/// What a package may have unpacked, in bytes: both sides keep to it. Sixteen times its length, and some.
fn unpacked(size: u64) -> u64 {
    size.saturating_mul(16).saturating_add(64 * 1024 * 1024)
}

impl Difference {
    /// Of two packages of a store; `None` where it does not pay, or would not give the package again.
    ///
    /// # Errors
    /// Those of reading and writing.
    pub fn of(store: &dyn Store, folder: &Path, old: &FileReference, new: &FileReference) -> io::Result<Option<Self>> {
        let (Some(mut before), Some(mut after)) = (plain(store, folder, old)?, plain(store, folder, new)?) else {
            return Ok(None);
        };
        let mut out = Digesting::new(tempfile::tempfile_in(folder)?);
        patch::make(&mut before, &mut after, &mut out)?;
        let (sha256, file) = (out.digest(), out.into_inner());
        let size = file.metadata()?.len();
        let delta = Delta { codec: codec().to_owned(), path: old.path.clone(), base: old.sha256 };
        let mut difference = Self { delta, sha256, size, file };
        // A quarter of it has to be saved.
        let pays = size <= new.size - new.size / 4;
        Ok((pays && difference.gives(&mut before, new)?).then_some(difference))
    }

    /// Whether the site will have the package to the byte.
    fn gives(&mut self, before: &mut Plain, new: &FileReference) -> io::Result<bool> {
        let out = Digesting::new(Bounded { out: io::sink(), left: new.size });
        let made = patch::apply(before, &mut self.content()?, unpacked(new.size), out);
        Ok(made.is_ok_and(|made| made.digest() == new.sha256))
    }

    /// It, from its beginning.
    ///
    /// # Errors
    /// Those of reading.
    pub fn content(&self) -> io::Result<impl Content + use<>> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    }
}

/// A package of a store, unpacked.
fn plain(store: &dyn Store, folder: &Path, file: &FileReference) -> io::Result<Option<Plain>> {
    let key = file.path.parse().map_err(io::Error::other)?;
    let Some(mut content) = Source::get(store, &key, u64::MAX).map_err(io::Error::other)? else { return Ok(None) };
    // What is damaged here is no beginning for anything.
    if Sha256::of_reader(&mut content)? != (file.sha256, file.size) {
        return Ok(None);
    }
    Plain::of(&mut content, folder, unpacked(file.size))
}

/// What became of a package that a delta describes.
pub enum Remade {
    /// It was written.
    Good,
    /// The package that it begins with is not here.
    NoBase,
    /// It is no delta, or not to that package.
    Bad(io::Error),
}

/// Writes the package of a delta: no more than was signed, whatever the delta says.
///
/// # Errors
/// Those of reading and writing.
pub fn remake(
    store: &dyn Store,
    folder: &Path,
    delta: (&Delta, &Path),
    signed: &FileReference,
    part: &Path,
) -> io::Result<Remade> {
    let (Delta { path, base, .. }, delta) = delta;
    let key = path.parse().map_err(io::Error::other)?;
    let Some(content) = Source::get(store, &key, u64::MAX).map_err(io::Error::other)? else {
        return Ok(Remade::NoBase);
    };
    let (sha256, size) = Sha256::of_reader(content)?;
    let there = FileReference { path: path.clone(), size, sha256 };
    let Some(mut before) = (sha256 == *base).then(|| plain(store, folder, &there)).transpose()?.flatten() else {
        return Ok(Remade::NoBase);
    };
    let out = Bounded { out: File::create(part)?, left: signed.size };
    match patch::apply(&mut before, &mut File::open(delta)?, unpacked(signed.size), out) {
        Ok(_) => Ok(Remade::Good),
        Err(cause) if [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded].contains(&cause.kind()) => Err(cause),
        Err(cause) => Ok(Remade::Bad(cause)),
    }
}

/// A writer that takes no more than it should.
struct Bounded<W> {
    out: W,
    left: u64,
}

impl<W: Write> Write for Bounded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > self.left {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it makes more than was signed"));
        }
        let written = self.out.write(bytes)?;
        self.left -= written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
