//! Transactions of our own: exact versions are installed.

use std::path::PathBuf;

use consign_metadata::name::PackageName;

use super::ask;
use crate::host::command::HostCommand;
use crate::host::rpm::{missing_lists, returning};
use crate::host::{HostError, transaction};
use crate::places::Places;

/// What packages from files, most often those of before, need is on the host: without any list.
const ALONE: &str = "--disable-repo=*";
/// Lists that are not on disk are fetched, those that are there stay, however old.
const WHAT_IS_MISSING: &str = "--setopt=*.metadata_expire=-1";
/// Tells our hook that the agent itself runs dnf, on a person's word.
pub const OWN: &str = "CONSIGNEE_OWN";

/// Installs exactly these versions, up or down, by the lists that are on disk, where they are; removes nothing that
/// is not replaced. Our hooks are called.
///
/// # Errors
/// With the end of what dnf said.
pub fn install(places: &Places, versions: &[(PackageName, String)]) -> Result<(), HostError> {
    let command = |lists: Option<&str>| installing(lists.unwrap_or(ask::ON_DISK), &[], versions);
    missing_lists::run(places, command, WHAT_IS_MISSING)
}

/// Puts what [`install`] would fetch where it finds it.
///
/// # Errors
/// With dnf's words.
pub fn download(versions: &[(PackageName, String)]) -> Result<(), HostError> {
    transaction::prepare(installing(ask::ON_DISK, &["--downloadonly"], versions))
}

fn installing(lists: &str, options: &[&str], versions: &[(PackageName, String)]) -> HostCommand {
    let exact = versions.iter().map(|(package, version)| format!("{package}-{version}"));
    HostCommand::new(ask::PROGRAM)
        .variable(OWN, "1")
        .args(["--assumeyes", "--quiet", lists, "--setopt=clean_requirements_on_remove=False"])
        .args(["--setopt=install_weak_deps=False", "install", "--allow-downgrade"])
        .args(options.iter().copied())
        .args(exact)
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
        HostCommand::new(ask::PROGRAM)
            .variable(OWN, "1")
            .args(["--assumeyes", "--quiet", ask::ON_DISK, "--setopt=clean_requirements_on_remove=False"])
            .args(["--setopt=install_weak_deps=False"])
            .args(alone)
            .args(["install", "--allow-downgrade"])
            .args(erasing)
            .args(files.iter().map(|file| file.display().to_string()))
    };
    missing_lists::run(places, command, ALONE)
}
