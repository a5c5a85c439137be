//! Packages of exact versions: from apt's cache, or from a repository.
//!
//! `apt-get download` takes no lock, so it works while another apt waits at the barrier with all of its own
//! (measured with apt 2.6 and 3.0). It fetches what a list of a repository names, and verifies it.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use consign_metadata::name::PackageName;

use super::fetch as beside;
use crate::host::command::HostCommand;
use crate::host::{HostError, Source, at};
use crate::places::Places;

/// A repository that says nothing for so long is left.
const SILENCE: &str = "20";

/// Where a version can be had.
///
/// # Errors
/// When apt cannot be asked.
pub fn source(package: &PackageName, version: &str) -> Result<Source, HostError> {
    let command = apt_get().args(["--print-uris", "download", "--"]).arg(format!("{package}={version}"));
    let finished = command.run()?;
    // Status 100: no repository has it.
    let download = (finished.status == 0).then(|| size_of(&finished.text())).flatten();
    Ok(Source { file: cache()?.and_then(|cache| file_in(&cache, package, version)), download })
}

/// The size in a line `'http://…/erp_1.0-1_all.deb' erp_1.0-1_all.deb 11110 SHA256:…`.
fn size_of(uris: &str) -> Option<u64> {
    let (_, rest) = uris.lines().find(|line| line.starts_with('\''))?.rsplit_once("' ")?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

fn cache() -> Result<Option<PathBuf>, HostError> {
    let answer = HostCommand::new("apt-config").args(["shell", "folder", "Dir::Cache::archives/d"]).output()?;
    let answer = String::from_utf8_lossy(&answer);
    let folder = answer.trim().strip_prefix("folder='").and_then(|rest| rest.strip_suffix('\''));
    Ok(folder.map(PathBuf::from))
}

/// How the name of such a file begins; the architecture follows. apt writes an epoch's colon as `%3a`.
pub fn beginning(package: &PackageName, version: &str) -> String {
    format!("{package}_{}_", version.replace(':', "%3a"))
}

/// The file in a folder that by its name is this version of a package.
pub fn file_in(folder: &Path, package: &PackageName, version: &str) -> Option<PathBuf> {
    let beginning = beginning(package, version);
    let is_it = |name: &str| name.strip_prefix(&beginning).is_some_and(|rest| rest.ends_with(".deb"));
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    entries.filter(|entry| entry.file_name().to_str().is_some_and(is_it)).map(|entry| entry.path()).next()
}

/// Whether a file is by its name one of a package, of whatever version.
pub fn is_of(file: &Path, package: &PackageName) -> bool {
    let name = file.file_name().and_then(|name| name.to_str());
    name.and_then(|name| name.strip_prefix(package.as_str())).is_some_and(|rest| rest.starts_with('_'))
}

/// Fetches a version into an empty folder; answers its file, which is root's.
///
/// # Errors
/// When it cannot be had; [`HostError::reason`] has apt's words.
pub fn fetch(
    places: &Places,
    package: &PackageName,
    version: &str,
    folder: &Path,
    limit: Duration,
) -> Result<PathBuf, HostError> {
    if let Some(user) = beside::user(places, beside::SANDBOX) {
        chown(folder, Some(user), None).map_err(|cause| at("give away", folder, cause))?;
    }
    let wanted = format!("{package}={version}");
    let command = apt_get().args(["download", "--", &wanted]).folder(folder).limit(limit);
    let failed = |reason: String| HostError { action: format!("fetch {wanted}"), reason };
    command.output().map_err(|error| error.of(format!("fetch {wanted}"), beside::last_words))?;
    // Nobody else's from here on.
    let own = rustix::process::geteuid().as_raw();
    chown(folder, Some(own), None).map_err(|cause| at("take back", folder, cause))?;
    let file = file_in(folder, package, version).ok_or_else(|| failed("apt left no file".to_owned()))?;
    if !std::fs::symlink_metadata(&file).is_ok_and(|found| found.is_file()) {
        return Err(failed("what apt left is not a file".to_owned()));
    }
    chown(&file, Some(own), None).map_err(|cause| at("take back", &file, cause))?;
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).map_err(|cause| at("take back", &file, cause))?;
    Ok(file)
}

fn apt_get() -> HostCommand {
    let silence = |method: &str| format!("Acquire::{method}::Timeout={SILENCE}");
    HostCommand::new("apt-get").args(["-qq", "-o", "Acquire::Retries=0"]).args([
        "-o",
        &silence("http"),
        "-o",
        &silence("https"),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_download_is_read_whatever_its_address_is() {
        let line = "'http://127.0.0.1:8081/it's' here/erp_1.0-1_all.deb' erp_1.0-1_all.deb 11110 SHA256:920c\n";
        assert_eq!(size_of(line), Some(11110));
        assert_eq!(size_of("E: Version '9-9' for 'erp' was not found\n"), None);
        assert_eq!(size_of(""), None);
    }

    #[test]
    fn a_file_is_found_by_package_and_version_whatever_its_architecture() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["erp_1%3a1.0-1_all.deb", "erp_1%3a1.0-10_all.deb", "erp-web_1%3a1.0-1_all.deb"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let found = |version: &str| file_in(folder.path(), &"erp".parse().unwrap(), version);
        assert_eq!(found("1:1.0-1"), Some(folder.path().join("erp_1%3a1.0-1_all.deb")));
        assert_eq!(found("1.0-1"), None);
        let is_of = |file: &str| is_of(Path::new(file), &"erp".parse().unwrap());
        assert_eq!([is_of("/kept/erp_1.0-1_all.deb"), is_of("/kept/erp-web_1.0-1_all.deb")], [true, false]);
    }
}
