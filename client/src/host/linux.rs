//! The adapters of a Linux host: which package manager it has, and systemd.

use consign_metadata::name::{Label, PackageName};
use consign_metadata::plan::{UpgradePlan, WindowsModule};

use super::barred::Barred;
use super::program::Programs;
use super::rpm::front::{self, Front};
use super::{Folder, HostError, Manager, PackageManager, ServiceManager, apt, dnf, dnf5, systemd, zypper};
use crate::places::Places;

/// What the agent's own package says of the host it is for. One that says nothing is from before there was
/// a choice.
const KIND: &str = "/usr/share/consignee/package-manager";

/// A plan as it is carried out here.
pub fn as_here(plan: UpgradePlan) -> UpgradePlan {
    plan
}

/// Which package manager this host has.
pub fn manager(places: &Places) -> Manager {
    if !is_of_rpm(places) {
        return Manager::Apt;
    }
    match front::of(places) {
        Front::Dnf5 => Manager::Dnf5,
        Front::Zypper => Manager::Zypper,
        Front::Dnf4 | Front::None => Manager::Dnf,
    }
}

/// The package manager of this host.
pub fn package_manager(places: &Places) -> Box<dyn PackageManager> {
    let places = places.clone();
    match manager(&places) {
        Manager::Dnf => Box::new(dnf::Dnf::new(places)),
        Manager::Dnf5 => Box::new(dnf5::Dnf5::new(places)),
        Manager::Zypper => Box::new(zypper::Zypper::new(places)),
        Manager::Apt | Manager::Msi => Box::new(apt::Apt::new(places)),
    }
}

/// Lifts every hold, that of a package manager that was here before included.
///
/// # Errors
/// When one is still there.
pub fn lift(places: &Places) -> Result<(), HostError> {
    if !is_of_rpm(places) {
        return package_manager(places).hold(&[]);
    }
    dnf::hold::write(places, &None).and(zypper::hold::write(places, ""))
}

/// Whether the packages of this host are rpm's.
fn is_of_rpm(places: &Places) -> bool {
    std::fs::read_to_string(places.at(KIND)).is_ok_and(|kind| kind.trim() == "rpm")
}

/// Where a folder of a package is: paths are the plan's own here.
///
/// # Errors
/// None.
pub fn folder_of(_package: &PackageName, _folder: Folder) -> Result<Option<String>, HostError> {
    Ok(None)
}

/// What a site has chosen of a package's options when it installed it: nobody is asked then.
///
/// # Errors
/// None.
pub fn chosen(_package: &PackageName, _option: &Label) -> Result<Option<String>, HostError> {
    Ok(None)
}

/// Those who cannot write where the module says that they do: it is not for this system.
///
/// # Errors
/// None.
pub fn barred(_package: &PackageName, _module: &WindowsModule) -> Result<Vec<Barred>, HostError> {
    Ok(Vec::new())
}

/// A path as a plan names it: the host's own, but below the folders of a package for Windows.
///
/// # Errors
/// None.
pub fn place(named: &str) -> Result<String, HostError> {
    Ok(named.to_owned())
}

/// The service manager of this host.
pub fn service_manager() -> Box<dyn ServiceManager> {
    Box::new(systemd::Systemd)
}

/// What runs programs on this host.
pub fn programs() -> Box<dyn Programs> {
    Box::new(systemd::Systemd)
}
