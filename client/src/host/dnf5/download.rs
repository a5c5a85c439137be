//! Packages of exact versions, fetched as dnf 5 fetches them.
//!
//! The lock that a transaction holds while it waits at the barrier is not needed for this.

use std::path::{Path, PathBuf};
use std::time::Duration;

use consign_metadata::name::PackageName;

use super::ask;
use crate::host::HostError;
use crate::host::rpm::package;

/// Fetches a version into an empty folder; answers its file.
///
/// # Errors
/// When it cannot be had; [`HostError::reason`] has dnf's words.
pub fn fetch(package: &PackageName, version: &str, folder: &Path, limit: Duration) -> Result<PathBuf, HostError> {
    let exact = format!("{package}-{version}");
    let to = folder.display().to_string();
    let command = ask::command(["download", "--destdir", &to, &exact]).limit(limit);
    command.output().map_err(|error| error.of(format!("fetch {exact}"), str::to_owned))?;
    let found = package::file_in(folder, package, version);
    let is_file = |path: &PathBuf| std::fs::symlink_metadata(path).is_ok_and(|found| found.is_file());
    let action = format!("fetch {exact}");
    found.filter(is_file).ok_or_else(|| HostError { action, reason: "dnf left no file".to_owned() })
}
