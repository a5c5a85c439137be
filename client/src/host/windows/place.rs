//! Places that only the host knows: the folders that a site has chosen for a package.

use std::path::PathBuf;

use consign_metadata::name::PackageName;
use consignee_win32::registry::Key;

use crate::host::{Folder, HostError};

const PACKAGES: &str = r"Software\Consignee\Packages";

/// Where a package has put its files and its data.
pub struct Folders {
    install: Option<PathBuf>,
    data: Option<PathBuf>,
}

impl Folders {
    /// Those of a package; none where it is not installed.
    ///
    /// # Errors
    /// When the registry cannot be read.
    pub fn of(package: &PackageName) -> Result<Self, HostError> {
        let cannot = |cause: std::io::Error| HostError {
            action: format!("look up {package} in the registry"),
            reason: cause.to_string(),
        };
        let Some(key) = Key::open(&format!(r"{PACKAGES}\{package}")).map_err(cannot)? else {
            return Ok(Self { install: None, data: None });
        };
        let folder = |name: &str| -> Result<Option<PathBuf>, HostError> {
            let found = key.text(name).map_err(cannot)?.filter(|folder| !folder.is_empty());
            // Windows Installer ends every folder with one.
            Ok(found.map(|found| PathBuf::from(found).components().collect()))
        };
        Ok(Self { install: folder("InstallFolder")?, data: folder("DataFolder")? })
    }

    /// `{data}\spool` on this host.
    pub fn at(&self, named: &str) -> Option<PathBuf> {
        let (root, below) = named.split_once('\\').unwrap_or((named, ""));
        let root = match root {
            "{install}" => self.install.as_ref(),
            "{data}" => self.data.as_ref(),
            _ => None,
        };
        root.map(|root| root.join(below))
    }
}

/// Where a folder of a package is, as the package has written it down; nothing where it is not installed.
///
/// # Errors
/// When the registry cannot be read.
pub fn folder_of(package: &PackageName, folder: Folder) -> Result<Option<String>, HostError> {
    let folders = Folders::of(package)?;
    let found = match folder {
        Folder::Install => folders.install,
        Folder::Data => folders.data,
    };
    Ok(found.map(|found| found.display().to_string()))
}

/// `{data.acme-erp}\db` on this host; every other path is what it is.
///
/// # Errors
/// When the package is not installed, or the registry cannot be read.
pub fn place(named: &str) -> Result<String, HostError> {
    let Some((folder, below)) = named.strip_prefix('{').and_then(|named| named.split_once('}')) else {
        return Ok(named.to_owned());
    };
    let cannot = |reason: &str| HostError { action: format!("tell where {named} is"), reason: reason.to_owned() };
    let (folder, package) = folder.split_once('.').ok_or_else(|| cannot("it names no package"))?;
    let package: PackageName = package.parse().map_err(|_| cannot("it names no package"))?;
    let found = Folders::of(&package)?.at(&format!("{{{folder}}}{below}"));
    found.map(|found| found.display().to_string()).ok_or_else(|| cannot("the package is not installed"))
}
