//! An export as it has arrived, on the volumes that are here: what a mirror reads in place of a server.
//!
//! Nobody trusts it more than a server. What it brings is compared with what the vendor has signed, by the code
//! that compares what comes over the web.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use consign_metadata::anchor::Fingerprint;
use consign_metadata::digest::Sha256;
use consign_metadata::feed::FileReference;
use jiff::Timestamp;

use super::absence::Absence;
use super::drive::{Delivery, Drive};
use super::label::{self, Label};
use super::loading::MANIFEST;
use super::manifest::{self, File, Manifest};
use super::packer::Packer;
use crate::mirror::MirrorError;
use crate::mirror::upstream::{Answer, Mark};
use crate::store::{Key, StoreError};

/// An export as it has arrived.
#[derive(Debug)]
pub struct Shipment {
    /// What it holds, by its own words.
    pub manifest: Manifest,
    /// By which key it is signed, where somebody was asked for.
    pub signer: Option<Fingerprint>,
    /// Who has to have signed it.
    pub(super) packer: Option<Packer>,
    export: String,
    here: BTreeSet<u32>,
    pub(super) drive: Drive,
    by_path: BTreeMap<String, usize>,
    by_digest: HashMap<Sha256, usize>,
    /// The mirror that it comes to.
    pub(super) mirror: Option<PathBuf>,
}

impl Shipment {
    /// Looks at media: volumes of one export, in any order, which this one has packed, if anyone is named.
    ///
    /// # Errors
    /// [`MirrorError::Medium`], [`MirrorError::NotPacked`]
    pub fn open(places: &[PathBuf], packer: Option<Packer>) -> Result<Self, MirrorError> {
        let medium = || places.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(", ");
        let bad = |reason: String| MirrorError::Medium { place: medium(), reason };
        let drive = Drive::look(places)?;
        let labels = labels(&drive, packer.as_ref())?;
        let mut exports: BTreeMap<Sha256, &Label> = BTreeMap::new();
        exports.extend(labels.iter().map(|(_, label)| (label.export, label)));
        let (export, label) = match exports.len() {
            0 => return Err(bad("it holds no export, or one that was not finished".to_owned())),
            1 => exports.into_iter().next().expect("there is one"),
            _ => {
                let names: Vec<_> = exports.keys().map(label::name).collect();
                return Err(bad(format!("they hold different exports: {}", names.join(", "))));
            }
        };
        let Delivery::Good(bytes) = manifest(&drive, label)? else {
            return Err(bad(format!("the manifest of export {} is altered or missing", label::name(&export))));
        };
        let signers = packer
            .iter()
            .flat_map(|packer| labels.iter().map(|(path, _)| packer.signer_of(&path.with_file_name(MANIFEST), &bytes)));
        let signer = signers.collect::<Result<Vec<_>, _>>()?.pop();
        let manifest = Manifest::parse(&bytes).map_err(bad)?;
        let here = labels.iter().map(|(_, label)| label.volume).collect();
        Ok(Self { signer, packer, ..Self::of(manifest, label::name(&export), here, drive) })
    }

    fn of(manifest: Manifest, export: String, here: BTreeSet<u32>, drive: Drive) -> Self {
        let numbered = || manifest.files.iter().enumerate();
        let by_path = numbered().map(|(at, file)| (file.path.clone(), at)).collect();
        let by_digest = numbered().map(|(at, file)| (file.sha256, at)).collect();
        let (signer, packer, mirror) = (None, None, None);
        Self { manifest, signer, packer, export, here, drive, by_path, by_digest, mirror }
    }

    /// The same on its way to a mirror, whose files deltas begin with.
    pub(super) fn to(self, mirror: &Path) -> Self {
        Self { mirror: Some(mirror.to_owned()), ..self }
    }

