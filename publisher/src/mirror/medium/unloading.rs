//! A file of a shipment on its way into the mirror: put together from its blobs, of which some may come with
//! another volume, another day.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use consign_metadata::digest::Sha256;
use consign_metadata::feed::FileReference;

use super::codec::codec;
use super::difference::{Remade, remake};
use super::drive::Delivery;
use super::manifest::{self, Blob, Delta};
use super::shipment::Shipment;
use crate::mirror::MirrorError;
use crate::store::DirectoryStore;

impl Shipment {
    /// Makes the part of a file; who calls looks whether it is what was signed.
    ///
    /// # Errors
    /// [`MirrorError::Absent`] names what is not here; what is here of the file stays for the next run.
    pub(in crate::mirror) fn bring(
        &self,
        signed: &FileReference,
        part: &Path,
        received: &dyn Fn(u64),
    ) -> Result<(), MirrorError> {
        let file = self.file(signed)?;
        match (&file.delta, &file.blobs[..]) {
            (Some(delta), [blob]) => return self.remake(file, (delta, blob), signed, part, received),
            (Some(_), _) => return Err(self.fault(file, "is a delta in pieces")),
            (None, _) => {}
        }
        match &file.blobs[..] {
            [only] => self.unload(file, only, part, received),
            pieces => self.put_together(file, pieces, part, received),
        }
    }

    /// A package of its delta.
    fn remake(
        &self,
        file: &manifest::File,
        (delta, blob): (&Delta, &Blob),
        signed: &FileReference,
        part: &Path,
        received: &dyn Fn(u64),
    ) -> Result<(), MirrorError> {
        let Delta { codec: theirs, path, .. } = delta;
        if theirs != codec() {
            return Err(
                self.fault(file, &format!("is a delta by {theirs}, and this consign makes those by {}", codec()))
            );
        }
        let Some(mirror) = &self.mirror else { return Err(self.fault(file, "is a delta")) };
        let beside = part.with_extension("delta");
        self.unload(file, blob, &beside, received)?;
        let folder = part.parent().unwrap_or(part);
        let remade = remake(&DirectoryStore::at(mirror), folder, (delta, &beside), signed, part);
        let remade = remade.map_err(on("make a package of its delta in", folder))?;
        fs::remove_file(&beside).map_err(on("delete", &beside))?;
        match remade {
            Remade::Good => Ok(()),
            Remade::NoBase => Err(self.fault(file, &format!("is a delta to {path}, which is not here as it was"))),
            Remade::Bad(cause) => Err(self.fault(file, &format!("cannot be made of its delta: {cause}"))),
        }
    }

    /// One blob into a file.
    fn unload(
        &self,
        file: &manifest::File,
        blob: &Blob,
        part: &Path,
        received: &dyn Fn(u64),
    ) -> Result<(), MirrorError> {
        if !self.has(blob.volume) {
            return Err(self.waits(file, blob.volume.into_iter().collect()));
        }
        let begin = || File::create(part).map_err(on("write", part));
        match self.drive.deliver(&blob.sha256, blob.size, begin)? {
            Delivery::Good(_) => {
                received(blob.size);
                Ok(())
            }
            Delivery::Altered => self.discarded(file, part, blob, "is altered"),
            Delivery::Nowhere => self.discarded(file, part, blob, "is missing"),
        }
    }

    /// What was written of it is nothing.
    fn discarded(&self, file: &manifest::File, part: &Path, blob: &Blob, what: &str) -> Result<(), MirrorError> {
        match fs::remove_file(part) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(on("delete", part)(cause)),
            _ => {}
        }
        let volume = blob.volume.map_or_else(|| "every volume".to_owned(), |volume| format!("volume {volume}"));
        Err(self.fault(file, &format!("{what} on {volume}")))
    }

    /// Pieces that are here are kept beside the part until all are: durable, since their volume is taken out then.
    fn put_together(
        &self,
        file: &manifest::File,
        pieces: &[Blob],
        part: &Path,
        received: &dyn Fn(u64),
    ) -> Result<(), MirrorError> {
        let beside = |blob: &Blob| part.with_file_name(format!("{}.piece", blob.sha256));
        // Who put it together may have been killed before it got its place.
        if is_there(part, (file.sha256, file.size))? {
            return forget(pieces.iter().map(beside));
        }
        let mut missing = BTreeSet::new();
        for piece in pieces {
            let place = beside(piece);
            if is_there(&place, (piece.sha256, piece.size))? {
                continue;
            }
            match self.has(piece.volume) {
                true => {
                    self.unload(file, piece, &place, received)?;
                    sync(&place)?;
                }
                false => missing.extend(piece.volume),
            }
        }
        if !missing.is_empty() {
            return Err(self.waits(file, missing));
        }
        append(part, &pieces.iter().map(beside).collect::<Vec<_>>())
    }
}

/// Whether a piece came with an earlier volume. It is read: whoever wrote it may have been killed.
fn is_there(place: &Path, content: (Sha256, u64)) -> Result<bool, MirrorError> {
    match File::open(place) {
        Ok(file) => Ok(Sha256::of_reader(file).map_err(on("read", place))? == content),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(cause) => Err(on("open", place)(cause)),
    }
}

/// The pieces one behind the other. They stay until the part is: the same content may be in it twice.
fn append(part: &Path, pieces: &[PathBuf]) -> Result<(), MirrorError> {
    let out = OpenOptions::new().create(true).write(true).truncate(true).open(part);
    let mut out = out.map_err(on("write", part))?;
    for piece in pieces {
        let mut from = File::open(piece).map_err(on("open", piece))?;
        io::copy(&mut from, &mut out).map_err(on("copy", piece))?;
    }
    drop(out);
    sync(part)?;
    forget(pieces.iter().cloned())
}

fn forget(pieces: impl Iterator<Item = PathBuf>) -> Result<(), MirrorError> {
    for piece in pieces {
        match fs::remove_file(&piece) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(on("delete", &piece)(cause)),
            _ => {}
        }
    }
    Ok(())
}

/// A file and its name in the folder, on the disk when it returns.
fn sync(file: &Path) -> Result<(), MirrorError> {
    let folder = file.parent().unwrap_or(file);
    for place in [file, folder] {
        File::open(place).and_then(|opened| opened.sync_all()).map_err(on("sync", place))?;
    }
    Ok(())
}

fn on(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> MirrorError {
    let place = path.display().to_string();
    move |cause| MirrorError::Io { what, place, cause }
}
