//! Transactions of our own: what an interrupted one left is finished, and exact versions are installed.
//!
//! Nobody is there to be asked, so a question about a configuration file is answered: the site's file stays,
//! the new one lies beside it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use consign_metadata::name::PackageName;

use super::{download, wreckage};
use crate::host::command::HostCommand;
use crate::host::{HostError, at, transaction};
use crate::places::Places;

/// Somebody else's transaction is waited for, but not for ever.
const LOCK_TIMEOUT: &str = "DPkg::Lock::Timeout=120";
/// For the archive of one package that apt cannot be made to fetch in its transaction.
const DOWNLOAD: Duration = Duration::from_secs(3600);
/// dpkg asks where both have changed a file, the site has removed it or had it first. `--force-confdef`, which
/// is often seen beside this, answers the same to each of them: "keep" is the only default that dpkg has.
const KEEP: &str = "--force-confold";

/// Configures what was unpacked and not configured.
///
/// # Errors
/// With the end of what dpkg said; packages of others that fail are an error, too.
pub fn repair(places: &Places) -> Result<(), HostError> {
    let command = HostCommand::new("dpkg").args([KEEP, "--configure", "--pending"]);
    transaction::run(places, unattended(command), &[0])
}

/// Installs exactly these versions, up or down, with what is broken beside them mended; never removes.
///
/// # Errors
/// With the end of what apt said.
pub fn install(places: &Places, versions: &[(PackageName, String)]) -> Result<(), HostError> {
    past_wreckage(places, installing(&[], versions), |wrecked, folder| {
        let wanted = versions.iter().filter(|(package, _)| wrecked.contains(package));
        wanted.map(|(package, version)| download::fetch(places, package, version, folder, DOWNLOAD)).collect()
    })
}

/// Puts what [`install`] would fetch where it finds it.
///
/// # Errors
/// With apt's words.
pub fn download(versions: &[(PackageName, String)]) -> Result<(), HostError> {
    transaction::prepare(installing(&["--download-only"], versions))
}

fn installing(options: &[&str], versions: &[(PackageName, String)]) -> HostCommand {
    let exact = versions.iter().map(|(package, version)| format!("{package}={version}"));
    let command = HostCommand::new("apt-get")
        .args(["--yes", "--quiet", "--fix-broken", "--no-remove", "--allow-downgrades", "--no-install-recommends"])
        .args(options.iter().copied())
        .args(["--option", LOCK_TIMEOUT])
        .args(["--option".to_owned(), format!("DPkg::Options::={KEEP}")])
        .args(["install", "--"])
        .args(exact);
    unattended(command)
}

/// Installs packages from their files, most often older ones, and removes those that are gone with them. Before
/// that it configures what an attempt that was cut off has left; apt does nothing else then.
///
/// # Errors
/// With the end of what apt said.
pub fn put_back(places: &Places, files: &[PathBuf], gone: &[PackageName]) -> Result<(), HostError> {
    if let Err(problem) = repair(places) {
        log::warn!("{problem}");
    }
    let command = HostCommand::new("apt-get")
        .args(["--yes", "--quiet", "--fix-broken", "--allow-downgrades", "--no-install-recommends"])
        .args(["--option", LOCK_TIMEOUT])
        .args(["--option".to_owned(), format!("DPkg::Options::={KEEP}")])
        .args(["install", "--"])
        .args(files.iter().map(|file| file.display().to_string()))
        .args(gone.iter().map(|package| format!("{package}-")));
    past_wreckage(places, unattended(command), |wrecked, _| {
        let is_of = |file: &&PathBuf| wrecked.iter().any(|package| download::is_of(file, package));
        Ok(files.iter().filter(is_of).cloned().collect())
    })
}

/// Runs apt; once more where it knew no way on from what dpkg was cut off in, and these archives were unpacked.
fn past_wreckage(
    places: &Places,
    command: HostCommand,
    archives: impl FnOnce(&[PackageName], &Path) -> Result<Vec<PathBuf>, HostError>,
) -> Result<(), HostError> {
    let failed = match transaction::run(places, command.clone(), &[0]) {
        Ok(()) => return Ok(()),
        Err(problem) => problem,
    };
    match clear(places, archives) {
        Ok(true) => return transaction::run(places, command, &[0]),
        Ok(false) => {}
        Err(problem) => log::warn!("{problem}"),
    }
    Err(failed)
}

/// Whether there was any wreckage, and is none now.
fn clear(
    places: &Places,
    archives: impl FnOnce(&[PackageName], &Path) -> Result<Vec<PathBuf>, HostError>,
) -> Result<bool, HostError> {
    let wrecked = wreckage::of(places)?;
    if wrecked.is_empty() {
        return Ok(false);
    }
    let folder = tempfile::tempdir_in(places.state()).map_err(|cause| at("write to", &places.state(), cause))?;
    let archives = archives(&wrecked, folder.path())?;
    if archives.is_empty() {
        return Ok(false);
    }
    wreckage::unpack(places, &archives)?;
    Ok(true)
}

/// With nobody there to be asked.
pub(super) fn unattended(command: HostCommand) -> HostCommand {
    command.variable("DEBIAN_FRONTEND", "noninteractive")
}
