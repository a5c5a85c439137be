//! A .rpm before it is unpacked: what it is, and its plan, once its vendor's signature was found good.

use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use consign_metadata::name::PackageName;
use consign_metadata::openpgp::Keyring;
use consign_metadata::plan;
use consign_metadata::rpm::{Header, RpmError, RpmLayout, tag};

use crate::host::{HostError, Identity, at};

/// The plan comes first in a payload; a gate reads no more than this of it.
const MAXIMUM_PLAN: u64 = 1024 * 1024;
/// The release notes come next, with the plan before them.
const MAXIMUM_NOTES: u64 = 64 * 1024 * 1024;

/// The signed plan in a package that is as its vendor signed it. Of the payload nothing else is read: rpm
/// itself compares the rest with the header.
///
/// # Errors
/// When it is not signed so, is of another shape, or has no plan.
pub fn plan(archive: &Path, keyring: &Keyring) -> Result<Vec<u8>, HostError> {
    let failed = |cause: RpmError| at("trust", archive, cause);
    let mut file = File::open(archive).map_err(|cause| at("open", archive, cause))?;
    let (layout, header) = verified(&mut file, keyring).map_err(failed)?;
    let wanted = format!("{}/{}.pgp", plan::INSTALLED_FOLDER, header.name());
    let first = layout.first_entries(&mut file, &header, MAXIMUM_PLAN, |path| path == wanted).map_err(failed)?;
    let plan = first.into_iter().next().ok_or_else(|| at("trust", archive, "it has no plan"))?;
    Ok(plan.bytes)
}

/// The texts of the release notes in a package that is as its vendor signed it: they follow the plan.
///
/// # Errors
/// When it is not signed so, or is of another shape.
pub fn notes(archive: &Path, keyring: &Keyring) -> Result<Vec<Vec<u8>>, HostError> {
    let failed = |cause: RpmError| at("trust", archive, cause);
    let mut file = File::open(archive).map_err(|cause| at("open", archive, cause))?;
    let (layout, header) = verified(&mut file, keyring).map_err(failed)?;
    let plan = format!("{}/{}.pgp", plan::INSTALLED_FOLDER, header.name());
    let is_note = |path: &str| {
        let name = path.rsplit_once("/notes/").map(|(_, name)| name);
        name.and_then(plan::parse_note_file).is_some()
    };
    let first = layout.first_entries(&mut file, &header, MAXIMUM_NOTES, |path| path == plan || is_note(path));
    let first = first.map_err(failed)?.into_iter().filter(|entry| is_note(&entry.path));
    Ok(first.map(|entry| entry.bytes).collect())
}

/// What a package file is, every byte of which is as its vendor signed it.
///
/// # Errors
/// When it is not signed so, or has no name or version.
pub fn identify(archive: &Path, keyring: &Keyring) -> Result<Identity, HostError> {
    let failed = |cause: RpmError| at("trust", archive, cause);
    let mut file = File::open(archive).map_err(|cause| at("open", archive, cause))?;
    let (layout, header) = verified(&mut file, keyring).map_err(failed)?;
    layout.verify_payload(&mut file, &header).map_err(failed)?;
    let (name, version, architecture) = (header.name(), header.native_version(), header.architecture());
    let package = name.parse().map_err(|_| at("trust", archive, format!("it names itself {name:?}")))?;
    let is_plain = |text: &str| !text.is_empty() && !text.contains('/');
    if !is_plain(&version) || !is_plain(architecture) {
        return Err(at("trust", archive, "it has no version or no architecture"));
    }
    let file = format!("{}{architecture}.rpm", beginning(&package, &version));
    let unpacked = header.number(tag::LONG_SIZE).or_else(|| header.number(tag::SIZE)).unwrap_or(0);
    Ok(Identity { package, version, file, unpacked })
}

/// Whether these bytes are a package of this name, signed by these keys.
///
/// # Errors
/// When they are not.
pub fn check_name(bytes: &[u8], name: &str, keyring: &Keyring) -> Result<(), HostError> {
    let failed = |cause: RpmError| at("trust", Path::new(name), cause);
    let mut file = Cursor::new(bytes);
    let (layout, header) = verified(&mut file, keyring).map_err(failed)?;
    layout.verify_payload(&mut file, &header).map_err(failed)?;
    match header.name() == name {
        true => Ok(()),
        false => Err(at("trust", Path::new(name), format!("it is the package {}", header.name()))),
    }
}

fn verified(file: &mut (impl Read + Seek), keyring: &Keyring) -> Result<(RpmLayout, Header), RpmError> {
    let layout = RpmLayout::read(file)?;
    let header = layout.verify(file, keyring)?.header;
    Ok((layout, header))
}

/// How the name of such a file begins; the architecture follows. An epoch is in no file name.
fn beginning(package: &PackageName, version: &str) -> String {
    let version = version.split_once(':').map_or(version, |(_, version)| version);
    format!("{package}-{version}.")
}

/// The file in a folder that by its name is this version of a package, of whatever architecture.
pub fn file_in(folder: &Path, package: &PackageName, version: &str) -> Option<PathBuf> {
    let beginning = beginning(package, version);
    let is_it = |name: &str| {
        let rest = name.strip_prefix(&beginning).and_then(|rest| rest.strip_suffix(".rpm"));
        rest.is_some_and(|architecture| !architecture.is_empty() && !architecture.contains('.'))
    };
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    entries.map(|entry| entry.path()).find(|path| path.file_name().and_then(|n| n.to_str()).is_some_and(is_it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_by_package_and_version_whatever_its_architecture() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["erp-1.0-1.noarch.rpm", "erp-1.0-1.el9.x86_64.rpm", "erp-web-1.0-1.noarch.rpm"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let found = |version: &str| file_in(folder.path(), &"erp".parse().unwrap(), version);
        assert_eq!(found("1.0-1"), Some(folder.path().join("erp-1.0-1.noarch.rpm")));
        assert_eq!(found("1.0-1.el9"), Some(folder.path().join("erp-1.0-1.el9.x86_64.rpm")));
        assert_eq!(found("1.0"), None);
    }
}
