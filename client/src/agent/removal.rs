//! A package of a product is removed, or purged.
//!
//! Nobody waits for ever for a step that runs: the package goes in any case, and whoever removes it has the package
//! manager's lock, which the step may be waiting for.

use consign_metadata::name::{PackageName, ProductId};

use super::catalogue::Catalogue;
use super::putting_back::UnderWay;
use super::upgrades::STOP_LIMIT;
use super::{Agent, AgentError, barrier, holds};
use crate::engine::machine::State;
use crate::product::Product;
use crate::request::Reply;

/// Folders and files of a product that outlive a purge: what cannot be made again.
const KEPT: &str = "backups";
/// Left where a product was purged while it was at work: it is forgotten when that is over.
const PURGED: &str = "purged";

/// Stops the engines, last started first, while their files are still there.
///
/// # Errors
/// When one of them still runs; the removal goes on all the same.
pub fn remove(agent: &Agent, id: &ProductId, package: &PackageName) -> Result<Reply, AgentError> {
    if UnderWay::on(&agent.places).concerns(package) {
        return Ok(Reply::Accepted);
    }
    let catalogue = Catalogue::read(agent)?;
    let Some(entry) = catalogue.entries.get(id) else { return Ok(Reply::Accepted) };
    let Some(installed) = entry.installed.values().next() else { return Ok(Reply::Accepted) };
    let lock = agent.locks.lock_unless_at_work(&entry.product, barrier::PATIENCE);
    if lock.is_none() {
        log::warn!("{package} is removed although {}", at_work(&entry.product));
    }
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
/// When something cannot be removed, or is at work: then it is forgotten when that is over.
pub fn purge(agent: &Agent, id: &ProductId, package: &PackageName) -> Result<Reply, AgentError> {
    let mut catalogue = Catalogue::read(agent)?;
    let product = Product::new(&agent.places, id.clone());
    let Some(_lock) = agent.locks.lock_unless_at_work(&product, barrier::PATIENCE) else {
        let noted = crate::durable::replace(&product.folder().join(PURGED), b"");
        noted.map_err(AgentError::io(format!("write down that {id} was purged")))?;
        let by = at_work(&product);
        return Err(AgentError::NotNow(format!("{id} is not forgotten yet, because {by}; it is when that is over")));
    };
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

/// Forgets a product that is gone and was purged while it was at work. One that is there again was wanted again.
///
/// # Errors
/// When something cannot be removed.
pub fn catch_up(product: &Product, is_gone: bool) -> std::io::Result<()> {
    let purged = product.folder().join(PURGED);
    match (purged.try_exists()?, is_gone) {
        (true, true) => forget(product),
        (true, false) => crate::durable::remove(&purged),
        (false, _) => Ok(()),
    }
}

/// Who has the lock of a product, as its journal tells.
fn at_work(product: &Product) -> String {
    let Ok(Some(upgrade)) = product.newest() else { return "the agent is at work on it".to_owned() };
    let item = match upgrade.state {
        State::Forward { item, .. } => Some(item),
        State::Backward { item, .. } => usize::try_from(item).ok(),
        _ => None,
    };
    let number = upgrade.header.upgrade;
    match item.and_then(|item| upgrade.header.items.get(item)) {
        Some(item) => format!("step {} of upgrade {number} is at work on it", item.name),
        None => format!("upgrade {number} is at work on it"),
    }
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
