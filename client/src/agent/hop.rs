//! One upgrade of a journey: fetched, prepared outside of any package manager's lock, and then the package manager
//! is called for exactly these versions. What comes of it is found as after any transaction.

use std::collections::BTreeSet;
use std::sync::Arc;

use consign_metadata::name::{PackageName, ProductId};
use jiff::SignedDuration;

use super::add_ons::Prospect;
use super::catalogue::{Catalogue, Entry, SignedPlan};
use super::dialogue::Speaker;
use super::intent::Intent;
use super::keeping::Part;
use super::offers::Evaluation;
use super::online::Online;
use super::situation::Situation;
use super::upgrades::{self, Task};
use super::{
    Agent, AgentError, add_ons, barrier, checks, comparison, holds, journey, keeping, look, room, timing, watch,
};
use crate::add_on::Joined;
use crate::engine::event::Reason;
use crate::engine::machine::{State, Upgrade};
use crate::engine::runner::Standing;
use crate::host::HostError;
use crate::journey::{Hop, Journey};

/// When the network is asked again.
const PAUSE: SignedDuration = SignedDuration::from_mins(15);

type Exactly = Vec<(PackageName, String)>;

/// Goes to the next stop as far as the package manager; or writes down why that does not begin. Whether packages
/// may have changed.
///
/// # Errors
/// [`AgentError`]
pub fn walk(agent: &Arc<Agent>, catalogue: &Catalogue, entry: &Entry, journey: Journey) -> Result<bool, AgentError> {
    let shift = agent.duty.work();
    let target = match cleared(agent, catalogue, entry)? {
        Ok(target) if is_shown(&journey, &target) => target,
        Ok(target) => return journey::wait_for(agent, entry, journey, vec![other_plan(&target)]),
        Err(reasons) => return journey::wait_for(agent, entry, journey, reasons),
    };
    // The hold lets through what is cleared, and on a journey whatever its preparation takes.
    holds::refresh(agent, catalogue)?;
    if let Err(problem) = agent.packages.download(&wanted(agent, entry, &target)?) {
        agent.try_again_in(PAUSE);
        return journey::wait_for(agent, entry, journey, vec![Reason::NotFetched { cause: words(&problem) }]);
    }
    let held = keep_previous(agent, catalogue, entry, &target)?;
    if !held.is_empty() {
        return journey::wait_for(agent, entry, journey, held);
    }
    // Somebody else has begun one meanwhile: no engine stops to wait for that.
    if agent.packages.transaction()?.is_some() {
        watch::watch(agent);
        return Ok(false);
    }
    match prepare(agent, catalogue, entry, journey, &target)? {
        Prepared::Yes { journey, exactly } => {
            holds::refresh(agent, catalogue)?;
            drop(shift);
            install(agent, entry, journey, &exactly)
        }
        Prepared::No { journey, reason } => journey::wait_for(agent, entry, journey, vec![reason]).map(|_| true),
        Prepared::Ended { journey } => Ok(journey::leads_elsewhere(&entry.product, &journey)),
    }
}

/// The packages to go back to, and room for all that is written; what stands in the way.
fn keep_previous(
    agent: &Agent,
    catalogue: &Catalogue,
    entry: &Entry,
    target: &SignedPlan,
) -> Result<Vec<Reason>, AgentError> {
    let intent = Intent { target: Some(target.clone()), joining: BTreeSet::new() };
    let parts: Vec<Part<'_>> = Part::begin(agent, catalogue, &entry.product.id, &intent, &[])?.into_iter().collect();
    let held: Vec<Reason> = keeping::check(&parts).into_iter().flat_map(|(_, found)| found.held).collect();
    if !held.is_empty() {
        return Ok(held);
    }
    let (refusals, _) = keeping::fetch(agent, parts, &mut Speaker::to_nobody());
    Ok(refusals.into_iter().flat_map(|refusal| refusal.reasons).collect())
}

/// What became of a preparation.
enum Prepared {
    /// These packages are to come.
    Yes { journey: Journey, exactly: Exactly },
    /// It was taken back.
    No { journey: Journey, reason: Reason },
    /// A person has ended the journey before it began, or led it elsewhere.
    Ended { journey: Journey },
}

/// The release that comes next, once nothing stands in its way; everything that does is written down, and told.
fn cleared(agent: &Agent, catalogue: &Catalogue, entry: &Entry) -> Result<Result<SignedPlan, Vec<Reason>>, AgentError> {
    let online = Online::begin(true);
    let _lock = agent.locks.lock(&entry.product.id);
    let found = Evaluation::of(agent, catalogue, entry, Some(&online))?;
    if let Some(no_room) = room::reasons(&agent.places) {
        return Ok(Err(vec![no_room]));
    }
    look::record(agent, catalogue, entry, &found, Some(&online))?;
    let Some((target, mut reasons)) = found.target else {
        let held: Vec<Reason> = found.offers.into_iter().flat_map(|offer| offer.held).collect();
        return Ok(Err(if held.is_empty() { vec![not_offered(&entry.product.id)] } else { held }));
    };
    let situation = Situation::of(agent, catalogue, entry)?;
    if let Some(from) = situation.from(agent) {
        // A person has asked for it: somebody is there.
        reasons.extend(timing::reasons(agent, &situation, &target.plan, &from, true));
        reasons.extend(checks::of_host(agent, &situation, &target.plan).held);
    }
    Ok(if reasons.is_empty() { Ok(target) } else { Err(reasons) })
}

