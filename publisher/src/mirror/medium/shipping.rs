//! An export on its way to its volumes: each is unfinished until it has everything.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use consign_metadata::digest::Sha256;

use super::difference::Difference;
use super::label::Label;
use super::load::content;
use super::loading::{self, Loading};
use super::manifest::{Blob, File, Manifest};
use super::reader::Reader;
use crate::mirror::{Mirror, MirrorError};
use crate::repository::RepositoryError;
use crate::sign::OpenPgpSigner;

/// An export on its way to its volumes.
pub struct Shipping<'a> {
    pub mirror: &'a Mirror,
    pub manifest: &'a Manifest,
    /// By the digests of the deltas.
    pub deltas: &'a BTreeMap<Sha256, Difference>,
    pub reader: Option<&'a Reader>,
    /// Who packs it, where that is to be known.
    pub signer: Option<&'a dyn OpenPgpSigner>,
}

impl<'a> Shipping<'a> {
    /// What is on a volume, or on all together: by blob, and by where in which file it is found.
    pub fn blobs(&self, volume: Option<u32>) -> BTreeMap<Sha256, ((&'a File, u64), &'a Blob)> {
        let mut blobs = BTreeMap::new();
        for file in &self.manifest.files {
            let mut offset = 0;
            for blob in &file.blobs {
                if volume.is_none_or(|volume| blob.volume.is_none_or(|its| its == volume)) {
                    blobs.entry(blob.sha256).or_insert(((file, offset), blob));
                }
                offset += blob.size;
            }
        }
        blobs
    }

    /// Writes every volume, and tells what the export is called, and where they are.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn write(&self, to: &Path) -> Result<(Sha256, Vec<PathBuf>), MirrorError> {
        let refused = |reason: String| MirrorError::Folder { folder: to.display().to_string(), reason };
        let bytes = self.manifest.to_bytes().map_err(refused)?;
        let folders = folders(to, self.manifest.volumes);
        outdated(to, &folders)?;
        let mut export = Sha256::of(&bytes);
        for (number, folder) in (1..).zip(&folders) {
            let label = Label::new(&bytes, number, self.manifest.volumes);
            export = label.export;
            let (loading, blobs) = (Loading::begin(folder)?, self.blobs(Some(number)));
            for (sha256, ((file, offset), blob)) in &blobs {
                if !loading.has(sha256, blob.size)? && !loading.put(sha256, &mut self.content(file, *offset, blob)?)? {
                    let damaged = "it is not what was signed; consign mirror sync --check fetches it again";
                    return Err(RepositoryError::damaged(&file.path, damaged).into());
                }
            }
            loading.finish((&bytes, &label), &blobs.into_keys().collect(), self.reader, self.signer)?;
        }
        Ok((export, folders))
    }

    fn content(&self, file: &File, offset: u64, blob: &Blob) -> Result<Box<dyn Read>, MirrorError> {
        let on = |cause: io::Error| MirrorError::Io { what: "read", place: file.path.clone(), cause };
        if let Some(difference) = self.deltas.get(&blob.sha256) {
            return Ok(Box::new(difference.content().map_err(on)?));
        }
        let mut content = content(self.mirror.store(), &file.path)?;
        content.seek(SeekFrom::Start(offset)).map_err(on)?;
        Ok(Box::new(content.take(blob.size)))
    }
}

/// Where the volumes are: one at the place itself, several each in a folder.
fn folders(to: &Path, number: u32) -> Vec<PathBuf> {
    match number {
        1 => vec![to.to_owned()],
        _ => (1..=number).map(|number| to.join(format!("volume-{number}"))).collect(),
    }
}

/// Volumes of an earlier export that had more or fewer of them.
fn outdated(to: &Path, folders: &[PathBuf]) -> Result<(), MirrorError> {
    let there = std::fs::read_dir(to).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let is_volume = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("volume-"));
    let volumes = there.filter(is_volume).chain([to.to_owned()]);
    volumes.filter(|volume| !folders.contains(volume)).try_for_each(|volume| loading::clear(&volume))
}
