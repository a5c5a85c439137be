//! dnf 4 and rpm as the package manager of the host.
//!
//! - [`ask`]: a question to dnf's own library, in a process of its own
//! - [`lists`]: what the repositories offer, where they are, and how they are reached
//! - [`download`]: packages of exact versions
//! - [`hold`]: the standing hold, which our plugin of dnf applies
//! - [`plugin`]: whether dnf loads it
//! - [`reach`]: which upgrade takes packages along
//! - [`transaction`]: transactions of our own
//!
//! What is true of these programs was measured; `docs/rpm-hosts.md` says on which and how.

pub mod ask;
pub mod configuration;
pub mod download;
pub mod hold;
pub mod lists;
pub mod plugin;
pub mod reach;
pub mod transaction;

use std::path::{Path, PathBuf};
use std::time::Duration;

use consign_metadata::name::PackageName;
use consign_metadata::openpgp::Keyring;
use consign_metadata::plan::NativeVersions;
use jiff::Timestamp;

use super::gap::Gap;
use super::rpm::duplicates::Duplicates;
use super::rpm::{curl, database, lock, package, restart, torn};
use super::transaction as own;
use super::{Hold, HostError, Identity, Observed, PackageManager, Repository, Source};
use crate::kept_back::Reach;
use crate::places::Places;
use crate::site::Repair;
use ask::Ask;

/// The dnf of this host.
#[derive(Debug)]
pub struct Dnf {
    places: Places,
    ask: Ask,
    offered: lists::Offered,
}

impl Dnf {
    /// The dnf of the host whose files are at these places.
    pub fn new(places: Places) -> Self {
        Self { ask: Ask::of(&places), places, offered: lists::Offered::default() }
    }
}

impl PackageManager for Dnf {
    fn native<'a>(&self, versions: &'a NativeVersions) -> Option<&'a str> {
        versions.rpm.as_deref()
    }

    fn observe(&self, packages: &[PackageName]) -> Result<Vec<(PackageName, Observed)>, HostError> {
        database::observe(&self.places, packages)
    }

    fn files(&self, packages: &[PackageName]) -> Result<Vec<PathBuf>, HostError> {
        database::files(&self.places, packages)
    }

    fn torn(&self, packages: &[PackageName], since: Timestamp) -> Result<Vec<PathBuf>, HostError> {
        torn::files(&self.places, packages, since)
    }

    fn reboot(&self) -> Result<Option<Vec<String>>, HostError> {
        restart::pending(&self.places)
    }

    fn candidate(&self, package: &PackageName) -> Result<Option<String>, HostError> {
        self.offered.candidate(&self.ask, &self.places, package)
    }

    fn repositories(&self, packages: &[PackageName]) -> Result<Vec<Repository>, HostError> {
        self.offered.repositories(&self.ask, &self.places, packages)
    }

    fn fetch(&self, repository: &Repository, path: &str, maximum: u64, limit: Duration) -> Result<Vec<u8>, HostError> {
        let url = format!("{}/{path}", repository.url.trim_end_matches('/'));
        curl::fetch(&url, &self.offered.access(&self.ask, &self.places, repository)?, maximum, limit)
    }

    fn extension(&self) -> &'static str {
        "rpm"
    }

    fn check(&self, bytes: &[u8], name: &str, keyring: &Keyring) -> Result<(), HostError> {
        package::check_name(bytes, name, keyring)
    }

    fn hold(&self, holds: &[Hold]) -> Result<(), HostError> {
        let packages: Vec<PackageName> = holds.iter().map(|hold| hold.package.clone()).collect();
        let present = self.observe(&packages)?;
        hold::write(&self.places, &hold::text(holds, &present))
    }

    fn plan_in(&self, archive: &Path, keyring: &Keyring) -> Result<Vec<u8>, HostError> {
        package::plan(archive, keyring)
    }

    fn notes_in(&self, archive: &Path, keyring: &Keyring) -> Result<Vec<Vec<u8>>, HostError> {
        package::notes(archive, keyring)
    }

    fn identify(&self, archive: &Path, keyring: &Keyring) -> Result<Identity, HostError> {
        package::identify(archive, keyring)
    }

    fn file_in(&self, folder: &Path, package: &PackageName, version: &str) -> Option<PathBuf> {
        package::file_in(folder, package, version)
    }

    fn source(&self, package: &PackageName, version: &str) -> Result<Source, HostError> {
        download::source(&self.ask, package, version)
    }

    fn fetch_package(
        &self,
        package: &PackageName,
        version: &str,
        folder: &Path,
        limit: Duration,
    ) -> Result<PathBuf, HostError> {
        download::fetch(&self.ask, package, version, folder, limit)
    }

    fn reach(&self, wanted: &[(PackageName, String)], first: &PackageName) -> Result<Reach, HostError> {
        reach::reach(&self.ask, wanted, first)
    }

    fn transaction(&self) -> Result<Option<u32>, HostError> {
        own::running(&self.places).and_then(|own| Ok(lock::holder(&self.places)?.or(own)))
    }

    fn repair(&self, may: Repair) -> Result<(), HostError> {
        transaction::repair(&self.places, may)
    }

    fn also_repaired(&self) -> Result<Vec<String>, HostError> {
        Ok(Duplicates::read(&self.places)?.others)
    }

    fn gaps(&self) -> Vec<Gap> {
        plugin::gaps(&self.places)
    }

    fn install_files(&self, files: &[PathBuf]) -> Result<(), HostError> {
        crate::host::rpm::files::install(&self.places, files)
    }

    fn put_back(&self, files: &[PathBuf], gone: &[PackageName]) -> Result<(), HostError> {
        transaction::put_back(&self.places, files, gone)
    }

    fn install(&self, versions: &[(PackageName, String)]) -> Result<(), HostError> {
        transaction::install(&self.places, versions)
    }

    fn download(&self, versions: &[(PackageName, String)]) -> Result<(), HostError> {
        transaction::download(&self.places, versions)
    }
}

#[cfg(test)]
mod tests;
