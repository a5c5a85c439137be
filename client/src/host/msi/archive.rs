//! An .msi before it is installed: what it is, and its plan, once its vendor's signature was found good.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::Path;

use consign_metadata::msi::{MsiError, MsiFile, Origin};
use consign_metadata::openpgp::Keyring;

use super::signed;
use crate::host::{HostError, Identity, at};
use crate::places::Places;

/// The signed plan in a package whose list of streams this vendor signed. Of its files nothing is read.
///
/// # Errors
/// When it is not signed so, is of another shape, or has no plan.
pub fn plan(archive: &Path, keyring: &Keyring) -> Result<Vec<u8>, HostError> {
    let failed = |cause: MsiError| at("trust", archive, cause);
    let mut package = open(archive)?;
    let (origin, _) = package.origin(keyring).map_err(failed)?;
    package.plan(&origin).map_err(failed)?.ok_or_else(|| at("trust", archive, "it has no plan"))
}

/// What a package file is, every stream of which is as its vendor signed it, for Windows too where it does.
///
/// # Errors
/// When it is not signed so.
pub fn identify(places: &Places, archive: &Path, keyring: &Keyring) -> Result<Identity, HostError> {
    let found = identity(&mut open(archive)?, keyring).map_err(|cause| at("trust", archive, cause))?;
    signed::check_once(places, archive, keyring).map(|()| found)
}

/// Whether these bytes are the package of this name.
///
/// # Errors
/// When they are another, or not as this vendor signed them.
pub fn check_name(bytes: &[u8], name: &str, keyring: &Keyring) -> Result<(), HostError> {
    let failed = |cause: MsiError| at("trust", Path::new(name), cause);
    let mut package = MsiFile::open(Cursor::new(bytes)).map_err(failed)?;
    let found = identity(&mut package, keyring).map_err(failed)?.package;
    signed::check(&mut package, keyring).map_err(|cause| at("trust", Path::new(name), cause))?;
    match found.as_str() == name {
        true => Ok(()),
        false => Err(at("trust", Path::new(name), format!("it is the package {found}"))),
    }
}

fn open(archive: &Path) -> Result<MsiFile<BufReader<File>>, HostError> {
    let file = File::open(archive).map_err(|cause| at("open", archive, cause))?;
    MsiFile::open(BufReader::new(file)).map_err(|cause| at("trust", archive, cause))
}

fn identity<F: Read + Seek>(package: &mut MsiFile<F>, keyring: &Keyring) -> Result<Identity, MsiError> {
    let (origin, _) = package.verify(keyring)?;
    let Origin { package: name, version, architecture, .. } = origin;
    let is_plain = |text: &str| !text.is_empty() && !text.contains(['/', '\\', ':']);
    if !is_plain(&version) || !is_plain(&architecture) {
        return Err(MsiError::Shape("it has no version or no architecture".to_owned()));
    }
    let sizes = package.tables()?.column("File", "FileSize");
    let unpacked = sizes.iter().filter_map(|size| size.parse::<u64>().ok()).sum();
    let file = format!("{name}-{version}.{architecture}.msi");
    Ok(Identity { package: name, version, file, unpacked })
}
