//! dnf 5 and rpm as the package manager of the host.
//!
//! - [`ask`]: a question to dnf, by its command line
//! - [`cache`]: what dnf keeps on disk
//! - [`lists`]: what the repositories offer, and where they are
//! - [`access`]: how a repository is reached
//! - [`download`]: packages of exact versions
//! - [`reach`]: which upgrade takes packages along
//! - [`transaction`]: transactions of our own
//!
//! The standing hold is the file that the plugin of dnf 4 reads, too; under dnf 5 our hook turns it into
//! excludes. What is true of these programs was measured; `docs/rpm-hosts.md` says on which and how.

pub mod access;
pub mod ask;
pub mod cache;
pub mod download;
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

use super::dnf::hold;
use super::rpm::duplicates::Duplicates;
use super::rpm::{curl, database, lock, package, restart, torn};
use super::transaction as own;
use super::{Hold, HostError, Identity, Observed, PackageManager, Repository, Source, dnf};
use crate::durable;
use crate::host::gap::Gap;
use crate::kept_back::Reach;
use crate::places::Places;
use crate::site::Repair;

/// The repositories that offer what is held, one a line; below the agent's state.
const OFFERING: &str = "offering";

/// The dnf 5 of this host.
#[derive(Debug)]
pub struct Dnf5 {
    places: Places,
    offered: lists::Offered,
    access: access::Known,
}

impl Dnf5 {
    /// The dnf 5 of the host whose files are at these places.
    pub fn new(places: Places) -> Self {
        Self { places, offered: lists::Offered::default(), access: access::Known::default() }
    }
}

impl Dnf5 {
    /// Tells our hook in which repositories a cleared version can be. Where the lists cannot be read, what was
    /// known holds: a repository that is not named offers nothing of ours.
    fn write_offering(&self, packages: &[PackageName]) -> Result<(), HostError> {
        let file = self.places.state().join(OFFERING);
        if packages.is_empty() {
            return durable::remove(&file).map_err(|cause| super::at("write", &file, cause));
        }
        let offering = match self.offered.offering(&self.places, packages) {
            Ok(offering) => offering,
            Err(error) => {
                log::warn!("{error}");
                return Ok(());
            }
        };
        let text: String = offering.iter().map(|repository| format!("{repository}\n")).collect();
        let written = if text.is_empty() { durable::remove(&file) } else { self.replace(&file, &text) };
        written.map_err(|cause| super::at("write", &file, cause))
    }

    fn replace(&self, file: &Path, text: &str) -> std::io::Result<()> {
        if std::fs::read_to_string(file).is_ok_and(|found| found == text) {
            return Ok(());
        }
        std::fs::create_dir_all(self.places.state()).and_then(|()| durable::replace(file, text.as_bytes()))
    }
}

impl PackageManager for Dnf5 {
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
        self.offered.candidate(&self.places, package)
    }

    fn repositories(&self, packages: &[PackageName]) -> Result<Vec<Repository>, HostError> {
        self.offered.repositories(&self.places, packages)
    }

    fn fetch(&self, repository: &Repository, path: &str, maximum: u64, limit: Duration) -> Result<Vec<u8>, HostError> {
        let url = format!("{}/{path}", repository.url.trim_end_matches('/'));
        curl::fetch(&url, &self.access.of(&self.places, repository)?, maximum, limit)
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
        self.write_offering(&packages)?;
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
        self.offered.source(&self.places, package, version)
    }

    fn fetch_package(
        &self,
        package: &PackageName,
        version: &str,
        folder: &Path,
        limit: Duration,
    ) -> Result<PathBuf, HostError> {
        download::fetch(package, version, folder, limit)
    }

    fn reach(&self, wanted: &[(PackageName, String)], first: &PackageName) -> Result<Reach, HostError> {
        reach::reach(&self.places, wanted, first)
    }

    fn transaction(&self) -> Result<Option<u32>, HostError> {
        own::running(&self.places).and_then(|own| Ok(lock::holder(&self.places)?.or(own)))
    }

    fn repair(&self, may: Repair) -> Result<(), HostError> {
        dnf::transaction::repair(&self.places, may)
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
        transaction::download(versions)
    }
}
