//! A person's decision about an upgrade. It is written down and answered; what follows happens by itself.

use std::sync::Arc;

use consign_metadata::name::ProductId;

use super::catalogue::{Catalogue, Entry, plan_of};
use super::dialogue::Speaker;
use super::locks::Locked;
use super::situation::Situation;
use super::{Agent, AgentError, barrier, mend, upgrades, watch};
use crate::add_on::Joined;
use crate::backup;
use crate::engine::event::{Answer, Event, Person};
use crate::engine::journal::{Journal, JournalError};
use crate::engine::machine::{HaltCause, State, Upgrade};
use crate::gate::UNHURRIED;
use crate::journey::Journey;
use crate::product::Product;
use crate::report::state;
use crate::request::{Decision, Refusal, Reply, Undecidable};

/// Writes the decision down, or says why it cannot be taken now.
///
/// # Errors
/// [`AgentError`]
pub fn decide(
    agent: &Arc<Agent>,
    id: &ProductId,
    decision: &Decision,
    by: &Person,
    speaker: &mut Speaker,
) -> Result<Reply, AgentError> {
    let catalogue = Catalogue::read(agent)?;
    let entry = catalogue.entries.get(id).ok_or_else(|| AgentError::NotNow(format!("there is no product {id}")))?;
    let lock = lock(agent, entry).ok_or_else(|| AgentError::NotNow(format!("a step of {id} is running")))?;
    let situation = Situation::of(agent, &catalogue, entry)?;
    let begun = match decision {
        Decision::Rollback { .. } => entry.product.last_begun()?,
        _ => None,
    };
    let (begun, waiting) = begun.unzip();
    let upgrade = begun.as_ref().or(situation.newest.as_ref());
    let upgrade = upgrade.ok_or_else(|| AgentError::NotNow(format!("{id} has no upgrade to decide about")))?;
    if let Some(refusal) = unsatisfied(agent, &situation, upgrade, decision)? {
        return Ok(Reply::Refuse { refusals: vec![refusal] });
    }
    if let Decision::Rollback { .. } = decision {
        can_turn(agent, upgrade)?;
        is_sound(&situation, upgrade)?;
    }
    let number = upgrade.header.upgrade;
    let half_way = match decision {
        Decision::Retry if mend::is_needed(agent, upgrade)? => {
            let joined = Joined::kept(situation.trust, situation.product, &upgrade.header)?;
            Some((plan_of(situation.trust, situation.product, upgrade)?, joined))
        }
        _ => None,
    };
    let header = upgrade.header.clone();
    fits_task(upgrade, decision)?;
    only_needs_time(upgrade, decision)?;
    if let Some(anew) = with_other_add_ons(agent, &situation, upgrade, decision)? {
        log::info!(
            "{id}, upgrade {number}: upgrade {} takes its place, with other add-ons",
            anew.upgrade().header.upgrade
        );
    } else if let Some(event) = event(&upgrade.state, decision, by) {
        let open = entry.product.open(number)?;
        let mut journal = open.ok_or_else(|| AgentError::NotNow(format!("{id} has no upgrade {number}")))?;
        journal.upgrade().clone().apply(&event).map_err(|problem| not_now(problem.into(), upgrade))?;
        if let Decision::Rollback { .. } = decision {
            cancel(agent, &entry.product, waiting.unwrap_or_default())?;
        }
        journal.append(event, agent.clock.now()).map_err(|error| not_now(error, upgrade))?;
        if let State::Rescued { .. } = journal.upgrade().state {
            entry.product.clear_unfinished().map_err(AgentError::io(format!("let the engines of {id} start")))?;
        }
    }
    drop(situation);
    drop(lock);
    speaker.say(&Reply::Working { product: id.clone(), upgrade: number });
    let mended = half_way.map_or(Ok(()), |(target, joined)| mend::mend(agent, &header, &target.plan, &joined));
    watch::expect(agent, id);
    mended.map(|()| Reply::Accepted)
}

/// While its packages are being changed nobody can tell what there is to go back from.
fn can_turn(agent: &Agent, upgrade: &Upgrade) -> Result<(), AgentError> {
    match upgrade.has_left_before() || agent.is_over(&upgrade.header.product)? {
        true => Ok(()),
        false => Err(AgentError::NotNow("its package transaction is running; try again when it is over".to_owned())),
    }
}

/// A journey ends where somebody turns back. What is offered since would be an upgrade from a version that is
/// about to go.
fn cancel(agent: &Agent, product: &Product, waiting: Vec<u32>) -> Result<(), AgentError> {
    Journey::forget(product).map_err(AgentError::io(format!("end the journey of {}", product.id)))?;
    for number in waiting {
        let Some(mut journal) = product.open(number)? else { continue };
        journal.append(Event::Cancelled, agent.clock.now())?;
    }
    Ok(())
}

/// Whether what it would be taken back with is there, read again from the first byte to the last. Nothing is
/// stopped for a way back that leads nowhere.
fn is_sound(situation: &Situation<'_>, upgrade: &Upgrade) -> Result<(), AgentError> {
    if !upgrade.has_left_before() {
        return Ok(());
    }
    let unusable = |problem: String| AgentError::NotNow(format!("the backup cannot be used: {problem}"));
    let seals = backup::of_unit(situation.product, &upgrade.header).map_err(|problem| unusable(problem.to_string()))?;
    if seals.is_empty() {
        return Err(unusable("it was never sealed".to_owned()));
    }
    let verified = seals.iter().try_for_each(|seal| seal.verify(situation.product));
    verified.map_err(|problem| unusable(problem.to_string()))
}

