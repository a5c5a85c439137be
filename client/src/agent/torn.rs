//! Packages that are at the versions of before by the package database, and whose files are not.

use std::path::PathBuf;

use consign_metadata::name::PackageName;
use jiff::Timestamp;

use super::Agent;
use crate::engine::event::Event;
use crate::engine::journal::{JournalError, Record};
use crate::engine::machine::{State, Upgrade};
use crate::host::HostError;
use crate::product::Product;

/// The files that an interrupted transaction of an upgrade has left in the place of those of before.
///
/// # Errors
/// When the journal cannot be read or the package manager not be asked.
pub fn files(agent: &Agent, product: &Product, upgrade: &Upgrade) -> Result<Vec<PathBuf>, HostError> {
    let unknown = |problem: JournalError| HostError {
        action: format!("look since when the packages of {} may have changed", product.id),
        reason: problem.to_string(),
    };
    let records = product.replay(upgrade.header.upgrade).map_err(unknown)?.records;
    let Some(since) = prepared(&records, upgrade.packages_item()) else { return Ok(Vec::new()) };
    let modules = upgrade.header.modules.iter().filter(|module| module.before.is_some());
    let packages: Vec<PackageName> = modules.map(|module| module.package.clone()).collect();
    let files = agent.packages.torn(&packages, since)?;
    if let Some(first) = files.first() {
        let (number, count, first) = (upgrade.header.upgrade, files.len(), first.display());
        log::warn!("{}, upgrade {number}: {count} files are not those of their packages: {first} …", product.id);
    }
    Ok(files)
}

/// Whether an upgrade stands where its packages are changed.
pub fn is_possible(upgrade: &Upgrade) -> bool {
    matches!(upgrade.state, State::Forward { item, .. } | State::Halted { item, .. } if item == upgrade.packages_item())
}

/// Since when its packages may have been changed: the engines have stood still from then on, and whoever works on
/// their files is the package manager.
fn prepared(records: &[Record], packages: usize) -> Option<Timestamp> {
    let is_last_step = |record: &&Record| match record.event {
        Event::StepSucceeded { item, .. } | Event::StepSkipped { item, .. } => item + 1 == packages,
        _ => false,
    };
    records.iter().find(is_last_step).or(records.first()).map(|record| record.at)
}
