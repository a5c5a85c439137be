//! A package of a product is removed, or purged.

use consign_metadata::name::{PackageName, ProductId};

use super::catalogue::Catalogue;
use super::putting_back::UnderWay;
use super::upgrades::STOP_LIMIT;
use super::{Agent, AgentError, holds};
use crate::product::Product;
use crate::request::Reply;

/// Folders and files of a product that outlive a purge: what cannot be made again.
const KEPT: &str = "backups";

/// Stops the engines, last started first, while their files are still there.
///
/// # Errors
/// When one of them still runs; the removal goes on all the same.
pub fn remove(agent: &Agent, id: &ProductId, package: &PackageName) -> Result<Reply, AgentError> {
    if UnderWay::on(&agent.places).concerns(package) {
        return Ok(Reply::Accepted);
    }
    let catalogue = Catalogue::read(agent)?;
    let _lock = agent.locks.lock(id);
    let Some(installed) = catalogue.entries.get(id).and_then(|entry| entry.installed.values().next()) else {
        return Ok(Reply::Accepted);
    };
    let mut engines = installed.plan.body.engines.clone();
    engines.reverse();
    agent.services.stop(&engines, STOP_LIMIT)?;
    agent.services.unguard(&engines)?;
    for engine in &engines {
        if let Err(problem) = agent.services.disable(engine) {
            log::warn!("{problem}");
        }
    }
    Ok(Reply::Accepted)
}

/// Forgets the product when its last package was purged. Backups stay.
///
/// # Errors
/// When something cannot be removed.
pub fn purge(agent: &Agent, id: &ProductId, package: &PackageName) -> Result<Reply, AgentError> {
    let mut catalogue = Catalogue::read(agent)?;
    let _lock = agent.locks.lock(id);
    if let Some(entry) = catalogue.entries.get(id) {
        let others: Vec<PackageName> = entry.packages.iter().filter(|other| *other != package).cloned().collect();
        if !agent.packages.observe(&others)?.is_empty() {
            return Ok(Reply::Accepted);
        }
        forget(&entry.product).map_err(AgentError::io(format!("forget {id}")))?;
        catalogue.entries.remove(id);
    }
    holds::refresh(agent, &catalogue)?;
    Ok(Reply::Accepted)
}

fn forget(product: &Product) -> std::io::Result<()> {
    let entries = match std::fs::read_dir(product.folder()) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name() == KEPT {
            continue;
        }
        match entry.file_type()?.is_dir() {
            true => std::fs::remove_dir_all(entry.path())?,
            false => std::fs::remove_file(entry.path())?,
        }
    }
    // Only empty ones go.
    let folders = product.folder().ancestors().take(2);
    folders.for_each(|folder| drop(std::fs::remove_dir(folder)));
    Ok(())
}
