//! What rpm has: `rpm --query`, whose query format is its interface for programs.

use std::path::{Path, PathBuf};

use consign_metadata::name::PackageName;

use crate::host::command::{CommandError, HostCommand};
use crate::host::{HostError, Observed, at};
use crate::places::Places;

/// Name and version between tabs; no epoch where there is none.
const FORMAT: &str = "%{NAME}\\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\n";
/// Where distributions keep it: SUSE and Fedora first, then everybody else.
const FOLDERS: [&str; 2] = ["/usr/lib/sysimage/rpm", "/var/lib/rpm"];
/// One of these is the database: of SQLite, of Berkeley DB, of ndb.
const FILES: [&str; 3] = ["rpmdb.sqlite", "Packages", "Packages.db"];
pub(super) const NOT_INSTALLED: &str = " is not installed";

/// The state of packages; those that are not on the host are left out.
///
/// # Errors
/// When the database cannot be read.
pub fn observe(places: &Places, packages: &[PackageName]) -> Result<Vec<(PackageName, Observed)>, HostError> {
    if packages.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<&str> = ["--"].into_iter().chain(packages.iter().map(PackageName::as_str)).collect();
    parse(&ask(&folder(places)?, FORMAT, &names)?)
}

/// What package files would install.
///
/// # Errors
/// When one is no package.
pub fn in_files(places: &Places, files: &[PathBuf]) -> Result<Vec<(PackageName, Observed)>, HostError> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let which: Vec<&str> = ["--package", "--"].into_iter().chain(files.iter().map(String::as_str)).collect();
    parse(&ask(&folder(places)?, FORMAT, &which)?)
}

/// The files of packages; those that are not on the host have none.
///
/// # Errors
/// When the database cannot be read.
pub fn files(places: &Places, packages: &[PackageName]) -> Result<Vec<PathBuf>, HostError> {
    if packages.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<&str> = ["--"].into_iter().chain(packages.iter().map(PackageName::as_str)).collect();
    let answer = ask(&folder(places)?, "[%{FILENAMES}\\n]", &names)?;
    Ok(answer.lines().filter(|line| line.starts_with('/')).map(PathBuf::from).collect())
}

/// What rpm answers of packages in this format, in lines; `%{NAME} is not installed` is an answer.
///
/// # Errors
/// When the database cannot be read.
pub(super) fn ask(folder: &Path, format: &str, which: &[&str]) -> Result<String, HostError> {
    let query = HostCommand::new("rpm")
        .args(["--query", "--nosignature", "--nodigest", "--queryformat", format, "--dbpath"])
        .arg(folder.display().to_string())
        .args(which.iter().copied());
    let finished = query.run()?;
    // The status is the number of packages that are not there, which is an answer.
    let unknown = finished.text().lines().filter(|line| line.ends_with(NOT_INSTALLED)).count();
    let is_answer = finished.status == i32::try_from(unknown).unwrap_or(i32::MAX).min(255);
    // Of a database that it cannot read rpm says that everything is not installed, too.
    if !is_answer || finished.stderr.lines().any(|line| line.starts_with("error:")) {
        let (line, status) = (query.to_string(), finished.status);
        return Err(CommandError::Failed { line, status, stderr: finished.stderr }.into());
    }
    Ok(finished.text())
}

/// The folder of the database. rpm takes one that is gone for a host without packages, and makes it anew.
///
/// # Errors
/// When there is none.
pub fn folder(places: &Places) -> Result<PathBuf, HostError> {
    let folders = FOLDERS.map(|folder| places.at(folder));
    let has_database = |folder: &&PathBuf| FILES.iter().any(|file| folder.join(file).is_file());
    let found = folders.iter().find(has_database).cloned();
    found.ok_or_else(|| at("read", &folders[1], "there is no package database"))
}

/// Two versions of one package are what an interrupted transaction leaves: rpm has no other word for it.
fn parse(answer: &str) -> Result<Vec<(PackageName, Observed)>, HostError> {
    let mut found: Vec<(PackageName, Observed)> = Vec::new();
    for line in answer.lines().filter(|line| !line.ends_with(NOT_INSTALLED)) {
        let (name, version) = package(line).ok_or_else(|| HostError {
            action: "read the package database".to_owned(),
            reason: format!("rpm answered {line:?}"),
        })?;
        match found.iter_mut().find(|(known, _)| *known == name) {
            // Of two architectures.
            Some((_, observed)) if observed.version == version => {}
            Some((_, observed)) => *observed = Observed { version, configured: false },
            None => found.push((name, Observed { version, configured: true })),
        }
    }
    Ok(found)
}

fn package(line: &str) -> Option<(PackageName, String)> {
    let (name, version) = line.split_once('\t')?;
    // An epoch of 0 and none are the same.
    Some((name.parse().ok()?, version.strip_prefix("0:").unwrap_or(version).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::sample::Root;
    use super::*;

    fn names(names: &[&str]) -> Vec<PackageName> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn what_is_installed_is_told_from_what_is_not() {
        let root = Root::empty();
        root.install(&[root.build("acme-erp", "1.0.0", "1"), root.build("acme-new", "1:2.0~rc.1", "1.el9")]);
        let found = observe(&root.places, &names(&["acme-erp", "acme-new", "nothing"])).unwrap();
        let seen = |version: &str| Observed { version: version.to_owned(), configured: true };
        assert_eq!(
            found,
            [("acme-erp".parse().unwrap(), seen("1.0.0-1")), ("acme-new".parse().unwrap(), seen("1:2.0~rc.1-1.el9"))]
        );
        assert_eq!(observe(&root.places, &names(&["nothing"])), Ok(vec![]));
    }

    #[test]
    fn the_files_of_packages_are_listed() {
        let root = Root::empty();
        root.install(&[root.build("acme-erp", "1.0.0", "1")]);
        let found = files(&root.places, &names(&["acme-erp", "nothing"])).unwrap();
        assert!(!found.is_empty() && found.iter().all(|path| path.is_absolute()), "{found:?}");
        assert_eq!(files(&root.places, &names(&["nothing"])), Ok(vec![]));
    }

    #[test]
    fn two_versions_of_a_package_are_one_that_is_not_finished() {
        let root = Root::empty();
        root.install(&[root.build("acme-erp", "1.0.0", "1")]);
        root.install_beside(&root.build("acme-erp", "1.1.0", "1"));
        let found = observe(&root.places, &names(&["acme-erp"])).unwrap();
        assert_eq!(found.len(), 1);
        assert!(!found[0].1.configured, "{found:?}");
    }

    #[test]
    fn a_database_that_is_not_there_is_an_error_and_not_an_empty_host() {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        assert!(observe(&places, &names(&["acme-erp"])).is_err());
        let folder = places.at("/var/lib/rpm");
        fs_err::create_dir_all(&folder).unwrap();
        fs_err::write(folder.join("rpmdb.sqlite"), "this is no database, but long enough to be looked at").unwrap();
        assert!(observe(&places, &names(&["acme-erp"])).is_err());
    }
}
