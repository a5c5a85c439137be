//! What an export brings: documents on every volume, packages on one, whole or as the change to one that the site has.

use std::collections::BTreeMap;
use std::io;

use consign_metadata::feed::FileReference;
use consign_metadata::name::ChannelName;
use jiff::Timestamp;

use super::difference::Difference;
use super::export::ExportRequest;
use super::inventory::Inventory;
use super::ledger::Ledger;
use super::manifest::{Blob, File, Journey, Manifest};
use super::site::Site;
use super::volumes::Volumes;
use crate::mirror::archive::Carried;
use crate::mirror::offer::Offer;
use crate::mirror::{Memory, Mirror, MirrorError};
use crate::repository::RepositoryError;
use crate::store::{Content, Key, Source, Store};

/// What an export brings, by its place in the repository.
#[derive(Default)]
pub struct Load {
    /// Without them nothing can be verified.
    pub documents: BTreeMap<String, FileReference>,
    /// Packages, each with one that the site has and that it may be made of.
    pub packages: BTreeMap<String, (FileReference, Option<FileReference>)>,
    /// Until when hosts believe what is brought of each channel.
    pub expires: BTreeMap<ChannelName, Timestamp>,
    /// What is brought of each channel.
    journeys: Vec<(ChannelName, Journey)>,
}

impl Load {
    /// What a site lacks.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn of(mirror: &Mirror, memory: &Memory, request: &ExportRequest) -> Result<Self, MirrorError> {
        let (mut load, mut ledger) = (Self::default(), Ledger::load(mirror)?);
        let site = Site::of(request, &memory.pin)?;
        for (channel, taken) in &memory.channels {
            let inventory = Inventory::of(mirror.store(), memory, &memory.selection, channel)?;
            let (generation, head) = (inventory.generation, inventory.head);
            if !ledger.of(channel).generations.contains_key(&generation) {
                // Taken before mirrors kept a ledger.
                let carried = inventory.lasting().map(|file| file.path.as_str());
                ledger.note(mirror, channel, (generation, head), carried)?;
            }
            let past = ledger.of(channel);
            let since = site.generation(channel, generation, &past)?;
            let is_new = |file: &FileReference| !site.has(file, channel, &past);
            let documents = inventory.documents.iter().chain(inventory.plans.iter().filter(|plan| is_new(plan)));
            load.documents.extend(documents.map(|file| (file.path.clone(), file.clone())));
            let (new, there): (Vec<_>, Vec<_>) = inventory.packages.iter().partition(|offer| is_new(&offer.file));
            let there = if site.takes_deltas() { there } else { Vec::new() };
            let with_base = |offer: &&Offer| (offer.file.clone(), earlier(offer, &there));
            load.packages.extend(new.iter().map(|offer| (offer.file.path.clone(), with_base(offer))));
            load.expires.insert(channel.clone(), inventory.believed_until);
            load.journeys.push((channel.clone(), Journey { generation, asked: taken.asked, since }));
        }
        Ok(load)
    }

    /// The deltas that pay, by the place of their packages.
    ///
    /// # Errors
    /// [`MirrorError::Io`]
    pub fn differences(&self, mirror: &Mirror) -> Result<BTreeMap<String, Difference>, MirrorError> {
        let folder = mirror.parts();
        let mut differences = BTreeMap::new();
        for (path, (package, base)) in &self.packages {
            let Some(base) = base else { continue };
            let on = |cause| MirrorError::Io { what: "make a delta of", place: path.clone(), cause };
            std::fs::create_dir_all(&folder).map_err(on)?;
            let difference = Difference::of(mirror.store(), &folder, base, package).map_err(on)?;
            differences.extend(difference.map(|difference| (path.clone(), difference)));
        }
        Ok(differences)
    }

    /// Everything that is carried of an archive.
    pub fn of_archive(carried: Carried) -> Self {
        let Carried { documents, packages, .. } = carried;
        let documents = documents.into_iter().map(|file| (file.path.clone(), file)).collect();
        let packages = packages.into_iter().map(|file| (file.path.clone(), (file, None))).collect();
        Self { documents, packages, ..Self::default() }
    }

    /// Put into a manifest that has nothing yet.
    ///
    /// # Errors
    /// [`MirrorError::Io`]
    pub fn manifest(
        &self,
        mirror: &Mirror,
        mut manifest: Manifest,
        differences: &BTreeMap<String, Difference>,
        volumes: &mut Volumes,
    ) -> Result<Manifest, MirrorError> {
        manifest.channels.extend(self.journeys.iter().cloned());
        manifest.files.extend(self.documents.values().map(|file| File::of(file, vec![blob(file, None)])));
        for (path, (package, _)) in &self.packages {
            let Some(difference) = differences.get(path) else {
                let content = || content(mirror.store(), path).map_err(io::Error::other);
                let on = |cause| MirrorError::Io { what: "read", place: path.clone(), cause };
                let cut = volumes.place(package.size);
                manifest.files.push(cut.file(package, || Ok(Box::new(content()?))).map_err(on)?);
                continue;
            };
            let Difference { sha256, size, ref delta, .. } = *difference;
            let blob = Blob { sha256, size, volume: Some(volumes.place_whole(size)) };
            manifest.files.push(File { delta: Some(delta.clone()), ..File::of(package, vec![blob]) });
        }
        manifest.volumes = volumes.number;
        Ok(manifest)
    }

    /// How many files it brings.
    pub fn number(&self) -> usize {
        self.documents.len() + self.packages.len()
    }
}

fn blob(file: &FileReference, volume: Option<u32>) -> Blob {
    Blob { sha256: file.sha256, size: file.size, volume }
}

/// The newest of a package that the site has.
fn earlier(offer: &Offer, there: &[&Offer]) -> Option<FileReference> {
    let is_same = |other: &&&Offer| {
        (&other.name, &other.architecture, other.extension()) == (&offer.name, &offer.architecture, offer.extension())
    };
    let newest = there.iter().filter(is_same).max_by_key(|other| other.release.as_ref().map(|(_, version)| version));
    newest.map(|other| other.file.clone())
}

/// A file that is carried.
///
/// # Errors
/// [`MirrorError::Repository`]: it is gone.
pub fn content(store: &dyn Store, path: &str) -> Result<Box<dyn Content>, MirrorError> {
    let key: Key = path.parse()?;
    let there = Source::get(store, &key, u64::MAX)?;
    there.ok_or_else(|| RepositoryError::damaged(&key, "it is carried and not there; consign mirror sync").into())
}
