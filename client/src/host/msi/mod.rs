//! Windows Installer as the package manager of the host.
//!
//! - [`archive`]: an .msi, before it is installed
//! - [`signed`]: whether it is signed for Windows as its vendor's anchor wants
//! - [`published`]: which versions there are, by the feeds; [`transport`]: how their files come
//! - [`store`]: the packages that the agent keeps
//! - [`record`]: what packages have left in the registry; [`content`]: their files, against what they should be
//! - [`msiexec`]: the program; [`installer`]: what is asked of it, and what its exit codes mean
//! - [`change`]: several packages as one; [`arrival`]: those that came without a word
//! - [`cache`]: what Windows Installer keeps of an installed package
//! - [`own`]: the package of the agent itself; [`renewal`]: it takes the place of this one; [`program`]: which runs
//! - [`pending`]: files that only a reboot replaces; [`unsettled`]: those that somebody had open
//!
//! There are no lists that a person upgrades from: what is installed is what the agent, or a person, hands to
//! `msiexec`. So there is nothing to hold; a package that somebody installs past the agent is found afterwards.

pub mod archive;
pub mod arrival;
pub mod cache;
pub mod change;
pub mod content;
pub mod installer;
pub mod msiexec;
pub mod own;
pub mod pending;
pub mod program;
pub mod published;
pub mod record;
pub mod renewal;
mod signed;
pub mod store;
pub mod transport;
pub mod unsettled;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use consign_metadata::name::{PackageName, VendorName};
use consign_metadata::openpgp::Keyring;
use consign_metadata::plan::NativeVersions;
use jiff::Timestamp;

use super::{Arrival, HeldOpen, Hold, HostError, Identity, Observed, OwnPackage, PackageManager, Repository, Source};
use crate::feed::Kept;
use crate::places::Places;
use crate::site::Repair;
use record::Record;
use unsettled::Unsettled;

/// The Windows Installer of this host.
#[derive(Debug, Clone)]
pub struct Msi {
    places: Places,
}

impl Msi {
    /// That of the host whose files are at these places.
    pub fn new(places: Places) -> Self {
        Self { places }
    }

    /// The vendors of packages, by the plans that these brought.
    fn vendors(&self, packages: &[PackageName]) -> Result<BTreeSet<VendorName>, HostError> {
        let unread = |cause: crate::trust::TrustError| HostError {
            action: "read the plans of this host".to_owned(),
            reason: cause.to_string(),
        };
        let installed = published::trust(&self.places)?.installed(&self.places).map_err(unread)?;
        let ours = installed.into_iter().filter(|found| packages.contains(&found.package));
        Ok(ours.filter_map(|found| Some(found.plan.ok()?.0.envelope.vendor)).collect())
    }
}

