//! An export: what a site lacks, read from a mirror and put on volumes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use consign_metadata::name::ChannelName;
use jiff::Timestamp;
use serde::Serialize;

use super::code::Code;
use super::label;
use super::load::Load;
use super::manifest::Manifest;
use super::reader::Reader;
use super::receipt::Receipt;
use super::shipping::Shipping;
use super::volumes::Volumes;
use crate::mirror::archive::Carried;
use crate::mirror::{Memory, Mirror, MirrorError};
use crate::sign::OpenPgpSigner;

/// What is to be exported.
#[derive(Debug, Clone, Default)]
pub struct ExportRequest {
    /// What the site has of each channel.
    pub since: BTreeMap<ChannelName, u64>,
    /// What it said of them over the telephone.
    pub codes: BTreeMap<ChannelName, Code>,
    /// What it has written of itself.
    pub receipt: Option<Receipt>,
    /// The most that a volume may hold, in bytes.
    pub volume_size: Option<u64>,
    /// A `consign` that the site can run.
    pub reader: Option<Reader>,
}

/// What an export has become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// What it is called: the beginning of the digest of its manifest.
    pub export: String,
    /// The generations that it leads to, and those that it begins after.
    pub channels: BTreeMap<ChannelName, (u64, Option<u64>)>,
    /// Until when hosts believe these generations.
    pub expires: BTreeMap<ChannelName, Timestamp>,
    /// The folders of its volumes.
    pub volumes: Vec<PathBuf>,
    /// How many files it brings, the indexes apart.
    pub files: usize,
    /// How many of them as the change to one that the site has.
    pub deltas: usize,
    /// The bytes of everything on its volumes.
    pub bytes: u64,
}

/// Writes what a site lacks to the volumes of a medium, signed by who packs them, where that is to be known.
///
/// # Errors
/// [`MirrorError`]; a volume is unfinished until it has everything.
pub fn export(
    mirror: &Mirror,
    to: &Path,
    request: &ExportRequest,
    signer: Option<&dyn OpenPgpSigner>,
) -> Result<Exported, MirrorError> {
    let (load, manifest) = loaded(mirror, request)?;
    let reader = request.reader.as_ref().map(|reader| reader.bytes.len() as u64);
    let common = load.documents.values().map(|file| file.size).chain(reader);
    let volumes = Volumes::new(request.volume_size, common, load.number());
    let mut volumes = volumes.map_err(|least| MirrorError::VolumeSize { least })?;
    let differences = load.differences(mirror)?;
    let manifest = load.manifest(mirror, manifest, &differences, &mut volumes)?;
    let deltas = differences.into_values().map(|difference| (difference.sha256, difference)).collect();
    let reader = request.reader.as_ref();
    let shipping = Shipping { mirror, manifest: &manifest, deltas: &deltas, reader, signer };
    let (export, volumes) = shipping.write(to)?;
    Ok(Exported {
        export: label::name(&export),
        channels: manifest.channels.iter().map(|(name, it)| (name.clone(), (it.generation, it.since))).collect(),
        volumes,
        files: load.packages.len(),
        deltas: deltas.len(),
        expires: load.expires,
        bytes: shipping.blobs(None).values().map(|(_, blob)| blob.size).sum(),
    })
}

/// What is brought, and the manifest that it goes into.
fn loaded(mirror: &Mirror, request: &ExportRequest) -> Result<(Load, Manifest), MirrorError> {
    let now = Timestamp::now();
    if let Some(memory) = Memory::load(mirror.folder())? {
        let load = Load::of(mirror, &memory, request)?;
        let Memory { pin, selection, .. } = memory;
        return Ok((load, Manifest::of_vendor(now, pin.vendor, pin.primary, selection)));
    }
    let carried = Carried::of(mirror)?.ok_or_else(|| mirror.is_none())?;
    if request.receipt.is_some() || !request.since.is_empty() || !request.codes.is_empty() {
        let reason = "an archive has no generations: what is carried of it is brought as a whole".to_owned();
        return Err(MirrorError::Site { reason });
    }
    let manifest = Manifest::of_archive(now, carried.archive.clone());
    Ok((Load::of_archive(carried), manifest))
}
