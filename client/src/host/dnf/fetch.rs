//! Files of a repository beside its packages, fetched the way dnf fetches.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use super::ask::{self, Ask};
use super::at;
use crate::host::{HostError, Repository};
use crate::places::Places;

/// One file, at most `maximum` bytes in at most `limit`. The repository is named by its entry point: dnf
/// knows its address and everything that is secret about it.
///
/// # Errors
/// When it cannot be had; [`HostError::reason`] has dnf's words.
pub fn fetch(
    ask: &Ask,
    places: &Places,
    repository: &Repository,
    path: &str,
    maximum: u64,
    limit: Duration,
) -> Result<Vec<u8>, HostError> {
    let parent = places.at("/run/consignee");
    fs_err::create_dir_all(&parent).map_err(|cause| at("create", &parent, cause))?;
    // Nobody but root can look into it.
    let folder = tempfile::Builder::new().prefix("fetch-").tempdir_in(&parent);
    let folder = folder.map_err(|cause| at("create", &parent, cause))?;
    let target = folder.path().join("file");
    let (entry, to) = (repository.entry_point.display().to_string(), target.display().to_string());
    let url = format!("{}/{path}", repository.url.trim_end_matches('/'));
    let most = (maximum + 1).to_string();
    let command = ask.command(["fetch", &entry, path, &to, &most]).limit(limit);
    command.output().map_err(|error| ask::failed(format!("fetch {url}"), error))?;
    read(&target, maximum).map_err(|cause| at("read", Path::new(&url), cause))
}

fn read(target: &Path, maximum: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(target)?.take(maximum + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > maximum {
        return Err(std::io::Error::other(format!("it is larger than {maximum} bytes")));
    }
    Ok(bytes)
}
