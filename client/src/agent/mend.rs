//! A package transaction that ended half way, finished on a person's word.
//!
//! It runs without the product's lock: the package manager's hooks ask this service as they ask it in
//! every other transaction, and what comes of it is found as it is found after any.

use consign_metadata::name::PackageName;
use consign_metadata::plan::UpgradePlan;

use super::catalogue::Catalogue;
use super::comparison::{self, Database};
use super::{Agent, AgentError, add_ons};
use crate::add_on::Joined;
use crate::engine::event::{Header, Packages};
use crate::engine::machine::{HaltCause, State, Upgrade};
use crate::host::HostError;

/// Whether there is anything to mend: the upgrade stands at its packages, some changed and others not.
///
/// # Errors
/// When somebody has a transaction open, who may be mending it.
pub fn is_needed(agent: &Agent, upgrade: &Upgrade) -> Result<bool, AgentError> {
    let is_half_way =
        matches!(upgrade.state, State::Halted { item, cause: HaltCause::Partial } if item == upgrade.packages_item());
    if is_half_way && agent.packages.transaction()?.is_some() {
        return Err(AgentError::NotNow("another package transaction is running; try again when it is over".to_owned()));
    }
    Ok(is_half_way)
}

/// Finishes what is unpacked, then brings the packages that are not there yet.
///
/// # Errors
/// The package manager's own words, when packages are still missing after it.
pub fn mend(agent: &Agent, header: &Header, plan: &UpgradePlan, joined: &Joined) -> Result<(), AgentError> {
    log::info!("{}, upgrade {}: finishing the package transaction", header.product, header.upgrade);
    let repaired = agent.packages.repair();
    if is_whole(agent, header, plan)? {
        return Ok(());
    }
    let modules = header.modules.iter().map(|module| (module.package.clone(), module.after.clone()));
    let wanted: Vec<(PackageName, String)> = modules.chain(add_ons::packages(agent, joined)).collect();
    let installed = agent.packages.install(&wanted);
    match is_whole(agent, header, plan)? {
        true => Ok(()),
        false => Err(installed.err().or(repaired.err()).unwrap_or_else(|| unchanged(header)).into()),
    }
}

fn is_whole(agent: &Agent, header: &Header, plan: &UpgradePlan) -> Result<bool, AgentError> {
    let packages: Vec<PackageName> = plan.body.modules.iter().map(|module| module.package.clone()).collect();
    let database: Database = agent.packages.observe(&packages)?.into_iter().collect();
    let is_after = comparison::compare(&*agent.packages, header, plan, &database) == Packages::After;
    Ok(is_after && add_ons::are_there(agent, &Catalogue::read(agent)?, header)?)
}

fn unchanged(header: &Header) -> HostError {
    let (product, to) = (&header.product, &header.to);
    HostError {
        action: format!("finish the package transaction of {product}"),
        reason: format!("the package manager reports no error, and the packages are not at {to}"),
    }
}
