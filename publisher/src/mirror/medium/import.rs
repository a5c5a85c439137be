//! An import: a mirror, brought up to what media hold, by the code that brings it up to what a server shows.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use consign_metadata::name::ChannelName;

use super::manifest::Journey;
use super::shipment::Shipment;
use crate::mirror::{Listener, Manner, Memory, Mirror, MirrorError, Outcome, Pin, Request, Upstream, sync};

/// How it is to be done.
#[derive(Debug, Clone, Default)]
pub struct ImportRequest {
    /// Whose signatures count; needed for the first time only.
    pub pin: Option<Pin>,
    /// Where hosts find the mirror; nothing said, as before.
    pub url: Option<String>,
    /// Whether every file that is there is read again.
    pub check: bool,
}

/// Takes over what media hold. What is on volumes that are not here is named, and taken over another time.
///
/// # Errors
/// [`MirrorError`]; hosts then see what they saw before, as long as anything is missing.
pub fn import(
    mirror: &Mirror,
    shipment: Shipment,
    request: ImportRequest,
    listener: Listener<'_>,
) -> Result<Vec<Outcome>, MirrorError> {
    let known = Memory::load(mirror.folder())?.map(|memory| memory.pin).or_else(|| request.pin.clone());
    if let Some(pin) = known {
        is_of(&pin, &shipment, mirror.folder())?;
    }
    let promised = shipment.manifest.channels.clone();
    let channels = promised.keys().cloned().collect();
    let selection = Some(shipment.manifest.selection.clone());
    let ImportRequest { pin, url, check } = request;
    let packed_by = shipment.packer.clone();
    let request = Request { pin, channels, selection, url, packed_by, check, adopt: false };
    let upstream = Upstream::shipped(
        shipment.to(mirror.folder()),
        Manner { lanes: 1, pause: Duration::ZERO, ..Manner::default() },
    );
    let outcomes = sync(mirror, &upstream, &request, listener)?;
    is_what_it_says(&promised, &outcomes)?;
    Ok(outcomes)
}

/// An old head in place of a new one brings nothing, and nobody should take that for the newest.
fn is_what_it_says(promised: &BTreeMap<ChannelName, Journey>, outcomes: &[Outcome]) -> Result<(), MirrorError> {
    let other = |outcome: &&Outcome| {
        promised.get(&outcome.channel).is_some_and(|journey| journey.generation != outcome.generation)
    };
    let Some(Outcome { channel, generation, .. }) = outcomes.iter().find(other) else { return Ok(()) };
    let said = promised.get(channel).map(|journey| journey.generation).unwrap_or_default();
    let reason = format!("it says that it brings generation {said} of channel {channel}, and has {generation}");
    Err(MirrorError::Medium { place: "medium".to_owned(), reason })
}

/// Another vendor's medium would be refused for its signatures; this says it in plainer words.
fn is_of(pin: &Pin, shipment: &Shipment, folder: &Path) -> Result<(), MirrorError> {
    let (vendor, primary) = (&shipment.manifest.vendor, &shipment.manifest.primary);
    let reason = match (vendor, primary) {
        (Some(vendor), Some(primary)) if (vendor, primary) == (&pin.vendor, &pin.primary) => return Ok(()),
        (Some(vendor), Some(primary)) => format!(
            "the medium is one of {vendor}, whose primary key is {primary}, and this is a mirror of {}, whose primary key is {}",
            pin.vendor, pin.primary
        ),
        _ => format!("the medium is one of an archive, and this is a mirror of {}", pin.vendor),
    };
    Err(MirrorError::Folder { folder: folder.display().to_string(), reason })
}
