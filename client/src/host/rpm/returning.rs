//! Packages on their way back, where the power failed in the middle: rpm has two versions of some of them then.
//!
//! What stands in front of rpm does not lead out of that: to dnf the older version is there already, and
//! what it has for duplicates ([`super::duplicates`]) keeps the newer one. rpm itself puts the files of the older
//! one down once more and takes every other version away.

use std::path::{Path, PathBuf};

use consign_metadata::name::PackageName;

use super::database;
use super::duplicates::Duplicates;
use crate::host::command::HostCommand;
use crate::host::{HostError, transaction};
use crate::places::Places;

/// Whether a transaction that was cut off has left two versions of a package of ours.
///
/// # Errors
/// When the database cannot be read.
pub fn is_cut_off(places: &Places) -> Result<bool, HostError> {
    Ok(!Duplicates::read(places)?.ours.is_empty())
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

fn rpm(places: &Places) -> HostCommand {
    let command = HostCommand::new("rpm");
    if places.root() == Path::new("/") {
        return command;
    }
    let root = format!("--root={}", places.root().display());
    command.args([&root, "--dbpath=/var/lib/rpm"])
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
        assert_eq!(is_cut_off(&root.places), Ok(false));
        // One is there twice, the other has not been begun, and a file was never written to the disk.
        root.install_beside(&before[0]);
        fs_err::write(root.places.at("/usr/share/acme-erp/version"), "").unwrap();
        assert_eq!(is_cut_off(&root.places), Ok(true));

        put_back(&root.places, &before, &names(&["acme-new", "acme-none"])).unwrap();
        let found = database::observe(&root.places, &names(&["acme-erp", "acme-web", "acme-new"])).unwrap();
        let whole = || Observed { version: "1.0.0-1".to_owned(), configured: true };
        assert_eq!(found, [("acme-erp".parse().unwrap(), whole()), ("acme-web".parse().unwrap(), whole())]);
        assert_eq!(fs_err::read_to_string(root.places.at("/usr/share/acme-erp/version")).unwrap(), "1.0.0\n");
        assert_eq!(is_cut_off(&root.places), Ok(false));
    }
}
