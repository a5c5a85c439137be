//! A new package's preinst: the last moment before its files are unpacked, and the only one where no
//! barrier was asked (`dpkg -i`, or the agent arriving in the same run).
//!
//! A product that was here without a plan is *adopted*: nobody could have been asked before, and to refuse
//! would break a transaction that has begun. What a person has to read or to agree to is then asked after
//! the packages, with the engines stopped. What no person can put right is refused here all the same.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use consign_metadata::digest::Sha256;
use consign_metadata::document::Role;
use consign_metadata::name::{PackageName, ProductId};
use consign_metadata::version::Version;

use super::catalogue::{Catalogue, SignedPlan};
use super::dialogue::Speaker;
use super::putting_back::UnderWay;
use super::situation::Situation;
use super::{Agent, AgentError, adoption, barrier, comparison, holds, keeping, upgrades, watch};
use crate::engine::event::Reason;
use crate::gate;
use crate::host::HostError;
use crate::request::{Refusal, Reply};
use crate::trust::{self, TrustError};

/// A package at its preinst.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// Its native name.
    pub package: &'a PackageName,
    /// Where the signed plan that it brings is.
    pub brings: Brings<'a>,
    /// The native version that is configured now, if any.
    pub before: Option<&'a str>,
    /// Whether somebody is there.
    pub attended: bool,
}

