//! A .deb before it is unpacked: its origin signature and its plan.

use std::fs::File;
use std::path::Path;

use consign_metadata::deb::{DebError, DebLayout};
use consign_metadata::openpgp::Keyring;

use super::at;
use crate::host::HostError;

/// The signed plan in a package whose three members are as its vendor signed them.
///
/// # Errors
/// When it is not signed so, is of another shape, or has no plan.
pub fn plan(archive: &Path, keyring: &Keyring) -> Result<Vec<u8>, HostError> {
    let failed = |cause: DebError| at("trust", archive, cause);
    let mut file = File::open(archive).map_err(|cause| at("open", archive, cause))?;
    let layout = DebLayout::read(&mut file).map_err(failed)?;
    layout.verify_origin(&mut file, keyring).map_err(failed)?;
    let plan = layout.plan(&mut file).map_err(failed)?;
    plan.ok_or_else(|| at("trust", archive, "it has no plan"))
}
