//! The adapters of a Windows host: Windows Installer and the service control manager.
//!
//! - `account`: accounts that programs write as
//! - `choice`: what a site has chosen when it installed a package
//! - `place`: the folders of a package
//! - `writers`: whether they can where they have to

mod account;
mod choice;
mod place;
mod writers;

pub use choice::chosen;
pub use place::{folder_of, place};
pub use writers::barred;

use consign_metadata::name::UnitName;
use consign_metadata::plan::UpgradePlan;

use super::program::Programs;
use super::{HostError, Manager, PackageManager, ServiceManager, msi, processes, scm};
use crate::places::Places;

/// A plan as it is carried out here: its engines are the services of its modules, one module after the other, and
/// after them the application pools, which ask them.
pub fn as_here(mut plan: UpgradePlan) -> UpgradePlan {
    let modules = || plan.body.modules.iter().filter_map(|module| plan.body.windows.get(&module.package));
    let services = modules().flat_map(|module| &module.services).map(|service| service.name.clone());
    let pools = modules().flat_map(|module| &module.pools).map(|pool| format!("{}{pool}", scm::POOL));
    let engines: Vec<UnitName> = services.chain(pools).filter_map(|name| scm::unit_of(&name)).collect();
    if !engines.is_empty() {
        plan.body.engines = engines;
    }
    plan
}

/// Which package manager this host has.
pub fn manager(_places: &Places) -> Manager {
    Manager::Msi
}

/// The package manager of this host.
pub fn package_manager(places: &Places) -> Box<dyn PackageManager> {
    Box::new(msi::Msi::new(places.clone()))
}

/// Lifts every hold: there is none, since Windows Installer has no lists that it upgrades from.
///
/// # Errors
/// None.
pub fn lift(_places: &Places) -> Result<(), HostError> {
    Ok(())
}

/// The service manager of this host.
pub fn service_manager() -> Box<dyn ServiceManager> {
    Box::new(scm::Scm)
}

/// What runs programs on this host.
pub fn programs() -> Box<dyn Programs> {
    Box::new(processes::Processes)
}
