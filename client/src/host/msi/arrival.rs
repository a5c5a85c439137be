//! Packages that a person installs: nothing tells the agent before they are there, so a first install is found.
//!
//! What tells it from a product that was there before the agent's state was lost: the agent had written down which
//! packages it knows, and this one is not among them. One that was installed before there was an agent
//! (`CONSIGNEE=later`) says so by what it did not leave in the registry.

use std::time::{Duration, SystemTime};

use consign_metadata::name::PackageName;

use super::record::Record;
use crate::durable;
use crate::host::{Arrival, HostError, at};
use crate::places::Places;

/// How long more packages of a product are waited for.
const PATIENCE: Duration = Duration::from_secs(300);

/// The agent is here from now on, and no product was before it.
///
/// # Errors
/// When that cannot be written down.
pub fn begin(places: &Places) -> Result<(), HostError> {
    let path = places.managed();
    // The package of the agent itself, and those that introduce vendors, have no plan.
    let has_product = std::fs::read_dir(places.plans()).is_ok_and(|mut plans| plans.next().is_some());
    if path.exists() || has_product {
        return Ok(());
    }
    durable::replace(&path, b"").map_err(|cause| at("write", &path, cause))
}

/// How these modules came to be here.
///
/// # Errors
/// When the registry cannot be read.
pub fn of(places: &Places, modules: &[PackageName], is_marked: bool) -> Result<Arrival, HostError> {
    let records = modules.iter().map(Record::of).collect::<Result<Vec<_>, _>>()?;
    let here: Vec<&Record> = records.iter().flatten().collect();
    if here.is_empty() || (!is_marked && is_known(places, modules, &here)) {
        return Ok(Arrival::Known);
    }
    let last = here.iter().filter_map(|record| record.changed).max();
    let is_over = last.is_none_or(|last| last + PATIENCE <= SystemTime::now());
    Ok(if here.len() == modules.len() || is_over { Arrival::Here } else { Arrival::Coming })
}

fn is_known(places: &Places, modules: &[PackageName], here: &[&Record]) -> bool {
    let came_with_agent = here.iter().any(|record| record.came_with_agent);
    match std::fs::read_to_string(places.managed()) {
        Ok(managed) => managed.lines().any(|line| modules.iter().any(|module| module.as_str() == line)),
        Err(_) => came_with_agent,
    }
}
