//! What follows from the products for the package manager: the list of managed packages and the
//! standing hold. Default deny: only what a look or a barrier has cleared may be installed.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use consign_metadata::name::PackageName;

use super::catalogue::{Catalogue, Entry, plan_of};
use super::timing::Timing;
use super::{Agent, AgentError, comparison, offers, preparing};
use crate::durable;
use crate::engine::event::{Packages, Reason};
use crate::engine::machine::{State, Upgrade};
use crate::host::Hold;
use crate::journey::Journey;
use crate::looked::Looked;
use crate::previous;

/// Writes both anew, from what is known now.
///
/// # Errors
/// When one of them cannot be written, or the package database not be read.
pub fn refresh(agent: &Agent, catalogue: &Catalogue) -> Result<(), AgentError> {
    let _alone = agent.holding.lock().unwrap_or_else(PoisonError::into_inner);
    let mut managed = BTreeSet::new();
    let mut holds = Vec::new();
    for entry in catalogue.entries.values() {
        let packages: Vec<PackageName> = entry.packages.iter().cloned().collect();
        let present = agent.packages.observe(&packages)?;
        if present.is_empty() {
            continue;
        }
        managed.extend(packages);
        let (cleared, unattended) = timed(agent, catalogue, entry);
        holds.extend(present.into_iter().map(|(package, _)| {
            let versions = cleared.iter().filter(|(name, _)| *name == package).map(|(_, v)| v.clone());
            Hold { cleared: versions.collect(), package, unattended }
        }));
    }
    write_managed(agent, &managed)?;
    Ok(agent.packages.hold(&holds)?)
}

/// Adds packages to the managed ones, durably: before anything of their product is begun, so that the package
/// manager's next transaction is asked for, whatever becomes of the host or of the agent meanwhile.
///
/// # Errors
/// When the list cannot be written.
pub fn manage(agent: &Agent, packages: &BTreeSet<PackageName>) -> Result<(), AgentError> {
    let _alone = agent.holding.lock().unwrap_or_else(PoisonError::into_inner);
    let text = std::fs::read_to_string(agent.places.managed()).unwrap_or_default();
    let mut managed: BTreeSet<PackageName> = text.lines().filter_map(|line| line.parse().ok()).collect();
    managed.extend(packages.iter().cloned());
    write_managed(agent, &managed)
}

/// What may be installed at this moment, and whether also when nobody is there. Where a window opens or
/// closes, the agent is woken to write the hold anew.
fn timed(agent: &Agent, catalogue: &Catalogue, entry: &Entry) -> (Vec<(PackageName, String)>, bool) {
    let nothing = (Vec::new(), false);
    let Ok(Some(upgrade)) = entry.product.newest() else { return nothing };
    let header = &upgrade.header;
    let timing = match Timing::of(&agent.places, &entry.product, &header.to, agent.clock.now()) {
        Ok(timing) => timing,
        // Its gate says so, too; an upgrade that has begun must find its packages all the same.
        Err(_) if upgrade.is_under_way() => return (cleared(agent, catalogue, entry), true),
        Err(problem) => {
            log::warn!("{}: {problem}", header.product);
            return nothing;
        }
    };
    if let Some(edge) = timing.edge()
        && let Err(problem) = agent.services.wake_at(edge)
    {
        log::warn!("{}: {problem}", header.product);
    }
    if upgrade.is_under_way() {
        return (cleared(agent, catalogue, entry), true);
    }
    let unattended = match header.class {
        Some(class) if matches!(upgrade.state, State::Cleared) => timing.is_free(class),
        _ => !timing.needs_people(),
    };
    // Found at the last look, and closed until one finds the host in order; the barrier looks by itself, and so does
    // whoever goes on with a journey.
    let is_found = !Journey::is_begun(&entry.product)
        && Looked::of(&entry.product, &header.to).is_some_and(|offer| offer.held.iter().any(Reason::is_of_the_host));
    match timing.opens().is_some() || is_found || preparing::keeps_closed(catalogue, entry, &upgrade) {
        true => (Vec::new(), unattended),
        false => (cleared(agent, catalogue, entry), unattended),
    }
}

fn write_managed(agent: &Agent, managed: &BTreeSet<PackageName>) -> Result<(), AgentError> {
    let path = agent.places.managed();
    let text: String = managed.iter().map(|package| format!("{package}\n")).collect();
    if std::fs::read_to_string(&path).unwrap_or_default() == text {
        return Ok(());
    }
    std::fs::create_dir_all(agent.places.state())
        .and_then(|()| durable::replace(&path, text.as_bytes()))
        .map_err(AgentError::io(format!("write {}", path.display())))
}

/// The packages and versions that may be installed.
fn cleared(agent: &Agent, catalogue: &Catalogue, entry: &Entry) -> Vec<(PackageName, String)> {
    let Ok(Some(upgrade)) = entry.product.newest() else { return Vec::new() };
    // They come back by the agent's own transaction, past every hold.
    if matches!(upgrade.state, State::Backward { .. }) {
        let before = previous::before(&entry.product, &upgrade);
        return before.into_iter().map(|old| (old.package, old.version)).collect();
    }
    if is_open(&upgrade) {
        let plan = plan_of(&catalogue.trust, &entry.product, &upgrade);
        return plan.map(|found| natives(agent, &found.plan)).unwrap_or_default();
    }
    // The fix of an upgrade that halted, and the next try of one whose transaction never came: neither
    // has a journal of its own before its transaction.
    if matches!(upgrade.state, State::Halted { .. } | State::Cancelled) {
        let offer = offers::Evaluation::of(agent, catalogue, entry, None);
        return offer.ok().and_then(|found| found.cleared).map(|plan| natives(agent, &plan)).unwrap_or_default();
    }
    Vec::new()
}

/// Whether a transaction to its version would pass.
fn is_open(upgrade: &Upgrade) -> bool {
    let packages = upgrade.packages_item();
    match &upgrade.state {
        State::Cleared => true,
        State::Forward { item, .. } => *item <= packages,
        // Also where the gates are not satisfied: what dpkg was interrupted at must be had, else apt does
        // nothing on this host any more. The barrier asks them.
        State::Halted { item, .. } => *item == packages && upgrade.packages == Packages::Partial,
        _ => false,
    }
}

fn natives(agent: &Agent, plan: &consign_metadata::plan::UpgradePlan) -> Vec<(PackageName, String)> {
    let every = |module: &consign_metadata::plan::Module| {
        let versions = comparison::natives(&*agent.packages, module).map(str::to_owned);
        versions.map(|version| (module.package.clone(), version)).collect::<Vec<_>>()
    };
    plan.body.modules.iter().flat_map(every).collect()
}
