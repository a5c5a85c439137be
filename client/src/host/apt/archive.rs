//! A .deb before it is unpacked: its origin signature, its name and its plan.

use std::fs::File;
use std::io::Cursor;
use std::path::Path;

use consign_metadata::deb::{DebError, DebLayout};
use consign_metadata::openpgp::Keyring;

use super::at;
use crate::host::HostError;

const MAXIMUM_CONTROL: u64 = 64 * 1024;

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

/// Whether these bytes are a package of this name, signed by these keys.
///
/// # Errors
/// When they are not.
pub fn check_name(bytes: &[u8], name: &str, keyring: &Keyring) -> Result<(), HostError> {
    let failed = |cause: DebError| at("trust", Path::new(name), cause);
    let mut file = Cursor::new(bytes);
    let layout = DebLayout::read(&mut file).map_err(failed)?;
    layout.verify_origin(&mut file, keyring).map_err(failed)?;
    let control = layout.control_file(&mut file, "control", MAXIMUM_CONTROL).map_err(failed)?.unwrap_or_default();
    let control = String::from_utf8_lossy(&control).into_owned();
    let found = control.lines().find_map(|line| line.strip_prefix("Package:")).unwrap_or_default().trim();
    match found == name {
        true => Ok(()),
        false => Err(at("trust", Path::new(name), format!("it is the package {found}"))),
    }
}
