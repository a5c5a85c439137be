//! Windows Installer as the package manager of the host.
//!
//! - [`archive`]: an .msi, before it is installed
//! - [`signed`]: whether it is signed for Windows as its vendor's anchor wants
//! - [`record`]: what packages have left in the registry
//! - [`installer`]: `msiexec`, and what its exit codes mean
//! - [`pending`]: files that only a reboot replaces
//!
//! There are no lists that a person upgrades from: what is installed is what the agent, or a person, hands to
//! `msiexec`. So there is nothing to hold; a package that somebody installs past the agent is found afterwards.

pub mod archive;
pub mod installer;
pub mod pending;
pub mod record;
pub mod signed;

use std::path::{Path, PathBuf};
use std::time::Duration;

use consign_metadata::name::PackageName;
use consign_metadata::openpgp::Keyring;
use consign_metadata::plan::NativeVersions;

use super::{Hold, HostError, Identity, Observed, PackageManager, Repository, Source};
use crate::places::Places;
use crate::site::Repair;
use record::Record;

/// How the names of packages end.
const EXTENSION: &str = "msi";

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

    /// The file of exactly this version that the agent keeps.
    fn kept(&self, package: &PackageName, version: &str) -> Option<PathBuf> {
        let products = crate::product::Product::all(&self.places).unwrap_or_default();
        products.iter().find_map(|product| self.file_in(&product.packages(), package, version))
    }
}

fn not_here(action: impl Into<String>) -> HostError {
    HostError { action: action.into(), reason: "this agent does not do that on Windows yet".to_owned() }
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
            let configured = record.is_registered()?;
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

    fn candidate(&self, _package: &PackageName) -> Result<Option<String>, HostError> {
        Ok(None)
    }

    fn repositories(&self, _packages: &[PackageName]) -> Result<Vec<Repository>, HostError> {
        Ok(Vec::new())
    }

    fn fetch(
        &self,
        repository: &Repository,
        path: &str,
        _maximum: u64,
        _limit: Duration,
    ) -> Result<Vec<u8>, HostError> {
        Err(not_here(format!("fetch {path} from {}", repository.url)))
    }

    fn extension(&self) -> &'static str {
        EXTENSION
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
        archive::identify(archive, keyring)
    }

    fn file_in(&self, folder: &Path, package: &PackageName, version: &str) -> Option<PathBuf> {
        let ours = format!("{package}-{version}");
        let names = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let is_it = |path: &PathBuf| {
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            matches!(stem.strip_prefix(&ours), Some(".x64" | ".arm64"))
                && path.extension().is_some_and(|extension| extension == EXTENSION)
        };
        names.filter(is_it).min()
    }

    fn source(&self, package: &PackageName, version: &str) -> Result<Source, HostError> {
        Ok(Source { file: self.kept(package, version), download: None })
    }

    fn fetch_package(
        &self,
        package: &PackageName,
        version: &str,
        _folder: &Path,
        _limit: Duration,
    ) -> Result<PathBuf, HostError> {
        Err(not_here(format!("fetch {package} {version}")))
    }

    fn transaction(&self) -> Result<Option<u32>, HostError> {
        Ok(None)
    }

    // Windows Installer takes back what it was cut off in when it is next asked for anything.
    fn repair(&self, _may: Repair) -> Result<(), HostError> {
        Ok(())
    }

    fn put_back(&self, files: &[PathBuf], gone: &[PackageName]) -> Result<(), HostError> {
        installer::remove(gone)?;
        files.iter().try_for_each(|file| {
            installer::remove_newer(file)?;
            installer::install(&self.places, file)
        })
    }

    fn install(&self, versions: &[(PackageName, String)]) -> Result<(), HostError> {
        let file = |(package, version): &(PackageName, String)| {
            let reason = "its file is not on this host".to_owned();
            let missing = HostError { action: format!("install {package} {version}"), reason };
            self.kept(package, version).ok_or(missing)
        };
        let files = versions.iter().map(file).collect::<Result<Vec<_>, _>>()?;
        files.iter().try_for_each(|file| installer::install(&self.places, file))?;
        installer::arrived(versions, &self.observe(&versions.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>())?)
    }
}
