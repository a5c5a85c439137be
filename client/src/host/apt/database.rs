//! What dpkg has: `dpkg-query`, whose fields are its interface for programs.

use std::path::PathBuf;

use consign_metadata::name::PackageName;

use crate::host::command::{CommandError, HostCommand};
use crate::host::{HostError, Observed, at};
use crate::places::Places;

const FORMAT: &str = "${Package}\\t${db:Status-Status}\\t${db:Status-Eflag}\\t${Version}\\n";

/// More than this is no list of files.
const MAXIMUM_LIST: usize = 64 * 1024 * 1024;

/// The files of packages; those that are not on the host have none.
///
/// # Errors
/// When the database cannot be read.
pub fn files(places: &Places, packages: &[PackageName]) -> Result<Vec<PathBuf>, HostError> {
    let known: Vec<PackageName> = observe(places, packages)?.into_iter().map(|(package, _)| package).collect();
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let query = HostCommand::new("dpkg-query")
        .arg(format!("--admindir={}", places.at("/var/lib/dpkg").display()))
        .args(["--listfiles", "--"])
        .args(known.iter().map(PackageName::as_str))
        .maximum(MAXIMUM_LIST);
    let answer = query.output()?;
    let answer = String::from_utf8_lossy(&answer);
    // Between packages stands an empty line, and a diversion is told in words.
    let files = answer.lines().filter(|line| line.starts_with('/') && *line != "/.");
    Ok(files.map(PathBuf::from).collect())
}

/// The state of packages; those that are not on the host, or only with their configuration, are left out.
///
/// # Errors
/// When the database cannot be read.
pub fn observe(places: &Places, packages: &[PackageName]) -> Result<Vec<(PackageName, Observed)>, HostError> {
    if packages.is_empty() {
        return Ok(Vec::new());
    }
    let folder = places.at("/var/lib/dpkg");
    // dpkg-query takes a database that is gone for a host without packages.
    let status = folder.join("status");
    std::fs::metadata(&status).map_err(|cause| at("read", &status, cause))?;
    let query = HostCommand::new("dpkg-query")
        .arg(format!("--admindir={}", folder.display()))
        .args(["--show", "--showformat", FORMAT, "--"])
        .args(packages.iter().map(PackageName::as_str));
    let finished = query.run()?;
    // Status 1: some of them are unknown, which is an answer. Everything else is none.
    let unknown =
        finished.status == 1 && finished.stderr.lines().all(|line| line.contains("no packages found matching"));
    if finished.status != 0 && !unknown {
        let (line, status) = (query.to_string(), finished.status);
        return Err(CommandError::Failed { line, status, stderr: finished.stderr }.into());
    }
    parse(&finished.text())
}

fn parse(answer: &str) -> Result<Vec<(PackageName, Observed)>, HostError> {
    let mut found = Vec::new();
    for line in answer.lines() {
        found.extend(package(line).ok_or_else(|| HostError {
            action: "read the package database".to_owned(),
            reason: format!("dpkg-query answered {line:?}"),
        })?);
    }
    Ok(found)
}

fn package(line: &str) -> Option<Option<(PackageName, Observed)>> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [name, status, flag, version] = fields.as_slice() else { return None };
    if matches!(*status, "not-installed" | "config-files") {
        return Some(None);
    }
    // A package with triggers pending is not done: its postinst will run once more.
    let configured = *status == "installed" && *flag == "ok";
    Some(Some((name.parse().ok()?, Observed { version: (*version).to_owned(), configured })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dpkg(statuses: &[(&str, &str)]) -> (tempfile::TempDir, Places) {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("var/lib/dpkg");
        fs_err::create_dir_all(folder.join("info")).unwrap();
        fs_err::create_dir_all(folder.join("updates")).unwrap();
        let mut text = String::new();
        for (name, status) in statuses {
            let triggers = if status.ends_with("triggers-pending") { "Triggers-Pending: x\n" } else { "" };
            text += &format!(
                "Package: {name}\nStatus: {status}\nMaintainer: x <x@x>\nArchitecture: all\nVersion: 1:1.0-1\n{triggers}Description: x\n\n"
            );
        }
        fs_err::write(folder.join("status"), text).unwrap();
        let places = Places::below(root.path());
        (root, places)
    }

    fn names(names: &[&str]) -> Vec<PackageName> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn only_a_package_with_nothing_left_to_do_is_configured() {
        let (_root, places) = dpkg(&[
            ("good", "install ok installed"),
            ("flagged", "install reinstreq installed"),
            ("pending", "install ok triggers-pending"),
            ("unpacked", "install ok unpacked"),
            ("half", "install reinstreq half-installed"),
            ("removed", "deinstall ok config-files"),
        ]);
        let all = names(&["good", "flagged", "pending", "unpacked", "half", "removed", "unknown"]);
        let found = observe(&places, &all).unwrap();
        let configured: Vec<(&str, bool)> = found.iter().map(|(n, o)| (n.as_str(), o.configured)).collect();
        assert_eq!(
            configured,
            [("flagged", false), ("good", true), ("half", false), ("pending", false), ("unpacked", false)]
        );
        assert!(found.iter().all(|(_, observed)| observed.version == "1:1.0-1"));
    }

    #[test]
    fn the_files_of_packages_are_listed() {
        let (_root, places) = dpkg(&[("good", "install ok installed"), ("other", "install ok installed")]);
        let list = |name: &str, text: &str| {
            fs_err::write(places.at("/var/lib/dpkg/info").join(format!("{name}.list")), text).unwrap();
        };
        list("good", "/.\n/usr\n/usr/bin/good\n");
        list("other", "/.\n/usr/bin/other\n");
        let found = files(&places, &names(&["good", "other", "unknown"])).unwrap();
        let found: Vec<_> = found.iter().map(|path| path.to_str().unwrap()).collect();
        assert_eq!(found, ["/usr", "/usr/bin/good", "/usr/bin/other"]);
        assert_eq!(files(&places, &names(&["unknown"])), Ok(vec![]));
    }

    #[test]
    fn a_database_that_is_not_there_is_an_error_and_not_an_empty_host() {
        let root = tempfile::tempdir().unwrap();
        let error = observe(&Places::below(root.path()), &names(&["good"]));
        assert!(error.is_err(), "{error:?}");
    }
}
