//! Transactions of our own: what an interrupted one left is put right, and exact versions are installed.

use std::path::PathBuf;

use consign_metadata::name::PackageName;

use crate::host::command::HostCommand;
use crate::host::rpm::duplicates::Duplicates;
use crate::host::rpm::{missing_lists, returning};
use crate::host::{HostError, transaction};
use crate::places::Places;
use crate::site::Repair;

/// What a person types.
const REPAIR: &str = "dnf remove --duplicates";

/// Takes the older versions away that a transaction has left which was cut off, and installs the newer ones
/// once more, so that no file of theirs is half written. dnf takes the duplicates of all packages along.
///
/// # Errors
/// Naming them and what to type, where that is left to a person; with the end of what dnf said.
pub fn repair(places: &Places, may: Repair) -> Result<(), HostError> {
    match Duplicates::read(places)?.settled_by(REPAIR, may)? {
        true => transaction::run(places, dnf(places).args(["remove", "--duplicates"]), &[0]),
        false => Ok(()),
    }
}

/// Installs exactly these versions, up or down, by the lists that are on disk; removes nothing that is not
/// replaced.
///
/// # Errors
/// With the end of what dnf said.
pub fn install(places: &Places, versions: &[(PackageName, String)]) -> Result<(), HostError> {
    transaction::run(places, installing(places, &[], versions), &[0])
}

/// Puts what [`install`] would fetch where it finds it.
///
/// # Errors
/// With dnf's words.
pub fn download(places: &Places, versions: &[(PackageName, String)]) -> Result<(), HostError> {
    transaction::prepare(installing(places, &["--downloadonly"], versions))
}

fn installing(places: &Places, options: &[&str], versions: &[(PackageName, String)]) -> HostCommand {
    let exact = versions.iter().map(|(package, version)| format!("{package}-{version}"));
    let command = dnf(places).args(["--setopt=install_weak_deps=False"]).args(options.iter().copied());
    command.arg("install").args(exact)
}

/// Installs packages from their files, most often older ones. Packages that came with the newer ones depend on
/// exactly these, and go with them.
///
/// # Errors
/// With the end of what dnf said.
pub fn put_back(places: &Places, files: &[PathBuf], gone: &[PackageName]) -> Result<(), HostError> {
    if returning::is_cut_off(places, files)? {
        return returning::put_back(places, files, gone);
    }
    let erasing = (!gone.is_empty()).then_some("--allowerasing");
    let command = |alone: Option<&str>| {
        let command = dnf(places).arg("--setopt=install_weak_deps=False").args(alone).args(erasing);
        command.arg("downgrade").args(files.iter().map(|file| file.display().to_string()))
    };
    missing_lists::run(places, command, "--disablerepo=*")
}

fn dnf(places: &Places) -> HostCommand {
    let mut command = HostCommand::new("dnf").args(["--assumeyes", "--quiet"]);
    if places.root() != std::path::Path::new("/") {
        let configuration = places.at("/etc/dnf/dnf.conf").display().to_string();
        let root = format!("--installroot={}", places.root().display());
        command = command.args(["--config", &configuration, &root]);
    }
    // Cleared is cleared: nobody is at a terminal here, but somebody has told the agent.
    let command = command.variable("CONSIGNEE_OWN", "1");
    // Whoever reads the lists anew makes the agent look, in the middle of what it is doing.
    command.args(["--setopt=*.metadata_expire=-1", "--setopt=clean_requirements_on_remove=False"])
}
