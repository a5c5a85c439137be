//! Packages of exact versions: from dnf's cache, or from a repository.
//!
//! The lock that a transaction holds while it waits at the barrier is not needed for this.

use std::path::{Path, PathBuf};
use std::time::Duration;

use consign_metadata::name::PackageName;

use super::ask::Ask;
use crate::host::rpm::package;
use crate::host::{HostError, Source};

/// Where a version can be had.
///
/// # Errors
/// When dnf cannot be asked.
pub fn source(ask: &Ask, package: &PackageName, version: &str) -> Result<Source, HostError> {
    let mut source = Source::default();
    for line in ask.lines(["source", package.as_str(), version])? {
        match line.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["file", path] => source.file = Some(PathBuf::from(path)),
            ["download", bytes] => source.download = bytes.parse().ok(),
            _ => {}
        }
    }
    Ok(source)
}

/// Fetches a version into an empty folder; answers its file.
///
/// # Errors
/// When it cannot be had; [`HostError::reason`] has dnf's words.
pub fn fetch(
    ask: &Ask,
    package: &PackageName,
    version: &str,
    folder: &Path,
    limit: Duration,
) -> Result<PathBuf, HostError> {
    let (wanted, to) = (format!("fetch {package}-{version}"), folder.display().to_string());
    let command = ask.command(["download", package.as_str(), version, &to]).limit(limit);
    command.output().map_err(|error| error.of(&wanted, str::to_owned))?;
    let found = package::file_in(folder, package, version);
    let is_file = |path: &PathBuf| std::fs::symlink_metadata(path).is_ok_and(|found| found.is_file());
    found.filter(is_file).ok_or_else(|| HostError { action: wanted, reason: "dnf left no file".to_owned() })
}
