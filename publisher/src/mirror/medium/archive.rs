//! A slice of an ordinary archive, carried by hand: verified by the archive's own signatures, as from its server.

use std::time::Duration;

use super::shipment::Shipment;
use crate::mirror::archive::Archive;
use crate::mirror::{
    ArchiveKind, ArchiveOutcome, ArchiveRequest, Listener, Manner, Mirror, MirrorError, Upstream, sync_archive,
};

/// How it is to be done.
#[derive(Debug, Clone, Default)]
pub struct ArchiveImport {
    /// Who may sign the archive; needed for the first time only.
    pub keyring: Option<Vec<u8>>,
    /// Whether every file that is there is read again.
    pub check: bool,
}

/// Takes over the slices of an archive that media hold.
///
/// # Errors
/// [`MirrorError`]; a suite of which anything is missing stays what it was.
pub fn import_archive(
    mirror: &Mirror,
    shipment: Shipment,
    archive: &Archive,
    request: &ArchiveImport,
    listener: Listener<'_>,
) -> Result<Vec<ArchiveOutcome>, MirrorError> {
    let packed_by = shipment.packer.clone();
    let manner = Manner { lanes: 1, pause: Duration::ZERO, ..Manner::default() };
    let upstream = Upstream::shipped(shipment.to(mirror.folder()), manner);
    let (mut outcomes, mut absent) = (Vec::new(), None);
    for (suite, slice) in archive.slices() {
        let kind = match archive {
            Archive::Apt(_) => ArchiveKind::Apt { suite },
            Archive::Yum(_) => ArchiveKind::Yum,
        };
        let (keyring, packed_by, check) = (request.keyring.clone(), packed_by.clone(), request.check);
        let request =
            ArchiveRequest { kind, keyring, slice: Some(slice), lacking: None, packed_by, check, adopt: false };
        match sync_archive(mirror, &upstream, &request, listener) {
            Ok(outcome) => outcomes.push(outcome),
            // The medium at hand may have more for the next one.
            Err(error @ MirrorError::Absent(_)) => absent = Some(MirrorError::and(absent, error)),
            Err(error) => return Err(error),
        }
    }
    absent.map_or(Ok(outcomes), Err)
}
