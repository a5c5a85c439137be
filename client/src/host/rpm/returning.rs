//! Packages on their way back, where the power failed in the middle: rpm has two versions of some of them then.
//!
//! What stands in front of rpm does not lead out of that: to dnf the older version is there already, and
//! what it has for duplicates ([`super::duplicates`]) keeps the newer one. rpm itself puts the files of the older
//! one down once more and takes every other version away.

use std::path::PathBuf;

use consign_metadata::name::PackageName;
use jiff::Timestamp;

use super::duplicates::Duplicates;
use super::{database, rpm, torn};
use crate::host::{HostError, transaction};
use crate::places::Places;

/// Whether a transaction that was cut off has left two versions of a package of ours, or files that are not those of
/// the version that is to be put back and is there by rpm's database.
///
/// # Errors
/// When the database or a file cannot be read.
pub fn is_cut_off(places: &Places, files: &[PathBuf]) -> Result<bool, HostError> {
    if !Duplicates::read(places)?.ours.is_empty() {
        return Ok(true);
    }
    let wanted = database::in_files(places, files)?;
    let names: Vec<PackageName> = wanted.iter().map(|(name, _)| name.clone()).collect();
    let mut there = database::observe(places, &names)?;
    there.retain(|package| wanted.contains(package));
    let there: Vec<PackageName> = there.into_iter().map(|(name, _)| name).collect();
    Ok(!torn::files(places, &there, Timestamp::UNIX_EPOCH)?.is_empty())
}

/// Installs packages from their files in the place of every other version, and removes those that came with the
/// newer ones.
///
/// # Errors
/// With the end of what rpm said.
pub fn put_back(places: &Places, files: &[PathBuf], gone: &[PackageName]) -> Result<(), HostError> {
    let here = database::observe(places, gone)?;
    if !here.is_empty() {
        // They need the newer ones, and the newer ones may need them.
        let names = here.iter().map(|(package, _)| package.to_string());
        transaction::run(places, rpm(places).args(["--erase", "--nodeps", "--allmatches"]).args(names), &[0])?;
    }
    let files = files.iter().map(|file| file.display().to_string());
    // Who signed the files was found good before; a key may not be one of rpm's own.
    let options = ["--upgrade", "--oldpackage", "--replacepkgs", "--nosignature"];
    transaction::run(places, rpm(places).args(options).args(files), &[0])
}

#[cfg(test)]
mod tests {
    use super::super::sample::Root;
    use super::*;
    use crate::host::Observed;

    fn names(names: &[&str]) -> Vec<PackageName> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn of_two_versions_the_one_of_before_is_left_whole_and_what_came_with_the_other_is_gone() {
        let root = Root::empty();
        fs_err::create_dir_all(root.places.state()).unwrap();
        fs_err::write(root.places.managed(), "acme-erp\nacme-web\nacme-new\n").unwrap();
        let needs = |version: &str| format!("Requires: acme-erp = {version}-1");
        let before = [root.build("acme-erp", "1.0.0", "1"), root.build_with("acme-web", "1.0.0", "1", &needs("1.0.0"))];
        let after = [
            root.build_with("acme-erp", "1.1.0", "1", "Requires: acme-new"),
            root.build_with("acme-web", "1.1.0", "1", &needs("1.1.0")),
            root.build_with("acme-new", "1.1.0", "1", &needs("1.1.0")),
        ];
        root.install(&after);
        assert_eq!(is_cut_off(&root.places, &before), Ok(false));
        // One is there twice, the other has not been begun, and a file was never written to the disk.
        root.install_beside(&before[0]);
        fs_err::write(root.places.at("/usr/share/acme-erp/version"), "").unwrap();
        assert_eq!(is_cut_off(&root.places, &before), Ok(true));

        put_back(&root.places, &before, &names(&["acme-new", "acme-none"])).unwrap();
        let found = database::observe(&root.places, &names(&["acme-erp", "acme-web", "acme-new"])).unwrap();
        let whole = || Observed { version: "1.0.0-1".to_owned(), configured: true };
        assert_eq!(found, [("acme-erp".parse().unwrap(), whole()), ("acme-web".parse().unwrap(), whole())]);
        assert_eq!(fs_err::read_to_string(root.places.at("/usr/share/acme-erp/version")).unwrap(), "1.0.0\n");
        assert_eq!(is_cut_off(&root.places, &before), Ok(false));
    }

    #[test]
    fn files_that_are_not_those_of_the_version_that_is_said_to_be_there_are_put_down_once_more() {
        let root = Root::empty();
        let before = [root.build("acme-erp", "1.0.0", "1")];
        root.install(&before);
        assert_eq!(is_cut_off(&root.places, &before), Ok(false));
        let file = root.places.at("/usr/share/acme-erp/version");
        fs_err::write(&file, "1.1.0\n").unwrap();
        assert_eq!(is_cut_off(&root.places, &[root.build("acme-erp", "0.9.0", "1")]), Ok(false), "another version");
        assert_eq!(is_cut_off(&root.places, &before), Ok(true));
        put_back(&root.places, &before, &[]).unwrap();
        assert_eq!(fs_err::read_to_string(&file).unwrap(), "1.0.0\n");
        assert_eq!(is_cut_off(&root.places, &before), Ok(false));
    }
}
