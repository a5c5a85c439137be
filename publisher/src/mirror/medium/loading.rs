//! A volume that is being written: blobs, then the manifest, last of all its label.
//!
//! Sticks are pulled. A volume loses its label before anything of it changes, and gets one when everything else is
//! on the medium; what is there already and good is not written again. Nothing that others have put there is
//! touched, and nothing is asked of the file system but names of 64 letters.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use consign_metadata::digest::Sha256;

use super::digesting::Digesting;
use super::label::{self, Label};
use super::leaflet::{self, LEAFLETS};
use super::packer::SIGNATURE;
use super::reader::Reader;
use crate::file::{FileError, OnFile};
use crate::mirror::MirrorError;
use crate::sign::OpenPgpSigner;

/// The folder of a volume; everything else on the medium is somebody else's.
pub const FOLDER: &str = "consign-medium";
/// In which the blobs are, by their first two digits.
const BLOBS: &str = "blobs";
/// What the volume holds.
pub const MANIFEST: &str = "manifest.json";
/// A `consign` for the machine of the site.
pub const READER: &str = "consign";

/// A volume that is being written.
pub struct Loading {
    folder: PathBuf,
}

impl Loading {
    /// The volume in a folder of a medium. From now on it is unfinished.
    ///
    /// # Errors
    /// [`MirrorError::File`]
    pub fn begin(medium: &Path) -> Result<Self, MirrorError> {
        let folder = medium.join(FOLDER);
        fs::create_dir_all(&folder).on("make folder", &folder)?;
        forget(&folder.join(label::FILE))?;
        sync(&folder)?;
        Ok(Self { folder })
    }

    fn place(&self, blob: &Sha256) -> PathBuf {
        let name = blob.to_string();
        self.folder.join(BLOBS).join(&name[..2]).join(name)
    }

    /// Whether a blob is there, whole.
    ///
    /// # Errors
    /// [`MirrorError::File`]
    pub fn has(&self, blob: &Sha256, size: u64) -> Result<bool, MirrorError> {
        let place = self.place(blob);
        match fs::symlink_metadata(&place) {
            Ok(there) if there.is_file() && there.len() == size => {
                let file = File::open(&place).on("open", &place)?;
                Ok(Sha256::of_reader(file).on("read", &place)?.0 == *blob)
            }
            Ok(_) => Ok(false),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(cause) => Err(cause).on("look at", &place)?,
        }
    }

    /// Writes a blob, on the medium when it returns; `false` where the content is another one.
    ///
    /// # Errors
    /// [`MirrorError::File`]
    pub fn put(&self, blob: &Sha256, content: &mut dyn io::Read) -> Result<bool, MirrorError> {
        let (place, own) = (self.place(blob), self.folder.join(BLOBS));
        let folder = place.parent().unwrap_or(&own);
        fs::create_dir_all(folder).on("make folder", folder)?;
        let beside = place.with_extension("new");
        let file = File::create(&beside).on("write", &beside)?;
        let mut out = Digesting::new(&file);
        io::copy(content, &mut out).on("write", &beside)?;
        if out.digest() != *blob {
            forget(&beside)?;
            return Ok(false);
        }
        file.sync_all().on("sync", &beside)?;
        fs::rename(&beside, &place).on("rename", &beside)?;
        sync(folder)?;
        Ok(true)
    }

    /// Everything else, and the label last.
    ///
    /// # Errors
    /// [`MirrorError::File`]
    pub fn finish(
        self,
        (manifest, label): (&[u8], &Label),
        named: &BTreeSet<Sha256>,
        reader: Option<&Reader>,
        signer: Option<&dyn OpenPgpSigner>,
    ) -> Result<(), MirrorError> {
        self.discard(named)?;
        let place = self.folder.join(label::FILE);
        let text = serde_json::to_vec(label).map_err(io::Error::other).on("write", &place)?;
        let signed = |bytes: &[u8]| signer.map(|signer| signer.detached(&mut &*bytes)).transpose();
        let mut files: BTreeMap<String, Option<Vec<u8>>> = BTreeMap::new();
        files.extend(leaflet::texts(label, reader).map(|(name, text)| (name.to_owned(), Some(text))));
        files.insert(READER.to_owned(), reader.map(|reader| reader.bytes.clone()));
        files.insert(format!("{MANIFEST}{SIGNATURE}"), signed(manifest)?);
        files.insert(format!("{}{SIGNATURE}", label::FILE), signed(&text)?);
        files.insert(MANIFEST.to_owned(), Some(manifest.to_vec()));
        for (name, bytes) in &files {
            let place = self.folder.join(name);
            bytes.as_ref().map_or_else(|| forget(&place), |bytes| write(&place, bytes))?;
        }
        write(&place, &text)
    }

    /// Blobs of earlier exports.
    fn discard(&self, named: &BTreeSet<Sha256>) -> Result<(), MirrorError> {
        for folder in entries(&self.folder.join(BLOBS))? {
            for file in entries(&folder)? {
                let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let blob = name.strip_suffix(".new").unwrap_or(&name).parse::<Sha256>();
                let is_named = !name.ends_with(".new") && blob.as_ref().is_ok_and(|blob| named.contains(blob));
                if blob.is_ok() && !is_named {
                    forget(&file)?;
                }
            }
        }
        Ok(())
    }
}

/// Takes a volume away that an earlier export has left, and nothing that is not ours.
///
/// # Errors
/// [`MirrorError::File`]
pub fn clear(medium: &Path) -> Result<(), MirrorError> {
    let folder = medium.join(FOLDER);
    if !folder.join(label::FILE).exists() && !folder.join(BLOBS).exists() {
        return Ok(());
    }
    let volume = Loading::begin(medium)?;
    volume.discard(&BTreeSet::new())?;
    for folder in entries(&volume.folder.join(BLOBS))? {
        // One that holds something of others stays.
        let _ = fs::remove_dir(folder);
    }
    let signatures = [MANIFEST, label::FILE].map(|name| format!("{name}{SIGNATURE}"));
    let own = [MANIFEST, READER].into_iter().chain(LEAFLETS).map(str::to_owned).chain(signatures);
    own.map(|name| volume.folder.join(name)).try_for_each(|path| forget(&path))?;
    let _ = fs::remove_dir(volume.folder.join(BLOBS));
    let _ = fs::remove_dir(&volume.folder);
    Ok(())
}

/// A small file, whole or not at all.
fn write(place: &Path, bytes: &[u8]) -> Result<(), MirrorError> {
    let beside = place.with_extension("new");
    let mut file = File::create(&beside).on("write", &beside)?;
    file.write_all(bytes).on("write", &beside)?;
    file.sync_all().on("sync", &beside)?;
    fs::rename(&beside, place).on("rename", &beside)?;
    sync(place.parent().unwrap_or(place))
}

fn forget(path: &Path) -> Result<(), MirrorError> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause).on("delete", path)?,
        _ => Ok(()),
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    match fs::read_dir(folder) {
        Ok(entries) => {
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>().on("list", folder)
        }
        Err(cause) if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&cause.kind()) => Ok(Vec::new()),
        Err(cause) => Err(cause).on("list", folder),
    }
}

fn sync(folder: &Path) -> Result<(), MirrorError> {
    Ok(File::open(folder).and_then(|folder| folder.sync_all()).on("sync", folder)?)
}
