//! What is released, as projects: the back office in three modules, two of them run by IIS.

use std::path::{Path, PathBuf};

use consign_lab::BackOffice;

use crate::Result;

/// Where hosts find the repository; nobody answers there.
const URL: &str = "https://packages.acme.example/windows/";
const HEALTH: &str = "28443";

/// Who runs what, in the manifest.
const POOLS: [(&str, &str); 2] = [
    ("install_folder = 'Acme\\BackOffice'\n", "install_folder = 'Acme\\BackOffice'\npools = [\"AcmeBackOffice\"]\n"),
    ("install_folder = 'Acme\\WebShop'\n", "install_folder = 'Acme\\WebShop'\npools = [\"AcmeWebShop\"]\n"),
];

/// A release of it.
pub fn backoffice(folder: &Path, version: &str) -> Result<PathBuf> {
    let project = folder.join(version);
    BackOffice::write_project(&project, version, [URL, HEALTH], &POOLS)?;
    Ok(project)
}
