//! zypper and rpm as the package manager of the host.
//!
//! - [`repos`]: the repositories, as their files say
//! - [`primary`]: what one of them offers, as zypper has fetched it
//! - [`proxies`]: those of the host
//! - [`lists`]: what is offered, and where
//! - [`download`]: files of a publication
//! - [`hold`]: the standing hold, locks of zypper
//! - [`reach`]: which upgrade takes packages along
//! - [`transaction`]: transactions of our own
//!
//! What is true of these programs was measured; `docs/rpm-hosts.md` says on which and how.

pub mod download;
pub mod hold;
pub mod lists;
pub mod primary;
pub mod proxies;
pub mod reach;
pub mod repos;
pub mod transaction;

use std::path::{Path, PathBuf};
use std::time::Duration;

use consign_metadata::name::PackageName;
use consign_metadata::openpgp::Keyring;
use consign_metadata::plan::NativeVersions;
use jiff::Timestamp;

use super::rpm::{database, lock, package, restart, torn};
use super::transaction as own;
use super::{Hold, HostError, Identity, Observed, PackageManager, Repository, Source};
use crate::kept_back::Reach;
use crate::places::Places;
use crate::site::Repair;

/// The zypper of this host.
#[derive(Debug)]
pub struct Zypper {
    places: Places,
}

impl Zypper {
    /// The zypper of the host whose files are at these places.
    pub fn new(places: Places) -> Self {
        Self { places }
    }
}

impl PackageManager for Zypper {
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
        lists::candidate(&self.places, package)
    }

    fn repositories(&self, packages: &[PackageName]) -> Result<Vec<Repository>, HostError> {
        lists::repositories(&self.places, packages)
    }

    fn fetch(&self, repository: &Repository, path: &str, maximum: u64, limit: Duration) -> Result<Vec<u8>, HostError> {
        download::fetch_file(&self.places, repository, path, maximum, limit)
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
        download::source(&self.places, package, version)
    }

    fn fetch_package(
        &self,
        package: &PackageName,
        version: &str,
        folder: &Path,
        limit: Duration,
    ) -> Result<PathBuf, HostError> {
        download::fetch_package(&self.places, package, version, folder, limit)
    }

    fn reach(&self, wanted: &[(PackageName, String)], first: &PackageName) -> Result<Reach, HostError> {
        reach::reach(wanted, first)
    }

    fn transaction(&self) -> Result<Option<u32>, HostError> {
        own::running(&self.places).and_then(|own| Ok(lock::holder(&self.places)?.or(own)))
    }

    fn repair(&self, may: Repair) -> Result<(), HostError> {
        transaction::repair(&self.places, may)
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
}