/// The product's lock. Whoever types `retry` the moment an upgrade halted waits until the agent has looked
/// around; a step is not waited for, which may run for hours.
fn lock<'a>(agent: &'a Agent, entry: &Entry) -> Option<Locked<'a>> {
    agent.locks.lock_unless_at_work(&entry.product, barrier::PATIENCE)
}

/// An upgrade that was found past its gates has run nothing yet: the add-ons that join are those of now.
fn with_other_add_ons(
    agent: &Agent,
    situation: &Situation<'_>,
    upgrade: &Upgrade,
    decision: &Decision,
) -> Result<Option<Journal>, AgentError> {
    let halted = matches!(upgrade.state, State::Halted { cause: HaltCause::Unsatisfied { .. }, .. });
    let (true, Decision::Retry) = (halted, decision) else { return Ok(None) };
    let target = plan_of(situation.trust, situation.product, upgrade)?;
    upgrades::begin_with_others(agent, situation, &target, upgrade)
}

/// What a decision is in the state that the upgrade is in; `None` where only time is missing, and an
/// event that the table refuses where it makes no sense.
fn event(state: &State, decision: &Decision, by: &Person) -> Option<Event> {
    let by = by.clone();
    Some(match (decision, state) {
        (Decision::Resume, _) => return None,
        (Decision::Retry, State::Stuck { .. }) => Event::UndoRetried { by },
        (Decision::Retry, state) if state.is_walking() => return None,
        (Decision::Retry, _) => Event::Retry { by: Some(by) },
        (Decision::Rollback { accepts_data_loss }, _) => {
            Event::RollbackRequested { by, accepts_data_loss: *accepts_data_loss }
        }
        (Decision::Skip, _) => Event::SkippedBy { by },
        (Decision::Done { .. }, State::Waiting { item }) => Event::Answered { item: *item, answer: Answer::Done, by },
        (Decision::Done { .. }, _) => Event::Answered { item: 0, answer: Answer::Done, by },
        (Decision::Answer { answer }, State::Waiting { item }) => Event::Answered { item: *item, answer: *answer, by },
        // No step waits for it, whichever it is.
        (Decision::Answer { answer }, _) => Event::Answered { item: 0, answer: *answer, by },
        (Decision::Rescue { observed }, _) => Event::Rescued { observed: observed.clone(), by },
    })
}

/// A task is ticked by its name alone, and only a task is ticked: nobody answers for something else by
/// the way.
fn fits_task(upgrade: &Upgrade, decision: &Decision) -> Result<(), AgentError> {
    let State::Waiting { item } = upgrade.state else { return Ok(()) };
    let (id, item) = (&upgrade.header.product, &upgrade.header.items[item]);
    let name = &item.name;
    match (decision, &item.task) {
        (Decision::Done { task }, Some(_)) if task.as_str() == name => Ok(()),
        (Decision::Done { task }, _) => {
            Err(AgentError::NotNow(format!("{id} does not wait for {task}, but for {name}")))
        }
        (Decision::Answer { .. }, Some(_)) => {
            Err(AgentError::NotNow(format!("{name} is a task for a person: type consignee done {id} {name}")))
        }
        _ => Ok(()),
    }
}

/// What waits for more than time is not resumed by the way: a person decides about it with another word.
fn only_needs_time(upgrade: &Upgrade, decision: &Decision) -> Result<(), AgentError> {
    match decision {
        Decision::Resume if !upgrade.state.is_walking() => Err(undecidable(upgrade, true)),
        _ => Ok(()),
    }
}

fn undecidable(upgrade: &Upgrade, resume: bool) -> AgentError {
    let (product, number) = (upgrade.header.product.clone(), upgrade.header.upgrade);
    AgentError::Undecidable(Undecidable { product, upgrade: number, state: state::code(&upgrade.state), resume })
}

/// What the table refuses.
fn not_now(error: JournalError, upgrade: &Upgrade) -> AgentError {
    let JournalError::Illegal(_) = error else { return error.into() };
    undecidable(upgrade, false)
}

/// An upgrade that was found past its gates goes on only when they are satisfied.
fn unsatisfied(
    agent: &Agent,
    situation: &Situation<'_>,
    upgrade: &Upgrade,
    decision: &Decision,
) -> Result<Option<Refusal>, AgentError> {
    let halted = matches!(upgrade.state, State::Halted { cause: HaltCause::Unsatisfied { .. }, .. });
    let (true, Decision::Retry, Some(from)) = (halted, decision, &upgrade.header.from) else { return Ok(None) };
    let target = plan_of(situation.trust, situation.product, upgrade)?;
    let reasons = situation.reasons(agent, &target.plan, from, Some(UNHURRIED));
    let refusal = Refusal { product: situation.product.id.clone(), to: Some(upgrade.header.to.clone()), reasons };
    Ok(Some(refusal).filter(|refusal| !refusal.reasons.is_empty()))
}
