//! A .rpm before it is unpacked: what it is, and its plan, once its vendor's signature was found good.

use std::path::{Path, PathBuf};

use consign_metadata::name::PackageName;
use consign_metadata::openpgp::Keyring;

use super::at;
use crate::host::{HostError, Identity};

/// The signed plan in a package that is as its vendor signed it.
///
/// # Errors
/// When it is not signed so, is of another shape, or has no plan.
pub fn plan(archive: &Path, _keyring: &Keyring) -> Result<Vec<u8>, HostError> {
    Err(at("trust", archive, "this agent does not read such packages yet"))
}

/// What a package file is, which is as its vendor signed it.
///
/// # Errors
/// When it is not signed so, or has no name or version.
pub fn identify(archive: &Path, _keyring: &Keyring) -> Result<Identity, HostError> {
    Err(at("trust", archive, "this agent does not read such packages yet"))
}

/// Whether these bytes are a package of this name, signed by these keys.
///
/// # Errors
/// When they are not.
pub fn check_name(_bytes: &[u8], name: &str, _keyring: &Keyring) -> Result<(), HostError> {
    Err(at("trust", Path::new(name), "this agent does not read such packages yet"))
}

/// The file in a folder that by its name is this version of a package, of whatever architecture.
pub fn file_in(folder: &Path, package: &PackageName, version: &str) -> Option<PathBuf> {
    // The epoch is in no file name.
    let version = version.split_once(':').map_or(version, |(_, version)| version);
    let beginning = format!("{package}-{version}.");
    let is_it = |name: &str| {
        let rest = name.strip_prefix(&beginning).and_then(|rest| rest.strip_suffix(".rpm"));
        rest.is_some_and(|architecture| !architecture.is_empty() && !architecture.contains('.'))
    };
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    entries.filter(|entry| entry.file_name().to_str().is_some_and(is_it)).map(|entry| entry.path()).next()
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
