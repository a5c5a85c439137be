//! A .deb before it is unpacked: its origin signature, its name and its plan.

use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::path::Path;

use consign_metadata::deb::{DebError, DebLayout};
use consign_metadata::openpgp::Keyring;
use consign_metadata::plan::{MAXIMUM_NOTE_SIZE, parse_note_member};

use super::download;
use crate::host::{HostError, Identity, at};

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

/// The texts of the release notes in a package whose three members are as its vendor signed them.
///
/// # Errors
/// When it is not signed so, or is of another shape.
pub fn notes(archive: &Path, keyring: &Keyring) -> Result<Vec<Vec<u8>>, HostError> {
    let failed = |cause: DebError| at("trust", archive, cause);
    let mut file = File::open(archive).map_err(|cause| at("open", archive, cause))?;
    let layout = DebLayout::read(&mut file).map_err(failed)?;
    layout.verify_origin(&mut file, keyring).map_err(failed)?;
    let is_note = |name: &str| parse_note_member(name).is_some();
    Ok(layout.control_files(&mut file, is_note, MAXIMUM_NOTE_SIZE).map_err(failed)?.into_values().collect())
}

/// Whether these bytes are a package of this name, signed by these keys.
///
/// # Errors
/// When they are not.
pub fn check_name(bytes: &[u8], name: &str, keyring: &Keyring) -> Result<(), HostError> {
    let failed = |cause: DebError| at("trust", Path::new(name), cause);
    let control = control(&mut Cursor::new(bytes), keyring).map_err(failed)?;
    let found = field(&control, "Package:");
    match found == name {
        true => Ok(()),
        false => Err(at("trust", Path::new(name), format!("it is the package {found}"))),
    }
}

/// What a package file is, whose three members are as its vendor signed them.
///
/// # Errors
/// When it is not signed so, or has no name or version.
pub fn identify(archive: &Path, keyring: &Keyring) -> Result<Identity, HostError> {
    let mut file = File::open(archive).map_err(|cause| at("open", archive, cause))?;
    let control = control(&mut file, keyring).map_err(|cause| at("trust", archive, cause))?;
    let [name, version, architecture] = ["Package:", "Version:", "Architecture:"].map(|name| field(&control, name));
    let package = name.parse().map_err(|_| at("trust", archive, format!("it names itself {name:?}")))?;
    let is_plain = |text: &str| !text.is_empty() && !text.contains('/');
    if !is_plain(version) || !is_plain(architecture) {
        return Err(at("trust", archive, "it has no version or no architecture"));
    }
    let file = format!("{}{architecture}.deb", download::beginning(&package, version));
    // In KiB (Debian policy 5.6.20).
    let unpacked = field(&control, "Installed-Size:").parse::<u64>().unwrap_or(0).saturating_mul(1024);
    Ok(Identity { package, version: version.to_owned(), file, unpacked })
}

fn control(file: &mut (impl Read + Seek + Send + Sync), keyring: &Keyring) -> Result<String, DebError> {
    let layout = DebLayout::read(file)?;
    layout.verify_origin(file, keyring)?;
    let control = layout.control_file(file, "control", MAXIMUM_CONTROL)?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&control).into_owned())
}

fn field<'a>(control: &'a str, name: &str) -> &'a str {
    control.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim()
}
