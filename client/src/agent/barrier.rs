//! The barrier: a transaction is about to unpack. It passes when the gates of every product in it are
//! satisfied and everything before the packages is done; else nothing has changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use consign_metadata::name::{PackageName, ProductId};
use consign_metadata::version::Version;

use super::add_ons::Prospect;
use super::catalogue::{Catalogue, SignedPlan};
use super::dialogue::Speaker;
use super::intent::Intent;
use super::locks::Patience;
use super::situation::Situation;
use super::upgrades::{self, Task};
use super::{Agent, AgentError, comparison, keeping, preparing, putting_back, room, timing, watch};
use crate::engine::event::{Event, Failure, Packages, Reason};
use crate::engine::journal::Journal;
use crate::engine::machine::{State, Upgrade};
use crate::engine::runner::Standing;
use crate::gate::{self, UNHURRIED};
use crate::request::{PackageAction, Refusal, Reply};

/// A product whose steps are running is refused, not waited for.
pub(super) const PATIENCE: Patience =
    Patience { for_steps: Duration::from_secs(2), for_comparisons: Duration::from_secs(30) };

/// Judges a transaction and prepares for it.
///
/// # Errors
/// [`AgentError`]; what was prepared is taken back when the transaction ends.
pub fn barrier(
    agent: &Arc<Agent>,
    actions: &[PackageAction],
    attended: bool,
    speaker: &mut Speaker,
) -> Result<Reply, AgentError> {
    // Nothing in it could have pushed a package out: somebody wants them gone.
    if actions.iter().all(|action| action.remove) {
        return Ok(Reply::Pass);
    }
    if putting_back::UnderWay::on(&agent.places).is(actions, &managed(agent)) {
        return Ok(Reply::Pass);
    }
    agent.begins_again()?;
    let catalogue = Catalogue::read(agent)?;
    let mut refusals = Vec::new();
    let mut intents = Vec::new();
    let wanted = Intent::of_transaction(agent, &catalogue, actions);
    let targets = wanted.iter().filter_map(|(id, intent)| Some((id.clone(), intent.as_ref().ok()?.target.clone()?)));
    let arriving: BTreeMap<ProductId, SignedPlan> = targets.collect();
    let prospect = Prospect::Transaction(&arriving);
    for (id, intent) in wanted {
        let judged =
            intent.and_then(|intent| judge(agent, &catalogue, &id, &intent, prospect, attended).map(|()| intent));
        match judged {
            Ok(intent) => intents.push((id, intent)),
            Err((to, reasons)) => refusals.push(Refusal { product: id, to, reasons }),
        }
    }
    if !refusals.is_empty() {
        return Ok(Reply::Refuse { refusals });
    }
    let refusals = keeping::keep(agent, &catalogue, &intents, actions, speaker)?;
    if !refusals.is_empty() {
        return Ok(Reply::Refuse { refusals });
    }
    prepare_all(agent, &catalogue, intents, prospect, speaker)
}