/// Whether a person has seen this very plan, or wants whatever is offered.
fn is_shown(journey: &Journey, target: &SignedPlan) -> bool {
    journey.plans.is_empty() || journey.plans.contains(&target.plan.digest)
}

fn other_plan(target: &SignedPlan) -> Reason {
    Reason::Unverified {
        what: format!("the plan of {}", target.plan.envelope.version),
        cause: "it is not the one that was shown when this was asked for; ask again".to_owned(),
    }
}

fn not_offered(id: &ProductId) -> Reason {
    Reason::Unverified {
        what: id.to_string(),
        cause: "no repository of this host offers anything newer now".to_owned(),
    }
}

/// The versions that come. Of a release with a build for each release of a distribution, the one that can be had.
fn wanted(agent: &Agent, entry: &Entry, target: &SignedPlan) -> Result<Exactly, AgentError> {
    let packages: Vec<PackageName> = entry.packages.iter().cloned().collect();
    let here = agent.packages.observe(&packages)?;
    let modules = target.plan.body.modules.iter();
    let here = modules.filter(|module| here.iter().any(|(package, _)| *package == module.package));
    let exact = here.filter_map(|module| {
        let builds: Vec<&str> = comparison::natives(&*agent.packages, module).collect();
        let can_be_had = |version: &&&str| {
            let source = agent.packages.source(&module.package, version);
            source.is_ok_and(|source| source.file.is_some() || source.download.is_some())
        };
        let version = match &*builds {
            [only] => Some(only),
            several => several.iter().find(can_be_had),
        };
        Some((module.package.clone(), (*version?).to_owned()))
    });
    Ok(exact.collect())
}

/// Everything before the packages. From then on a transaction counts as open.
fn prepare(
    agent: &Agent,
    catalogue: &Catalogue,
    entry: &Entry,
    mut journey: Journey,
    target: &SignedPlan,
) -> Result<Prepared, AgentError> {
    let id = &entry.product.id;
    let _lock = agent.locks.lock(id);
    let situation = Situation { prospect: Prospect::Offered(None), ..Situation::of(agent, catalogue, entry)? };
    if !situation.newest.as_ref().is_some_and(|upgrade| is_still_cleared(upgrade, target)) {
        return Ok(Prepared::Ended { journey });
    }
    let from = situation.from(agent);
    let nobody = BTreeSet::new();
    let mut journal = upgrades::open_or_begin(agent, &situation, target, from.as_ref(), &nobody)?;
    upgrades::judge(agent, &mut journal, &[])?;
    let header = journal.upgrade().header.clone();
    let (upgrade, to, at) = (header.upgrade, header.to.clone(), agent.clock.now());
    let hop = Hop { upgrade, from: from.unwrap_or_else(|| to.clone()), to, at };
    let kept = agent.ways.keep_on(&entry.product, &mut journey, |journey| journey.hop(hop));
    if !kept.map_err(AgentError::io(format!("write down where {id} goes")))? {
        return Ok(Prepared::Ended { journey });
    }
    agent.ways.prepare(id);
    match upgrades::carry_out(agent, &situation, &mut journal, Task::Prepare)? {
        Standing::Packages => {
            let joined = Joined::kept(situation.trust, situation.product, &header)?;
            let exactly = wanted(agent, entry, target)?.into_iter().chain(add_ons::packages(agent, &joined));
            Ok(Prepared::Yes { journey, exactly: exactly.collect() })
        }
        standing => {
            agent.ways.settle(id);
            log::warn!("{id}, upgrade {upgrade}: the preparation ended {standing:?}");
            let failure = barrier::failure_of(&situation, journal.upgrade());
            let reason = Reason::NotPrepared { upgrade, failure };
            Ok(Prepared::No { journey, reason })
        }
    }
}

/// Nobody has taken anything back, or held it, while packages were fetched.
fn is_still_cleared(upgrade: &Upgrade, target: &SignedPlan) -> bool {
    let is_open = matches!(upgrade.state, State::Cleared | State::Forward { .. } | State::Halted { .. });
    is_open && upgrade.header.plan == target.plan.digest
}

/// Calls the package manager. The agent may be replaced meanwhile: its successor finds the transaction.
fn install(agent: &Arc<Agent>, entry: &Entry, mut journey: Journey, exactly: &Exactly) -> Result<bool, AgentError> {
    let id = &entry.product.id;
    let installed = {
        let _shift = agent.duty.wait();
        agent.packages.install(exactly)
    };
    if let Err(problem) = installed {
        log::warn!("{id}: {problem}");
        let failed = Some(words(&problem));
        let kept = agent.ways.keep_on(&entry.product, &mut journey, |journey| journey.failed = failed);
        kept.map(drop).map_err(AgentError::io(format!("write down what became of {id}")))?;
    }
    agent.ways.settle(id);
    Ok(true)
}

/// The first lines say what was run; a reason has room for one.
fn words(problem: &HostError) -> String {
    let said =
        problem.reason.lines().rev().find(|line| line.starts_with("E: ")).or_else(|| problem.reason.lines().last());
    said.unwrap_or_default().trim_start_matches("E: ").to_owned()
}
