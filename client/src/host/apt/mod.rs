//! apt and dpkg as the package manager of the host.
//!
//! - [`archive`]: a .deb, before it is unpacked
//! - [`database`]: what dpkg has
//! - [`lists`]: what the repositories offer, and where they are
//! - [`fetch`]: files of a repository beside its packages
//! - [`download`]: packages of exact versions, from the cache or a repository
//! - [`hold`]: the standing hold
//! - [`unattended`]: what is kept back when nobody is there
//! - [`lock`]: who has a transaction open
//! - [`reach`]: which upgrade takes packages along
//! - [`restart`]: whether packages wait for a reboot
//! - [`transaction`]: transactions of our own
//! - [`wreckage`]: what dpkg was cut off in, where apt knows no way on
//!
//! What is true of these programs was measured on apt 2.6 and 3.0; `docs/hooks.md` and `docs/holds.md`
//! say how.

pub mod archive;
pub mod database;
pub mod download;
pub mod fetch;
pub mod hold;
pub mod lists;
pub mod lock;
pub mod reach;
pub mod restart;
pub mod transaction;
pub mod unattended;
pub mod wreckage;

use std::path::{Path, PathBuf};
use std::time::Duration;

use consign_metadata::name::PackageName;
use consign_metadata::openpgp::Keyring;
use consign_metadata::plan::NativeVersions;

use super::transaction as own;
use super::{Hold, HostError, Identity, Observed, PackageManager, Repository, Source};
use crate::kept_back::Reach;
use crate::places::Places;
use crate::site::Repair;

/// The apt of this host.
#[derive(Debug, Clone)]
pub struct Apt {
    places: Places,
}

impl Apt {
    /// The apt of the host whose files are at these places.
    pub fn new(places: Places) -> Self {
        Self { places }
    }
}

impl PackageManager for Apt {
    fn native<'a>(&self, versions: &'a NativeVersions) -> Option<&'a str> {
        versions.deb.as_deref()
    }

    fn observe(&self, packages: &[PackageName]) -> Result<Vec<(PackageName, Observed)>, HostError> {
        database::observe(&self.places, packages)
    }

    fn files(&self, packages: &[PackageName]) -> Result<Vec<PathBuf>, HostError> {
        database::files(&self.places, packages)
    }

    fn reboot(&self) -> Result<Option<Vec<String>>, HostError> {
        restart::pending(&self.places)
    }

    fn candidate(&self, package: &PackageName) -> Result<Option<String>, HostError> {
        lists::candidate(&self.places, package)
    }

    fn repositories(&self, packages: &[PackageName]) -> Result<Vec<Repository>, HostError> {
        lists::repositories(packages)
    }

    fn fetch(&self, repository: &Repository, path: &str, maximum: u64, limit: Duration) -> Result<Vec<u8>, HostError> {
        fetch::fetch(&self.places, repository, path, maximum, limit)
    }

    fn extension(&self) -> &'static str {
        "deb"
    }

    fn check(&self, bytes: &[u8], name: &str, keyring: &Keyring) -> Result<(), HostError> {
        archive::check_name(bytes, name, keyring)
    }

    fn hold(&self, holds: &[Hold]) -> Result<(), HostError> {
        let packages: Vec<PackageName> = holds.iter().map(|hold| hold.package.clone()).collect();
        let present = self.observe(&packages)?;
        hold::write(&self.places, &hold::text(holds, &present))?;
        unattended::write(&self.places, &unattended::text(holds))
    }

    fn plan_in(&self, archive: &Path, keyring: &Keyring) -> Result<Vec<u8>, HostError> {
        archive::plan(archive, keyring)
    }

    fn notes_in(&self, archive: &Path, keyring: &Keyring) -> Result<Vec<Vec<u8>>, HostError> {
        archive::notes(archive, keyring)
    }

    fn identify(&self, archive: &Path, keyring: &Keyring) -> Result<Identity, HostError> {
        archive::identify(archive, keyring)
    }

    fn file_in(&self, folder: &Path, package: &PackageName, version: &str) -> Option<PathBuf> {
        download::file_in(folder, package, version)
    }

    fn source(&self, package: &PackageName, version: &str) -> Result<Source, HostError> {
        download::source(package, version)
    }

    fn fetch_package(
        &self,
        package: &PackageName,
        version: &str,
        folder: &Path,
        limit: Duration,
    ) -> Result<PathBuf, HostError> {
        download::fetch(&self.places, package, version, folder, limit)
    }

    fn reach(&self, wanted: &[(PackageName, String)], first: &PackageName) -> Result<Reach, HostError> {
        reach::reach(wanted, first)
    }

    fn transaction(&self) -> Result<Option<u32>, HostError> {
        own::running(&self.places).and_then(|own| Ok(lock::holder(&self.places)?.or(own)))
    }

    // Nothing goes: what was unpacked is configured, and a person began that.
    fn repair(&self, _may: Repair) -> Result<(), HostError> {
        transaction::repair(&self.places)
    }

    fn put_back(&self, files: &[PathBuf], gone: &[PackageName]) -> Result<(), HostError> {
        transaction::put_back(&self.places, files, gone)
    }

    fn install(&self, versions: &[(PackageName, String)]) -> Result<(), HostError> {
        transaction::install(&self.places, versions)
    }

    fn download(&self, versions: &[(PackageName, String)]) -> Result<(), HostError> {
        transaction::download(versions)
    }
}