/// The packages that the holds speak of.
fn managed(agent: &Agent) -> Vec<PackageName> {
    let text = std::fs::read_to_string(agent.places.managed()).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

type Refused = (Option<Version>, Vec<Reason>);

fn judge(
    agent: &Agent,
    catalogue: &Catalogue,
    id: &ProductId,
    intent: &Intent,
    prospect: Prospect<'_>,
    attended: bool,
) -> Result<(), Refused> {
    let Some(target) = &intent.target else { return Ok(()) };
    let to = Some(target.plan.envelope.version.clone());
    let entry = &catalogue.entries[id];
    let Some(_lock) = agent.locks.lock_unless_at_work(&entry.product, PATIENCE) else {
        let upgrade = entry.product.newest().ok().flatten().map_or(0, |upgrade| upgrade.header.upgrade);
        return Err((to, vec![Reason::Unfinished { upgrade }]));
    };
    let judged = Situation::with(agent, catalogue, entry, &intent.joining).and_then(|situation| {
        let situation = Situation { prospect, ..situation };
        let from = situation.from(agent);
        reasons(agent, &situation, target, from.as_ref(), &intent.joining, attended)
    });
    match judged {
        Ok(reasons) if reasons.is_empty() => Ok(()),
        Ok(reasons) => Err((to, reasons)),
        Err(problem) => Err((to, vec![Reason::Unverified { what: id.to_string(), cause: problem.to_string() }])),
    }
}

/// What stands in the way, written down where a journal is open for it or none is open at all.
pub(super) fn reasons(
    agent: &Agent,
    situation: &Situation<'_>,
    target: &SignedPlan,
    from: Option<&Version>,
    joining: &BTreeSet<PackageName>,
    attended: bool,
) -> Result<Vec<Reason>, AgentError> {
    let Some(from) = from else { return Ok(Vec::new()) };
    if changes_nothing(agent, situation, target, joining) {
        return Ok(Vec::new());
    }
    if let Some(no_room) = room::reasons(&agent.places) {
        return Ok(vec![no_room]);
    }
    let mut reasons = situation.reasons(agent, &target.plan, from, Some(UNHURRIED));
    let other = situation.newest.as_ref().filter(|u| !u.is_over() && u.header.plan != target.plan.digest);
    // An older version is not offered: no journal waits for it.
    if !reasons.is_empty() && other.is_none() && !reasons.iter().any(gate::is_downgrade) {
        let mut journal = upgrades::open_or_begin(agent, situation, target, Some(from), joining)?;
        upgrades::judge(agent, &mut journal, &reasons)?;
    }
    reasons.extend(timing::reasons(agent, situation, &target.plan, from, attended));
    reasons.extend(preparing::reason(situation, &target.plan, from));
    Ok(reasons)
}

/// Packages for which nothing is run: the same once more, or the old ones put back by hand where an
/// upgrade halted before it touched more than them.
///
/// A build of the same release for another release of a distribution is a change: its files are others.
pub(super) fn changes_nothing(
    agent: &Agent,
    situation: &Situation<'_>,
    target: &SignedPlan,
    joining: &BTreeSet<PackageName>,
) -> bool {
    match situation.under_way() {
        Some(upgrade) => {
            let packages = upgrade.packages_item();
            let (is_past, is_at) = match &upgrade.state {
                State::Forward { item, .. } | State::Waiting { item } => (*item > packages, false),
                State::Halted { item, .. } => (*item > packages, *item == packages),
                _ => (false, false),
            };
            let is_same = upgrade.header.plan == target.plan.digest;
            let is_old = upgrade.header.from.as_ref() == Some(&target.plan.envelope.version);
            (is_same && is_past) || (!is_same && is_old && is_at)
        }
        None => {
            comparison::is_installed(&*agent.packages, &target.plan, &situation.database)
                && joining.iter().all(|package| !situation.database.contains_key(package))
                && (situation.is_finished(&target.plan) || situation.newest.is_none())
        }
    }
}

fn prepare_all(
    agent: &Arc<Agent>,
    catalogue: &Catalogue,
    intents: Vec<(ProductId, Intent)>,
    prospect: Prospect<'_>,
    speaker: &mut Speaker,
) -> Result<Reply, AgentError> {
    let mut prepared: BTreeMap<ProductId, u32> = BTreeMap::new();
    for (id, intent) in intents {
        let _lock = agent.locks.lock(&id);
        let situation = Situation::with(agent, catalogue, &catalogue.entries[&id], &intent.joining)?;
        let situation = Situation { prospect, ..situation };
        let outcome = match &intent.target {
            Some(target) => {
                let from = situation.from(agent);
                admit(agent, &situation, target, from.as_ref(), &intent.joining, speaker)?
            }
            None => go_on(agent, &situation)?,
        };
        match outcome {
            Ok(Some(upgrade)) => drop(prepared.insert(id, upgrade)),
            Ok(None) => {}
            Err(refusal) => {
                take_back(agent, catalogue, &prepared)?;
                return Ok(Reply::Refuse { refusals: vec![refusal] });
            }
        }
    }
    watch::admit(agent, prepared.into_keys())?;
    Ok(Reply::Pass)
}

/// Clears the upgrade and does everything before the packages. The number of the upgrade that is then
/// open, if there is one.
pub(super) fn admit(
    agent: &Agent,
    situation: &Situation<'_>,
    target: &SignedPlan,
    from: Option<&Version>,
    joining: &BTreeSet<PackageName>,
    speaker: &mut Speaker,
) -> Result<Result<Option<u32>, Refusal>, AgentError> {
    if changes_nothing(agent, situation, target, joining) || (from.is_none() && situation.under_way().is_none()) {
        return Ok(Ok(None));
    }
    let mut journal = upgrades::open_or_begin(agent, situation, target, from, joining)?;
    upgrades::judge(agent, &mut journal, &[])?;
    upgrades::retry(agent, &mut journal)?;
    let upgrade = journal.upgrade().header.upgrade;
    speaker.say(&Reply::Working { product: situation.product.id.clone(), upgrade });
    match upgrades::carry_out(agent, situation, &mut journal, Task::Prepare)? {
        Standing::Packages | Standing::Gated | Standing::NoServices => Ok(Ok(Some(upgrade))),
        standing => {
            log::warn!("{}, upgrade {upgrade}: the preparation ended {standing:?}", situation.product.id);
            Ok(Err(not_prepared(situation, &journal)))
        }
    }
}

/// A transaction that only configures what an earlier one left: the retry of an upgrade that stands there.
fn go_on(agent: &Agent, situation: &Situation<'_>) -> Result<Result<Option<u32>, Refusal>, AgentError> {
    let Some(upgrade) = situation.under_way() else { return Ok(Ok(None)) };
    let number = upgrade.header.upgrade;
    if let Some(mut journal) = situation.product.open(number)? {
        upgrades::retry(agent, &mut journal)?;
    }
    Ok(Ok(Some(number)))
}

fn not_prepared(situation: &Situation<'_>, journal: &Journal) -> Refusal {
    let header = &journal.upgrade().header;
    let failure = failure_of(situation, journal.upgrade());
    let reasons = vec![Reason::NotPrepared { upgrade: header.upgrade, failure }];
    Refusal { product: header.product.clone(), to: Some(header.to.clone()), reasons }
}

pub(super) fn failure_of(situation: &Situation<'_>, upgrade: &Upgrade) -> Failure {
    let records = situation.product.replay(upgrade.header.upgrade).map(|replay| replay.records).unwrap_or_default();
    let failed = records.into_iter().rev().find_map(|record| match record.event {
        Event::StepFailed { failure, .. } => Some(failure),
        _ => None,
    });
    failed.unwrap_or(Failure::Interrupted)
}

/// The transaction will not happen: what was prepared for it is taken back.
fn take_back(agent: &Agent, catalogue: &Catalogue, prepared: &BTreeMap<ProductId, u32>) -> Result<(), AgentError> {
    for (id, upgrade) in prepared {
        let _lock = agent.locks.lock(id);
        let situation = Situation::of(agent, catalogue, &catalogue.entries[id])?;
        let Some(mut journal) = situation.product.open(*upgrade)? else { continue };
        upgrades::observed(agent, &mut journal, Packages::Before, true)?;
        upgrades::carry_out(agent, &situation, &mut journal, Task::Proceed { live: false })?;
    }
    Ok(())
}
