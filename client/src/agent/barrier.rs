//! The barrier: a transaction is about to unpack. It passes when the gates of every product in it are
//! satisfied and everything before the packages is done; else nothing has changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use consign_metadata::name::{PackageName, ProductId};
use consign_metadata::version::Version;

use super::add_ons::Prospect;
use super::catalogue::{Catalogue, SignedPlan};
use super::checks::Found;
use super::dialogue::Speaker;
use super::intent::Intent;
use super::keeping::Part;
use super::locks::Patience;
use super::situation::Situation;
use super::upgrades::{self, Task};
use super::{Agent, AgentError, checks, comparison, keeping, preparing, putting_back, room, targets, timing, watch};
use crate::engine::event::{Event, Failure, Packages, Reason};
use crate::engine::journal::Journal;
use crate::engine::machine::{State, Upgrade};
use crate::engine::runner::Standing;
use crate::gate::{self, UNHURRIED};
use crate::product::Product;
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
    let wanted = Intent::of_transaction(agent, &catalogue, actions);
    let targets = wanted.iter().filter_map(|(id, intent)| Some((id.clone(), intent.as_ref().ok()?.target.clone()?)));
    let arriving: BTreeMap<ProductId, SignedPlan> = targets.collect();
    let prospect = Prospect::Transaction(&arriving);
    let mut judged = Vec::new();
    let mut parts = Vec::new();
    for (id, intent) in wanted {
        let one = Judged::of(agent, &catalogue, id, intent, prospect, attended);
        let is_out_of_reach = one.found.held.iter().any(targets::does_not_answer);
        if let Some(intent) = one.intent.as_ref().filter(|_| !is_out_of_reach) {
            match Part::begin(agent, &catalogue, &one.product, intent, actions) {
                Ok(part) => parts.extend(part),
                // For want of room, say: the reason is there already.
                Err(problem) if !one.found.held.is_empty() => log::warn!("{}: {problem}", one.product),
                Err(problem) => return Err(problem),
            }
        }
        judged.push(one);
    }
    // Of the transaction as a whole: what one product takes another does not have.
    for (id, found) in keeping::check(&parts) {
        judged.iter_mut().filter(|one| one.product == id).for_each(|one| one.add(found.clone()));
    }
    if judged.iter().any(|one| !one.found.held.is_empty()) {
        return Ok(Reply::Refuse { refusals: judged.into_iter().filter_map(Judged::refusal).collect() });
    }
    for one in judged.iter().filter(|one| !one.found.told.is_empty()) {
        speaker.say(&Reply::Told { product: one.product.clone(), reasons: one.found.told.clone() });
    }
    let refusals = keeping::carry_out(agent, parts, speaker)?;
    if !refusals.is_empty() {
        return Ok(Reply::Refuse { refusals });
    }
    let intents = judged.into_iter().filter_map(|one| Some((one.product, one.intent?))).collect();
    prepare_all(agent, &catalogue, intents, prospect, speaker)
}

