//! A package that was built by others, as far as the formats have it in common.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::Path;

use consign_metadata::name::PackageName;

use super::{PackageError, PackageFormat};
use crate::stage::StagedTree;

/// Where unit files are; in the older of the two before /usr was merged.
const UNIT_FOLDERS: [&str; 2] = ["usr/lib/systemd/system/", "lib/systemd/system/"];
const INIT_SCRIPTS: &str = "etc/init.d/";

/// A package that was built by others.
pub trait ForeignPackage: Debug {
    /// Where the package was found.
    fn path(&self) -> &Path;

    /// Its format.
    fn format(&self) -> PackageFormat;

    /// Its name.
    fn name(&self) -> &PackageName;

    /// Its native version.
    fn version(&self) -> &str;

    /// Its native architecture.
    fn architecture(&self) -> &str;

    /// When its newest file was written.
    fn newest(&self) -> u64;

    /// What the file is called that it becomes.
    fn file_name(&self) -> String;

    /// The folders that it installs, relative to the root.
    fn folders(&self) -> &BTreeSet<String>;

    /// The files and links that it installs, relative to the root.
    fn others(&self) -> &BTreeSet<String>;

    /// Whether it installs the file behind a unit: a unit file, or an init script of the name.
    fn installs_unit(&self, file: &str) -> bool {
        let script = file.strip_suffix(".service").map(|name| format!("{INIT_SCRIPTS}{name}"));
        UNIT_FOLDERS.iter().any(|folder| self.others().contains(&format!("{folder}{file}")))
            || script.is_some_and(|script| self.others().contains(&script))
    }

    /// The services that it installs; templates among them.
    fn services(&self) -> Vec<&str> {
        let names = self.others().iter().filter_map(|path| UNIT_FOLDERS.iter().find_map(|f| path.strip_prefix(f)));
        names.filter(|name| name.ends_with(".service") && !name.contains('/')).collect()
    }

    /// Whether a path of the host is a link, or anything else but a folder, in this package.
    fn is_no_folder(&self, path: &str) -> bool {
        self.others().contains(path.trim_start_matches('/'))
    }

    /// Refuses to write over one of its own files, or through a link of its own.
    ///
    /// # Errors
    /// [`PackageError::Contents`]
    fn is_free_for(&self, tree: &StagedTree) -> Result<(), PackageError> {
        let others = self.others();
        let taken = tree
            .entries()
            .map(|(path, _)| path)
            .find(|path| others.contains(*path) || path.match_indices('/').any(|(at, _)| others.contains(&path[..at])));
        match taken {
            None => Ok(()),
            Some(path) => Err(PackageError::Contents {
                package: self.name().to_string(),
                reason: format!("/{path} is to be added, and the package installs something else there"),
            }),
        }
    }
}
