//! An index of an archive, named by length and digest: on disk, here already or just fetched. Lists of files may be
//! larger than the memory that a mirror takes.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::PathBuf;

use consign_metadata::digest::{RunningDigest, Sha256};
use consign_metadata::feed::FileReference;

use super::taking::Taking;
use crate::mirror::MirrorError;
use crate::mirror::upstream::{Answer, Mark};
use crate::repository::apt::IndexDigest;
use crate::store::{Key, StoreError};

/// An index that is at hand.
pub struct Held {
    digest: IndexDigest,
    place: Place,
}

enum Place {
    Here(Key),
    Part(PathBuf),
}

impl Held {
    /// It by a name.
    pub fn reference(&self, name: &Key) -> FileReference {
        FileReference { path: name.to_string(), size: self.digest.size, sha256: self.digest.sha256 }
    }
}

impl Taking<'_> {
    /// The index of this length and digest: from the mirror, where it has one of these names, or from the archive
    /// by the first of its names that has it.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn held(&self, digest: IndexDigest, here: &Key, names: &[&Key]) -> Result<Option<Held>, MirrorError> {
        if self.is(here, digest)? {
            return Ok(Some(Held { digest, place: Place::Here(here.clone()) }));
        }
        for name in names {
            if let Some(part) = self.brought(digest, name)? {
                return Ok(Some(Held { digest, place: Place::Part(part) }));
            }
        }
        Ok(None)
    }

    /// Its content, packed as it is.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn content(&self, held: &Held) -> Result<Box<dyn Read>, MirrorError> {
        let (place, opened) = match &held.place {
            Place::Part(part) => (part.display().to_string(), File::open(part)),
            Place::Here(key) => match self.mirror.store().get(key, u64::MAX)? {
                Some(content) => return Ok(Box::new(content)),
                None => (key.to_string(), Err(io::ErrorKind::NotFound.into())),
            },
        };
        let opened = opened.map_err(|cause| MirrorError::Io { what: "read", place, cause })?;
        Ok(Box::new(opened))
    }

    /// Gives it a name, unless it has it; whether it had not.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn named(&self, held: &Held, name: &Key) -> Result<bool, MirrorError> {
        if self.is(name, held.digest)? {
            return Ok(false);
        }
        self.mirror.store().swap_in(name, &mut self.content(held)?)?;
        Ok(true)
    }

    /// Whether the mirror has it by this name.
    fn is(&self, name: &Key, digest: IndexDigest) -> Result<bool, MirrorError> {
        let content = match self.mirror.store().get(name, digest.size) {
            Err(StoreError::TooLarge { .. }) => None,
            other => other?,
        };
        let read = |cause| StoreError::Io { what: "read", place: name.to_string(), cause };
        let found = content.map(Sha256::of_reader).transpose().map_err(read)?;
        Ok(found == Some((digest.sha256, digest.size)))
    }

    /// Fetches what the archive has by a name; `None` where that is something else.
    fn brought(&self, digest: IndexDigest, name: &Key) -> Result<Option<PathBuf>, MirrorError> {
        let folder = self.mirror.parts();
        let part = folder.join(digest.sha256.to_string());
        let fresh = || {
            fs::create_dir_all(&folder)?;
            Ok(Digesting { file: File::create(&part)?, digest: RunningDigest::default(), length: 0 })
        };
        match self.upstream.ask_into(name, digest.size, &Mark::default(), fresh) {
            Ok(Answer::File(written, _)) => {
                let is_it = (written.digest.finish(), written.length) == (digest.sha256, digest.size);
                Ok(is_it.then_some(part))
            }
            // One that is longer than was signed is another one.
            Ok(_) | Err(MirrorError::Store(StoreError::TooLarge { .. })) => Ok(None),
            Err(other) => Err(other),
        }
    }
}

/// A part, digested while it is written.
struct Digesting {
    file: File,
    digest: RunningDigest,
    length: u64,
}

impl Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.digest.update(&bytes[..written]);
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
