//! A package transaction that ended half way, finished on a person's word or on the site's.
//!
//! It runs without the product's lock: the package manager's hooks ask this service as they ask it in
//! every other transaction, and what comes of it is found as it is found after any.

use std::sync::PoisonError;

use consign_metadata::name::{PackageName, ProductId};
use consign_metadata::plan::UpgradePlan;

use super::catalogue::{Catalogue, Entry, plan_of};
use super::comparison::{self, Database};
use super::{Agent, AgentError, add_ons, held_open};
use crate::add_on::Joined;
use crate::engine::event::{Event, Header, Packages};
use crate::engine::journal::Record;
use crate::engine::machine::{HaltCause, State, Upgrade};
use crate::host::{HostError, typed};
use crate::site::{Repair, Rules};

/// How many transactions of an upgrade may come to nothing before the agent leaves it to a person.
const TRIES: usize = 3;

/// Whether there is anything to mend: the upgrade stands at its packages, some changed and others not.
///
/// # Errors
/// When somebody has a transaction open, who may be mending it.
pub fn is_needed(agent: &Agent, upgrade: &Upgrade) -> Result<bool, AgentError> {
    let is_half_way = is_half_way(upgrade);
    if is_half_way && agent.packages.transaction()?.is_some() {
        return Err(AgentError::NotNow("another package transaction is running; try again when it is over".to_owned()));
    }
    Ok(is_half_way)
}

fn is_half_way(upgrade: &Upgrade) -> bool {
    let is_it = |cause: &HaltCause| matches!(cause, HaltCause::Partial | HaltCause::LoopDetected { .. });
    matches!(&upgrade.state, State::Halted { item, cause } if *item == upgrade.packages_item() && is_it(cause))
}

/// Mends what is found half way and nobody is at, where the site lets the agent; says what is to be typed
/// where it does not. Once in the life of the service, which is started anew again and again: a repository
/// may be out of reach now and not in a quarter of an hour. `true` where packages have changed.
///
/// # Errors
/// Those of [`mend`].
pub fn unasked(agent: &Agent, id: &ProductId) -> Result<bool, AgentError> {
    // One after the other: what mends one product may mend the next.
    let mut seen = agent.mending.lock().unwrap_or_else(PoisonError::into_inner);
    let catalogue = Catalogue::read(agent)?;
    let Some(entry) = catalogue.entries.get(id) else { return Ok(false) };
    let Some(upgrade) = entry.product.newest()?.filter(is_half_way) else { return Ok(false) };
    let number = upgrade.header.upgrade;
    if agent.packages.transaction()?.is_some() {
        return Ok(false);
    }
    // That touches no package but its own, so the site is not asked.
    let modules: Vec<PackageName> = upgrade.header.modules.iter().map(|module| module.package.clone()).collect();
    if let Some(held) = agent.packages.held_open(&modules)? {
        let is_tried = held_open::is_tried_now(agent, &entry.product, &upgrade, &held)?;
        return if is_tried { again(agent, &catalogue, entry, &upgrade) } else { Ok(false) };
    }
    if !seen.insert((id.clone(), number)) {
        return Ok(false);
    }
    let is_left_to_a_person = !agent.packages.is_on_its_own() && allowed(agent, id) == Repair::Ask;
    if is_left_to_a_person || tries(&entry.product.replay(number)?.records) >= TRIES {
        let typed = typed::repair(&upgrade.header.modules);
        log::warn!("{id}, upgrade {number}: the package transaction ended half way; to put it right: {typed}");
        return Ok(false);
    }
    again(agent, &catalogue, entry, &upgrade)
}

fn again(agent: &Agent, catalogue: &Catalogue, entry: &Entry, upgrade: &Upgrade) -> Result<bool, AgentError> {
    let target = plan_of(&catalogue.trust, &entry.product, upgrade)?;
    let joined = Joined::kept(&catalogue.trust, &entry.product, &upgrade.header)?;
    mend(agent, &upgrade.header, &target.plan, &joined).map(|()| true)
}

/// What the site lets the agent do. Where its files cannot be read a person is asked.
fn allowed(agent: &Agent, id: &ProductId) -> Repair {
    match Rules::read(&agent.places, id) {
        Ok(rules) => rules.repair,
        Err(problem) => {
            log::warn!("{id}: {problem}");
            Repair::Ask
        }
    }
}

/// The transactions towards the packages of an upgrade, since a person last decided about it.
fn tries(records: &[Record]) -> usize {
    let is_decision = |record: &&Record| matches!(record.event, Event::Retry { by: Some(_) });
    let is_try = |record: &&Record| matches!(record.event, Event::Retry { by: None });
    records.iter().rev().take_while(|record| !is_decision(record)).filter(is_try).count()
}

/// Finishes what is unpacked, then brings the packages that are not there yet.
///
/// # Errors
/// The package manager's own words, when packages are still missing after it.
pub fn mend(agent: &Agent, header: &Header, plan: &UpgradePlan, joined: &Joined) -> Result<(), AgentError> {
    log::info!("{}, upgrade {}: finishing the package transaction", header.product, header.upgrade);
    let repaired = agent.packages.repair(allowed(agent, &header.product));
    // What follows may do all the same, and what was wrong is gone then.
    if let Err(problem) = &repaired {
        log::warn!("{}, upgrade {}: {problem}", header.product, header.upgrade);
    }
    if is_whole(agent, header, plan)? {
        return Ok(());
    }
    let modules = header.modules.iter().map(|module| (module.package.clone(), module.after.clone()));
    let wanted: Vec<(PackageName, String)> = modules.chain(add_ons::packages(agent, joined)).collect();
    let installed = agent.packages.install(&wanted);
    match is_whole(agent, header, plan)? {
        true => Ok(()),
        false => Err(both(repaired.err(), installed.err()).unwrap_or_else(|| unchanged(header)).into()),
    }
}

/// What was wrong first has the way out, and what failed because of it is not left out.
fn both(first: Option<HostError>, then: Option<HostError>) -> Option<HostError> {
    match (first, then) {
        (Some(first), Some(then)) => Some(HostError { reason: format!("{}\n{then}", first.reason), ..first }),
        (first, then) => first.or(then),
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
