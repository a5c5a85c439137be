//! What packages have left in the registry: `HKLM\Software\Consignee\Packages\<package>`.
//!
//! `ProductVersion` has no room for a pre-release and no packaging revision, so the version that counts is the native
//! one on record there. That a product is still registered with Windows Installer is looked up beside it.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use consign_metadata::name::PackageName;
use consignee_win32::registry::Key;

use crate::host::HostError;

const PACKAGES: &str = r"Software\Consignee\Packages";
/// How long a package is written down before it is registered as well; and how often the first is looked for.
const TURN: Duration = Duration::from_secs(3);
const REGISTERED: &str = r"Software\Microsoft\Windows\CurrentVersion\Uninstall";

/// A package on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its native version.
    pub version: String,
    /// Its identity for Windows Installer.
    pub product_code: String,
    /// Where it is installed.
    pub folder: Option<PathBuf>,
    /// Where its data are.
    pub data: Option<PathBuf>,
    /// Whether the agent was there when it was installed.
    pub came_with_agent: bool,
    /// When it was last changed.
    pub changed: Option<SystemTime>,
}

impl Record {
    /// That of one package.
    ///
    /// # Errors
    /// When the registry cannot be read.
    pub fn of(package: &PackageName) -> Result<Option<Self>, HostError> {
        let key = Key::open(&format!(r"{PACKAGES}\{package}")).map_err(|cause| cannot(package.as_str(), &cause))?;
        let Some(key) = key else { return Ok(None) };
        let text = |name: &str| key.text(name).map_err(|cause| cannot(package.as_str(), &cause));
        let Some(version) = text("Version")? else { return Ok(None) };
        let folder = |name: &str| Ok::<_, HostError>(text(name)?.filter(|path| !path.is_empty()).map(PathBuf::from));
        let (product_code, data) = (text("ProductCode")?.unwrap_or_default(), folder("DataFolder")?);
        let (came_with_agent, changed) = (text("Wake")?.is_some(), key.changed().ok());
        Ok(Some(Self { version, product_code, folder: folder("InstallFolder")?, data, came_with_agent, changed }))
    }

    /// Those of all packages.
    ///
    /// # Errors
    /// When the registry cannot be read.
    pub fn all() -> Result<Vec<(PackageName, Self)>, HostError> {
        let key = Key::open(PACKAGES).map_err(|cause| cannot("all packages", &cause))?;
        let Some(key) = key else { return Ok(Vec::new()) };
        let names = key.keys().map_err(|cause| cannot("all packages", &cause))?;
        let packages = names.iter().filter_map(|name| name.parse::<PackageName>().ok());
        let records = packages.map(|package| Ok(Self::of(&package)?.map(|record| (package, record))));
        records.filter_map(Result::transpose).collect()
    }

    /// Waits until a package has changed, and whoever changes it has probably come to his end.
    ///
    /// # Errors
    /// When the registry cannot be watched.
    pub fn wait_for_change() -> Result<(), HostError> {
        let cannot = |cause: std::io::Error| HostError {
            action: "watch the registry for packages".to_owned(),
            reason: cause.to_string(),
        };
        match Key::open(PACKAGES).map_err(cannot)? {
            Some(key) => key.wait_for_change().map_err(cannot)?,
            // The first package makes it.
            None => {
                while Key::open(PACKAGES).map_err(cannot)?.is_none() {
                    std::thread::sleep(TURN);
                }
            }
        }
        std::thread::sleep(TURN);
        Ok(())
    }

    /// Whether Windows Installer knows the product as well: a record without is what an installation left that was cut
    /// off, or a lost cache.
    ///
    /// # Errors
    /// When the registry cannot be read.
    pub fn is_registered(&self) -> Result<bool, HostError> {
        let key = Key::open(&format!(r"{REGISTERED}\{}", self.product_code));
        Ok(!self.product_code.is_empty() && key.map_err(|cause| cannot(&self.product_code, &cause))?.is_some())
    }

    /// Its files, by the folder that they are in.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders: Vec<PathBuf> = self.folder.clone().into_iter().collect();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                    _ => files.push(entry.path()),
                }
            }
        }
        files.sort_unstable();
        files
    }
}

fn cannot(what: &str, cause: &std::io::Error) -> HostError {
    HostError { action: format!("look up {what} in the registry"), reason: cause.to_string() }
}