    /// A small file, whole.
    pub(in crate::mirror) fn ask(&self, key: &Key, maximum: u64) -> Result<Answer, MirrorError> {
        let Some(file) = self.by_path.get(key.as_str()).map(|at| &self.manifest.files[*at]) else {
            return Ok(Answer::Missing);
        };
        if file.size > maximum {
            return Err(StoreError::TooLarge { key: key.clone(), maximum }.into());
        }
        let mut bytes = Vec::new();
        for blob in &file.blobs {
            match self.drive.deliver(&blob.sha256, blob.size, || Ok(Vec::new()))? {
                Delivery::Good(piece) => bytes.extend(piece),
                Delivery::Altered => return Err(self.fault(file, "is altered")),
                Delivery::Nowhere => return Err(self.fault(file, "is missing from the medium")),
            }
        }
        if file.delta.is_some() || Sha256::of(&bytes) != file.sha256 {
            return Err(self.fault(file, "is altered"));
        }
        Ok(Answer::File(bytes, Mark::default()))
    }

    /// How a file is brought that was signed with this digest and length.
    pub(super) fn file(&self, signed: &FileReference) -> Result<&File, MirrorError> {
        let file = self.by_digest.get(&signed.sha256).map(|at| &self.manifest.files[*at]);
        match file.filter(|file| file.size == signed.size) {
            Some(file) => Ok(file),
            None => Err(self.fault_of(&signed.path, "is neither in this export nor here")),
        }
    }

    /// Whether a volume is here.
    pub(super) fn has(&self, volume: Option<u32>) -> bool {
        volume.is_none_or(|volume| self.here.contains(&volume))
    }

    /// A file that waits for other volumes.
    pub(super) fn waits(&self, file: &File, volumes: BTreeSet<u32>) -> MirrorError {
        let share = |volume| {
            let bytes = file.blobs.iter().filter(|blob| blob.volume == Some(volume)).map(|blob| blob.size).sum();
            (volume, BTreeMap::from([(file.path.clone(), bytes)]))
        };
        self.absent(Absence { volumes: volumes.into_iter().map(share).collect(), ..Absence::default() })
    }

    /// A file that is not as it should be.
    pub(super) fn fault(&self, file: &File, what: &str) -> MirrorError {
        self.fault_of(&file.path, what)
    }

    fn fault_of(&self, path: &str, what: &str) -> MirrorError {
        let faults = BTreeSet::from([format!("{path} {what}")]);
        self.absent(Absence { faults, ..Absence::default() })
    }

    fn absent(&self, absence: Absence) -> MirrorError {
        let (export, of) = (self.export.clone(), self.manifest.volumes);
        MirrorError::Absent(Box::new(Absence { export, of, ..absence }))
    }

    /// When the vendor was last asked for a newer generation, by who made the export.
    pub(in crate::mirror) fn asked(&self, channel: &consign_metadata::name::ChannelName) -> Option<Timestamp> {
        self.manifest.channels.get(channel).map(|journey| journey.asked)
    }
}

/// Every label that can be read, with its place.
fn labels(drive: &Drive, packer: Option<&Packer>) -> Result<Vec<(PathBuf, Label)>, MirrorError> {
    let mut labels = Vec::new();
    for path in drive.named(label::FILE) {
        let bad = |reason: String| MirrorError::Medium { place: path.display().to_string(), reason };
        let bytes = Drive::bytes(path, label::MAXIMUM)?;
        let bytes = bytes.ok_or_else(|| bad(format!("its label {} is longer than one", label::FILE)))?;
        packer.map_or(Ok(()), |packer| packer.signer_of(path, &bytes).map(drop))?;
        labels.push((path.clone(), Label::parse(&bytes).map_err(bad)?));
    }
    Ok(labels)
}

fn manifest(drive: &Drive, label: &Label) -> Result<Delivery<Vec<u8>>, MirrorError> {
    if label.manifest > manifest::MAXIMUM {
        return Ok(Delivery::Nowhere);
    }
    drive.deliver(&label.export, label.manifest, || Ok(Vec::new()))
}
