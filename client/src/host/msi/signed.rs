//! Whether a package is signed for Windows by whom its vendor's anchor names. The vendor's own signature holds as
//! well, or nobody would have asked: this one is what Windows shows a person.

use std::path::Path;

use consign_metadata::authenticode::{self, AuthenticodeError};
use jiff::Timestamp;

use super::archive;
use crate::host::{HostError, at};
use crate::trust::Vendor;

/// Looks at the whole of a package, where its vendor signs for Windows.
///
/// # Errors
/// When it is signed by nobody, by somebody else, was changed afterwards, or a certificate has expired.
pub fn check(archive: &Path, vendor: &Vendor) -> Result<(), HostError> {
    let Some(pins) = &vendor.anchor.windows else { return Ok(()) };
    let refuse = |cause: AuthenticodeError| at("trust", archive, cause);
    let pins = pins.read().map_err(refuse)?;
    let signer = authenticode::verify(&mut archive::open(archive)?, &pins, Timestamp::now()).map_err(refuse)?;
    log::info!("{} is signed for Windows by {}", archive.display(), signer.subject);
    Ok(())
}