/// What a package brings with it.
#[derive(Debug, Clone, Copy)]
pub enum Brings<'a> {
    /// A plan that is unpacked already; a refusal leaves everything as it was.
    Plan(&'a Path),
    /// A package whose plan is still in it. Its transaction cannot be refused any more.
    Archive(&'a Path),
}

/// A package whose script cannot refuse: what is not satisfied halts its upgrade, engines stopped. Where its
/// file is not known nothing is known of it but that it comes, and whether anything of its product was here
/// before; it is judged when it is there.
///
/// # Errors
/// [`AgentError`]
pub fn arrive(
    agent: &Arc<Agent>,
    id: &ProductId,
    package: &PackageName,
    archive: Option<&Path>,
    attended: bool,
    speaker: &mut Speaker,
) -> Result<Reply, AgentError> {
    if UnderWay::on(&agent.places).concerns(package) {
        return Ok(Reply::Pass);
    }
    let found = agent.packages.observe(std::slice::from_ref(package))?;
    let before = found.first().map(|(_, observed)| observed.version.as_str());
    let refused = match archive {
        Some(archive) => {
            let arrival = Arrival { package, brings: Brings::Archive(archive), before, attended };
            come(agent, id, &arrival, speaker)?
        }
        None => {
            defer_first(agent, id)?;
            Reply::Pass
        }
    };
    if let Reply::Refuse { refusals } = &refused {
        log::warn!("{package} comes although it is not cleared: {refusals:?}");
    }
    watch::wake(agent);
    Ok(Reply::Pass)
}

/// Nothing of the product is here: whatever comes is its first install, and no baseline.
fn defer_first(agent: &Agent, id: &ProductId) -> Result<(), AgentError> {
    let mut catalogue = Catalogue::read(agent)?;
    catalogue.know(agent, id);
    let Some(_lock) = agent.locks.lock_unless_at_work(&catalogue.entries[id].product, barrier::PATIENCE) else {
        return Ok(());
    };
    let situation = Situation::of(agent, &catalogue, &catalogue.entries[id])?;
    let is_here = !situation.database.is_empty() || situation.under_way().is_some();
    match is_here || situation.from(agent).is_some() {
        true => Ok(()),
        false => Situation::defer(situation.product),
    }
}

/// Passes what a barrier has let through and what is installed for the first time; asks the gates about
/// everything else, and prepares it.
///
/// # Errors
/// [`AgentError`]
pub fn preinst(
    agent: &Arc<Agent>,
    id: &ProductId,
    arrival: &Arrival<'_>,
    speaker: &mut Speaker,
) -> Result<Reply, AgentError> {
    match UnderWay::on(&agent.places).concerns(arrival.package) {
        true => Ok(Reply::Pass),
        false => come(agent, id, arrival, speaker),
    }
}

/// A package that is not put back by the agent itself.
fn come(agent: &Arc<Agent>, id: &ProductId, arrival: &Arrival<'_>, speaker: &mut Speaker) -> Result<Reply, AgentError> {
    let Arrival { package, brings, before, attended } = *arrival;
    let mut catalogue = Catalogue::read(agent)?;
    catalogue.know(agent, id);
    let target = match read(agent, &catalogue, id, brings) {
        Ok(target) => target,
        Err(problem) => return Ok(unusable(id, problem, before)),
    };
    let joining: BTreeSet<PackageName> = [package.clone()].into();
    let Some(lock) = agent.locks.lock_unless_at_work(&catalogue.entries[id].product, barrier::PATIENCE) else {
        let upgrade = catalogue.entries[id].product.newest()?.map_or(0, |upgrade| upgrade.header.upgrade);
        return Ok(refuse(id, &target, vec![Reason::Unfinished { upgrade }]));
    };
    let situation = Situation::with(agent, &catalogue, &catalogue.entries[id], &joining)?;
    let from = from(agent, &situation, before);
    let is_first = from.is_none() && situation.under_way().is_none();
    if is_first {
        if situation.database.values().any(|found| found.configured) || before.is_some() {
            let cause = format!("its version {} came without a plan", before.unwrap_or("on this host"));
            return Ok(refuse(id, &target, vec![Reason::Unverified { what: package.to_string(), cause }]));
        }
        Situation::defer(situation.product)?;
    } else {
        holds::manage(agent, &joining)?;
        let mut reasons = barrier::reasons(agent, &situation, &target, from.as_ref(), &joining, attended)?;
        // What cannot be refused any more is past the point where the host could be put in order for it.
        if matches!(brings, Brings::Plan(_)) {
            reasons.extend(barrier::on_host(agent, &situation, &target, from.as_ref(), &joining).held);
        }
        let refusal = match reasons.is_empty() {
            true => {
                // A barrier that was asked has kept them; and what is finished comes once more beside those before it.
                if situation.under_way().is_none() && !situation.is_finished(&target.plan) {
                    keeping::keep_late(agent, &situation);
                }
                barrier::admit(agent, &situation, &target, from.as_ref(), &joining, speaker)?.err()
            }
            false if matches!(brings, Brings::Archive(_)) => {
                begin_older(agent, &situation, &target, &reasons, from.as_ref(), &joining)?;
                adoption::take_over(agent, &situation, speaker)?
            }
            false if is_adopted(&situation, &target, before) && reasons.iter().all(is_for_a_person) => {
                adoption::take_over(agent, &situation, speaker)?
            }
            false => return Ok(refuse(id, &target, reasons)),
        };
        if let Some(refusal) = refusal {
            return Ok(Reply::Refuse { refusals: vec![refusal] });
        }
    }
    drop(situation);
    drop(lock);
    // Read anew: a product that has just begun is in it with its packages.
    holds::refresh(agent, &Catalogue::read(agent)?)?;
    watch::admit(agent, [id.clone()])?;
    Ok(Reply::Pass)
}

/// An older version waits in no journal. One that nobody could refuse has its own before its files come, and
/// what runs now is written down there: it is what is started again when the newer one is back.
fn begin_older(
    agent: &Agent,
    situation: &Situation<'_>,
    target: &SignedPlan,
    reasons: &[Reason],
    from: Option<&Version>,
    joining: &BTreeSet<PackageName>,
) -> Result<(), AgentError> {
    if reasons.iter().any(gate::is_downgrade) && situation.under_way().is_none() {
        let mut journal = upgrades::open_or_begin(agent, situation, target, from, joining)?;
        upgrades::judge(agent, &mut journal, reasons)?;
    }
    Ok(())
}

/// Whether the product was here before without a plan: nothing could hold it, and nobody be asked. Its
/// packages may be on their way in this very transaction.
fn is_adopted(situation: &Situation<'_>, target: &SignedPlan, before: Option<&str>) -> bool {
    let is_it = |plan: &Sha256| *plan == target.plan.digest;
    before.is_some()
        && situation.finished.is_none()
        && situation.installed.is_none_or(|installed| is_it(&installed.plan.digest))
        && situation.newest.as_ref().is_none_or(|upgrade| is_it(&upgrade.header.plan))
}

/// What can be put right after the packages as well as before them.
fn is_for_a_person(reason: &Reason) -> bool {
    matches!(reason, Reason::NoteUnread { .. } | Reason::SideEffectUnacknowledged { .. } | Reason::Site { .. })
}

/// The version to start from. While a package's preinst runs, dpkg has its old version in none of the
/// states that count as installed.
fn from(agent: &Agent, situation: &Situation<'_>, before: Option<&str>) -> Option<Version> {
    situation.from(agent).or_else(|| {
        let before = before.filter(|_| situation.newest.is_none() && !situation.deferred)?;
        let installed = situation.installed.map(|found| &found.plan).filter(|plan| {
            plan.body.modules.iter().any(|module| comparison::is_native(&*agent.packages, module, before))
        });
        installed.map(|plan| plan.envelope.version.clone()).or_else(|| comparison::baseline(before))
    })
}

fn read(agent: &Agent, catalogue: &Catalogue, id: &ProductId, brings: Brings<'_>) -> Result<SignedPlan, TrustError> {
    let what = format!("the plan of {id}");
    let signed = match brings {
        Brings::Plan(path) => trust::read_plan(path)?,
        Brings::Archive(path) => {
            let vendor = catalogue.trust.vendor(&id.vendor)?;
            let unusable = |cause: HostError| TrustError::Refused(cause.to_string());
            agent.packages.plan_in(path, &vendor.keyring(Role::Package)?).map_err(unusable)?
        }
    };
    let plan = catalogue.trust.plan(id, &what, &signed)?;
    Ok(SignedPlan { plan, signed })
}

fn unusable(id: &ProductId, problem: TrustError, before: Option<&str>) -> Reply {
    let refusal = match problem {
        TrustError::Newer { envelope, .. } => {
            let from = before.and_then(comparison::baseline).unwrap_or_else(|| envelope.version.clone());
            let reasons = gate::reasons_of_newer(&envelope, &from);
            Refusal { product: id.clone(), to: Some(envelope.version.clone()), reasons }
        }
        other => {
            let reasons = vec![Reason::Unverified { what: format!("the plan of {id}"), cause: other.to_string() }];
            Refusal { product: id.clone(), to: None, reasons }
        }
    };
    Reply::Refuse { refusals: vec![refusal] }
}

fn refuse(id: &ProductId, target: &SignedPlan, reasons: Vec<Reason>) -> Reply {
    let to = Some(target.plan.envelope.version.clone());
    Reply::Refuse { refusals: vec![Refusal { product: id.clone(), to, reasons }] }
}