impl PackageManager for Msi {
    fn native<'a>(&self, versions: &'a NativeVersions) -> Option<&'a str> {
        versions.msi.as_deref()
    }

    fn observe(&self, packages: &[PackageName]) -> Result<Vec<(PackageName, Observed)>, HostError> {
        let known = packages.iter().map(|package| Ok(Record::of(package)?.map(|record| (package.clone(), record))));
        let known: Vec<(PackageName, Record)> =
            known.filter_map(Result::transpose).collect::<Result<_, HostError>>()?;
        let observed = known.into_iter().map(|(package, record)| {
            let configured = record.is_registered()? && !Unsettled::has(&self.places, &package, &record.version)?;
            Ok((package, Observed { version: record.version, configured }))
        });
        observed.collect()
    }

    fn files(&self, packages: &[PackageName]) -> Result<Vec<PathBuf>, HostError> {
        let mut files = Vec::new();
        for package in packages {
            files.extend(Record::of(package)?.map(|record| record.files()).unwrap_or_default());
        }
        Ok(files)
    }

    // Whatever else waits for a reboot is no concern of a product's.
    fn reboot(&self) -> Result<Option<Vec<String>>, HostError> {
        let waiting = pending::files()?;
        let mut concerned = Vec::new();
        for (package, record) in Record::all()? {
            let below = |file: &PathBuf| record.folder.as_ref().is_some_and(|folder| pending::is_below(file, folder));
            if waiting.iter().any(below) {
                concerned.push(package.to_string());
            }
        }
        Ok((!concerned.is_empty()).then_some(concerned))
    }

    fn candidate(&self, package: &PackageName) -> Result<Option<String>, HostError> {
        let Some(installed) = Record::of(package)? else { return Ok(None) };
        Ok(published::newer(&self.places, package, &installed.version)?.map(|newer| newer.version))
    }

    fn repositories(&self, packages: &[PackageName]) -> Result<Vec<Repository>, HostError> {
        let subscribed = self.vendors(packages)?.into_iter().filter_map(|vendor| {
            let subscription = published::subscription(&self.places, &vendor)?;
            // The feed is all the lists that there are.
            let entry_point = Kept::head(&self.places, &vendor, &subscription.channel);
            let channel = subscription.channel.to_string();
            Some(Repository { url: subscription.url, login: subscription.login, channel, entry_point })
        });
        Ok(subscribed.collect())
    }

    fn look_every(&self) -> Option<Duration> {
        let trust = published::trust(&self.places).ok()?;
        let every = trust.vendors().filter_map(|vendor| {
            published::subscription(&self.places, &vendor.anchor.vendor).map(|subscription| subscription.every)
        });
        every.min()
    }

    fn fetch(&self, repository: &Repository, path: &str, maximum: u64, limit: Duration) -> Result<Vec<u8>, HostError> {
        let trust = published::trust(&self.places)?;
        let mut subscriptions =
            trust.vendors().filter_map(|vendor| published::subscription(&self.places, &vendor.anchor.vendor));
        let subscription = subscriptions.find(|subscription| subscription.url == repository.url);
        let subscription = subscription.ok_or_else(|| HostError {
            action: format!("fetch {path} from {}", repository.url),
            reason: "no vendor of this host has this address any more".to_owned(),
        })?;
        transport::fetch(&subscription, path, maximum, limit)
    }

    fn extension(&self) -> &'static str {
        store::EXTENSION
    }

    fn check(&self, bytes: &[u8], name: &str, keyring: &Keyring) -> Result<(), HostError> {
        archive::check_name(bytes, name, keyring)
    }

    fn hold(&self, _holds: &[Hold]) -> Result<(), HostError> {
        Ok(())
    }

    fn plan_in(&self, archive: &Path, keyring: &Keyring) -> Result<Vec<u8>, HostError> {
        archive::plan(archive, keyring)
    }

    fn identify(&self, archive: &Path, keyring: &Keyring) -> Result<Identity, HostError> {
        archive::identify(&self.places, archive, keyring)
    }

    fn file_in(&self, folder: &Path, package: &PackageName, version: &str) -> Option<PathBuf> {
        store::file_in(folder, package, version)
    }

    fn source(&self, package: &PackageName, version: &str) -> Result<Source, HostError> {
        let file = store::kept(&self.places, package, version).map(|(_, file)| file);
        let published = published::exactly(&self.places, package, version).ok();
        Ok(Source { file, download: published.map(|published| published.file.size) })
    }

    fn fetch_package(
        &self,
        package: &PackageName,
        version: &str,
        folder: &Path,
        limit: Duration,
    ) -> Result<PathBuf, HostError> {
        store::fetch_to(&self.places, package, version, folder, limit)
    }

    fn transaction(&self) -> Result<Option<u32>, HostError> {
        msiexec::at_work(&self.places)
    }

    // Windows Installer takes back what it was cut off in when it is next asked for anything; what it could not
    // replace is installed again.
    fn repair(&self, _may: Repair) -> Result<(), HostError> {
        Ok(())
    }

    fn is_on_its_own(&self) -> bool {
        true
    }

    fn begin(&self) -> Result<(), HostError> {
        arrival::begin(&self.places)
    }

    fn fetch_agent(&self) -> Result<Option<String>, HostError> {
        own::bring(&self.places)
    }

    fn own_package(&self) -> Result<Option<OwnPackage>, HostError> {
        renewal::standing(&self.places).map(Some)
    }

    fn renew_agent(&self) -> Result<bool, HostError> {
        renewal::begin(&self.places, Timestamp::now())
    }

    fn wait_for_change(&self) -> Result<bool, HostError> {
        Record::wait_for_change().map(|()| true)
    }

    fn arrival(&self, modules: &[PackageName], is_marked: bool) -> Result<Arrival, HostError> {
        arrival::of(&self.places, modules, is_marked)
    }

    fn held_open(&self, packages: &[PackageName]) -> Result<Option<HeldOpen>, HostError> {
        let known = Unsettled::read(&self.places)?.packages;
        let ours: Vec<_> = packages.iter().filter_map(|package| known.get(package)).collect();
        let Some(most) = ours.iter().max_by_key(|package| package.attempts) else { return Ok(None) };
        let holders = ours.iter().flat_map(|package| package.holders()).collect();
        Ok(Some(HeldOpen { attempts: most.attempts, due: most.due(), holders }))
    }

    fn put_back(&self, files: &[PathBuf], gone: &[PackageName]) -> Result<(), HostError> {
        installer::remove(&self.places, gone)?;
        change::put_back(&self.places, files)
    }

    fn download(&self, versions: &[(PackageName, String)]) -> Result<(), HostError> {
        versions.iter().try_for_each(|(package, version)| store::bring(&self.places, package, version))
    }

    fn install(&self, versions: &[(PackageName, String)]) -> Result<(), HostError> {
        change::carry_out(&self.places, versions)
    }
}
