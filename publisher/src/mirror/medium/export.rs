//! An export: what a site lacks, read from a mirror and put on volumes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use consign_metadata::digest::Sha256;
use consign_metadata::feed::FileReference;
use consign_metadata::name::ChannelName;
use jiff::Timestamp;
use serde::Serialize;

use super::inventory::Inventory;
use super::label::{self, Label};
use super::ledger::Ledger;
use super::loading::{self, Loading};
use super::manifest::{Blob, File, Journey, Manifest};
use super::volumes::{Cut, Volumes};
use crate::mirror::{Memory, Mirror, MirrorError};
use crate::repository::RepositoryError;
use crate::store::{Content, Key, Source, Store, StoreError};

/// What is to be exported.
#[derive(Debug, Clone, Default)]
pub struct ExportRequest {
    /// What the site has of each channel.
    pub since: BTreeMap<ChannelName, u64>,
    /// What the site has besides, by digest.
    pub holds: BTreeSet<Sha256>,
    /// The most that a volume may hold, in bytes.
    pub volume_size: Option<u64>,
    /// A `consign` that the site can run.
    pub reader: Option<Vec<u8>>,
}

/// What an export has become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// What it is called: the beginning of the digest of its manifest.
    pub export: String,
    /// The generations that it leads to, and those that it begins after.
    pub channels: BTreeMap<ChannelName, (u64, Option<u64>)>,
    /// The folders of its volumes.
    pub volumes: Vec<PathBuf>,
    /// How many files it brings, the indexes apart.
    pub files: usize,
    /// The bytes of everything on its volumes.
    pub bytes: u64,
}

/// Writes what a site lacks to the volumes of a medium.
///
/// # Errors
/// [`MirrorError`]; a volume is unfinished until it has everything.
pub fn export(mirror: &Mirror, to: &Path, request: &ExportRequest) -> Result<Exported, MirrorError> {
    let nothing = || MirrorError::Folder {
        folder: mirror.folder().display().to_string(),
        reason: "there is no mirror yet".to_owned(),
    };
    let memory = Memory::load(mirror.folder())?.ok_or_else(nothing)?;
    let mut manifest = Manifest::new(
        Timestamp::now(),
        memory.pin.vendor.clone(),
        memory.pin.primary.clone(),
        memory.selection.clone(),
    );
    let load = Load::of(mirror, &memory, request, &mut manifest)?;
    let reader = request.reader.as_ref().map(|reader| reader.len() as u64);
    let common = load.documents.iter().map(|file| file.size).chain(reader);
    let least = |least| MirrorError::Folder {
        folder: to.display().to_string(),
        reason: format!("a volume of this export has at least {least} bytes"),
    };
    let number = load.documents.len() + load.others.len();
    let mut volumes = Volumes::new(request.volume_size, common, number).map_err(least)?;
    let cuts: Vec<Cut> = load.others.iter().map(|file| volumes.place(file.size)).collect();
    manifest.volumes = volumes.number;
    manifest.files = load.files(mirror, &cuts)?;
    let shipped = Shipped { mirror, manifest: &manifest, reader: request.reader.as_deref() };
    let (export, volumes) = shipped.write(to)?;
    Ok(Exported {
        export: label::name(&export),
        channels: manifest.channels.iter().map(|(name, it)| (name.clone(), (it.generation, it.since))).collect(),
        volumes,
        files: load.others.len(),
        bytes: shipped.blobs(None).values().map(|(_, blob)| blob.size).sum(),
    })
}

/// What is brought: documents on every volume, the others on one.
#[derive(Default)]
struct Load {
    documents: BTreeSet<Carried>,
    others: BTreeSet<Carried>,
}

/// A file by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Carried {
    path: String,
    size: u64,
    sha256: Sha256,
}

