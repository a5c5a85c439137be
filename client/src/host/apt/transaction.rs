//! Transactions of our own: what an interrupted one left is finished, and exact versions are installed.
//!
//! Nobody is there to be asked, so a question about a configuration file is answered: the site's file stays,
//! the new one lies beside it.

use std::path::PathBuf;

use consign_metadata::name::PackageName;

use crate::host::command::HostCommand;
use crate::host::{HostError, transaction};
use crate::places::Places;

/// Somebody else's transaction is waited for, but not for ever.
const LOCK_TIMEOUT: &str = "DPkg::Lock::Timeout=120";
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
    transaction::run(places, installing(&[], versions), &[0])
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
    let files = files.iter().map(|file| file.display().to_string());
    let command = HostCommand::new("apt-get")
        .args(["--yes", "--quiet", "--fix-broken", "--allow-downgrades", "--no-install-recommends"])
        .args(["--option", LOCK_TIMEOUT])
        .args(["--option".to_owned(), format!("DPkg::Options::={KEEP}")])
        .args(["install", "--"])
        .args(files)
        .args(gone.iter().map(|package| format!("{package}-")));
    transaction::run(places, unattended(command), &[0])
}

fn unattended(command: HostCommand) -> HostCommand {
    command.variable("DEBIAN_FRONTEND", "noninteractive")
}
