//! Files of a publication: packages of exact versions, and what lies beside them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use consign_metadata::name::PackageName;

use super::lists;
use super::primary::Package;
use super::repos::{self, Subscribed};
use crate::host::rpm::curl;
use crate::host::rpm::package;
use crate::host::{HostError, Repository, Source};
use crate::places::Places;

/// What leads from a generation up to the root of its publication.
const UP: &str = "../../../../";

/// One file of a publication, at most `maximum` bytes in at most `limit`.
///
/// # Errors
/// When it cannot be had.
pub fn fetch_file(
    places: &Places,
    repository: &Repository,
    path: &str,
    maximum: u64,
    limit: Duration,
) -> Result<Vec<u8>, HostError> {
    let subscribed = repos::all(places)?.into_iter().find(|found| found.entry_point() == repository.entry_point);
    let subscribed = subscribed.ok_or_else(|| HostError {
        action: format!("fetch {path}"),
        reason: format!("no repository has its entry point at {}", repository.entry_point.display()),
    })?;
    let url = format!("{}/{path}", subscribed.url.trim_end_matches('/'));
    curl::fetch(&url, &subscribed.access, maximum, limit)
}

/// Where a version can be had.
///
/// # Errors
/// When the lists cannot be read.
pub fn source(places: &Places, package: &PackageName, version: &str) -> Result<Source, HostError> {
    let Some((subscribed, found)) = exactly(places, package, version)? else { return Ok(Source::default()) };
    let cached = subscribed.packages.join(found.href.trim_start_matches("../"));
    let is_whole = std::fs::metadata(&cached).is_ok_and(|file| file.is_file() && file.len() == found.size);
    Ok(Source { file: is_whole.then_some(cached), download: Some(found.size) })
}

/// Fetches a version into an empty folder; answers its file.
///
/// # Errors
/// When it cannot be had.
pub fn fetch_package(
    places: &Places,
    package: &PackageName,
    version: &str,
    folder: &Path,
    limit: Duration,
) -> Result<PathBuf, HostError> {
    let failed = |reason: String| HostError { action: format!("fetch {package}-{version}"), reason };
    let (subscribed, found) =
        exactly(places, package, version)?.ok_or_else(|| failed("no repository has it".to_owned()))?;
    let below = found.href.strip_prefix(UP).ok_or_else(|| failed(format!("it is not in the pool: {}", found.href)))?;
    let url = format!("{}/{below}", subscribed.url.trim_end_matches('/'));
    let name = below.rsplit('/').next().unwrap_or(below);
    curl::download(&url, &subscribed.access, &folder.join(name), found.size, limit)?;
    package::file_in(folder, package, version).ok_or_else(|| failed(format!("its file is called {name}")))
}

fn exactly(places: &Places, package: &PackageName, version: &str) -> Result<Option<(Subscribed, Package)>, HostError> {
    Ok(lists::offered(places, package)?.into_iter().find(|(_, found)| found.version == version))
}