impl Load {
    fn of(
        mirror: &Mirror,
        memory: &Memory,
        request: &ExportRequest,
        manifest: &mut Manifest,
    ) -> Result<Self, MirrorError> {
        let (mut load, mut ledger) = (Self::default(), Ledger::load(mirror)?);
        for (channel, taken) in &memory.channels {
            let inventory = Inventory::of(mirror.store(), memory, &memory.selection, channel)?;
            let (generation, head) = (inventory.generation, inventory.head);
            if !ledger.of(channel).generations.contains_key(&generation) {
                // Taken before mirrors kept a ledger.
                let carried = inventory.lasting().map(|file| file.path.as_str());
                ledger.note(mirror, channel, (generation, head), carried)?;
            }
            let past = ledger.of(channel);
            let since = request.since.get(channel).copied();
            if let Some(unknown) = since.filter(|since| !past.generations.contains_key(since)) {
                let known = past.generations.keys().copied().collect();
                return Err(MirrorError::UnknownGeneration { channel: channel.clone(), generation: unknown, known });
            }
            let is_there = |file: &FileReference| {
                request.holds.contains(&file.sha256)
                    || since.is_some_and(|since| past.since.get(&file.path).is_some_and(|first| *first <= since))
            };
            load.documents.extend(inventory.documents.iter().map(Carried::from));
            let (plans, packages) = (&inventory.plans, &inventory.packages);
            load.documents.extend(plans.iter().filter(|file| !is_there(file)).map(Carried::from));
            load.others.extend(packages.iter().filter(|file| !is_there(file)).map(Carried::from));
            let journey = Journey { generation, asked: taken.asked, since };
            manifest.channels.insert(channel.clone(), journey);
        }
        Ok(load)
    }

    /// As the manifest has them.
    fn files(&self, mirror: &Mirror, cuts: &[Cut]) -> Result<Vec<File>, MirrorError> {
        let document = |file: &Carried| {
            let Carried { path, size, sha256 } = file.clone();
            File { path, size, sha256, blobs: vec![Blob { sha256, size, volume: None }], delta: None }
        };
        let mut files: Vec<File> = self.documents.iter().map(document).collect();
        for (file, cut) in self.others.iter().zip(cuts) {
            let reference = FileReference { path: file.path.clone(), size: file.size, sha256: file.sha256 };
            let content = || content(mirror.store(), &file.path).map_err(io::Error::other);
            let on = |cause| MirrorError::Io { what: "read", place: file.path.clone(), cause };
            files.push(cut.file(&reference, || Ok(Box::new(content()?))).map_err(on)?);
        }
        Ok(files)
    }
}

impl From<&FileReference> for Carried {
    fn from(file: &FileReference) -> Self {
        Self { path: file.path.clone(), size: file.size, sha256: file.sha256 }
    }
}

/// An export on its way to its volumes.
struct Shipped<'a> {
    mirror: &'a Mirror,
    manifest: &'a Manifest,
    reader: Option<&'a [u8]>,
}

impl<'a> Shipped<'a> {
    /// What is on a volume, or on all together: by blob, and by where in which file it is found.
    fn blobs(&self, volume: Option<u32>) -> BTreeMap<Sha256, ((&'a File, u64), &'a Blob)> {
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

    fn write(&self, to: &Path) -> Result<(Sha256, Vec<PathBuf>), MirrorError> {
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
            loading.finish(&bytes, &label, &blobs.into_keys().collect(), self.reader)?;
        }
        Ok((export, folders))
    }

    fn content(&self, file: &File, offset: u64, blob: &Blob) -> Result<impl Read + use<>, MirrorError> {
        let mut content = content(self.mirror.store(), &file.path)?;
        let on = |cause| MirrorError::Io { what: "read", place: file.path.clone(), cause };
        content.seek(SeekFrom::Start(offset)).map_err(on)?;
        Ok(content.take(blob.size))
    }
}

fn content(store: &dyn Store, path: &str) -> Result<Box<dyn Content>, MirrorError> {
    let key: Key = path.parse()?;
    let there = Source::get(store, &key, u64::MAX).map_err(|error: StoreError| MirrorError::from(error))?;
    there.ok_or_else(|| RepositoryError::damaged(&key, "it is carried and not there; consign mirror sync").into())
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