/// The packages that the holds speak of.
fn managed(agent: &Agent) -> Vec<PackageName> {
    let text = std::fs::read_to_string(agent.places.managed()).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

/// A product of the transaction, with every reason that was found.
struct Judged {
    product: ProductId,
    to: Option<Version>,
    /// What is wanted of it, where that is known and nothing else is at work on it.
    intent: Option<Intent>,
    found: Found,
}

impl Judged {
    fn of(
        agent: &Agent,
        catalogue: &Catalogue,
        product: ProductId,
        intent: Result<Intent, Refused>,
        prospect: Prospect<'_>,
        attended: bool,
    ) -> Self {
        let (intent, (to, reasons)) = match intent {
            Ok(intent) => match judge(agent, catalogue, &product, &intent, prospect, attended) {
                Ok(found) => {
                    let to = intent.target.as_ref().map(|target| target.plan.envelope.version.clone());
                    return Self { product, to, intent: Some(intent), found };
                }
                Err(refused) => (None, refused),
            },
            Err(refused) => (None, refused),
        };
        Self { product, to, intent, found: Found { held: reasons, told: Vec::new() } }
    }

    fn add(&mut self, found: Found) {
        self.found.held.extend(found.held);
        self.found.told.extend(found.told);
    }

    fn refusal(self) -> Option<Refusal> {
        let Self { product, to, found, .. } = self;
        (!found.held.is_empty()).then_some(Refusal { product, to, reasons: found.held })
    }
}

type Refused = (Option<Version>, Vec<Reason>);

/// What the gates and the host say; what could not even be looked at is an error.
fn judge(
    agent: &Agent,
    catalogue: &Catalogue,
    id: &ProductId,
    intent: &Intent,
    prospect: Prospect<'_>,
    attended: bool,
) -> Result<Found, Refused> {
    let Some(target) = &intent.target else { return Ok(Found::default()) };
    let to = Some(target.plan.envelope.version.clone());
    let entry = &catalogue.entries[id];
    let Some(_lock) = agent.locks.lock_unless_at_work(&entry.product, PATIENCE) else {
        let upgrade = entry.product.newest().ok().flatten().map_or(0, |upgrade| upgrade.header.upgrade);
        return Err((to, vec![Reason::Unfinished { upgrade }]));
    };
    let judged = Situation::with(agent, catalogue, entry, &intent.joining).and_then(|situation| {
        let situation = Situation { prospect, ..situation };
        let from = situation.from(agent);
        let held = reasons(agent, &situation, target, from.as_ref(), &intent.joining, attended)?;
        let mut found = on_host(agent, &situation, target, from.as_ref(), &intent.joining);
        found.held.splice(..0, held);
        Ok(found)
    });
    judged.map_err(|problem| (to, vec![Reason::Unverified { what: id.to_string(), cause: problem.to_string() }]))
}

/// What the host says to an upgrade that would change something.
pub(super) fn on_host(
    agent: &Agent,
    situation: &Situation<'_>,
    target: &SignedPlan,
    from: Option<&Version>,
    joining: &BTreeSet<PackageName>,
) -> Found {
    match from.is_none() || changes_nothing(agent, situation, target, joining) {
        true => Found::default(),
        false => checks::of_host(agent, situation, &target.plan),
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
    let no_room = room::reasons(&agent.places);
    let mut reasons = situation.reasons(agent, &target.plan, from, Some(UNHURRIED));
    let other = situation.newest.as_ref().filter(|u| !u.is_over() && u.header.plan != target.plan.digest);
    // An older version is not offered: no journal waits for it.
    let is_written = no_room.is_none() && other.is_none();
    if !reasons.is_empty() && is_written && !reasons.iter().any(gate::is_downgrade) {
        let mut journal = upgrades::open_or_begin(agent, situation, target, Some(from), joining)?;
        upgrades::judge(agent, &mut journal, &reasons)?;
    }
    reasons.extend(no_room);
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
        let entry = &catalogue.entries[&id];
        // Whatever was typed while packages were fetched, a way back for one: it does not wait for this transaction.
        let Some(_lock) = agent.locks.lock_unless_at_work(&entry.product, PATIENCE) else {
            take_back(agent, catalogue, &prepared)?;
            return Ok(Reply::Refuse { refusals: vec![unfinished(&entry.product)] });
        };
        let situation = Situation::with(agent, catalogue, entry, &intent.joining)?;
        let situation = Situation { prospect, ..situation };
        let outcome = match &intent.target {
            _ if situation.under_way().is_some_and(is_going_back) => Err(unfinished(&entry.product)),
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

fn unfinished(product: &Product) -> Refusal {
    let upgrade = product.newest().ok().flatten().map_or(0, |upgrade| upgrade.header.upgrade);
    Refusal { product: product.id.clone(), to: None, reasons: vec![Reason::Unfinished { upgrade }] }
}

/// Whether an upgrade is on its way back, or stands there.
pub(super) fn is_going_back(upgrade: &Upgrade) -> bool {
    matches!(upgrade.state, State::Backward { .. } | State::Stuck { .. })
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
