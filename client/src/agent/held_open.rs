//! Packages that came, but for files that somebody has open: tried again after a pause, each longer than the one
//! before, and left to a person, with names, once that was enough. So nothing loops, and nobody is told that an
//! upgrade is there which is not.

use super::{Agent, AgentError};
use crate::engine::event::{Event, HeldFile, Holder};
use crate::engine::machine::{HaltCause, State, Upgrade};
use crate::host::HeldOpen;
use crate::product::Product;

/// As many are named.
const NAMED: usize = 5;

/// Whether it is tried again now. Where that was enough it is written down who was in the way.
///
/// # Errors
/// When the journal cannot be written.
pub fn is_tried_now(agent: &Agent, product: &Product, upgrade: &Upgrade, held: &HeldOpen) -> Result<bool, AgentError> {
    match held.due {
        Some(due) => Ok(agent.clock.now() >= due),
        None if matches!(upgrade.state, State::Halted { cause: HaltCause::Partial, .. }) => {
            give_up(agent, product, upgrade, held).map(|()| false)
        }
        None => Ok(false),
    }
}

fn give_up(agent: &Agent, product: &Product, upgrade: &Upgrade, held: &HeldOpen) -> Result<(), AgentError> {
    let _lock = agent.locks.lock(&product.id);
    let Some(mut journal) = product.open(upgrade.header.upgrade)? else { return Ok(()) };
    if journal.upgrade().state != upgrade.state {
        return Ok(());
    }
    let holders = held.holders.iter().take(NAMED).map(|holder| {
        Holder::File(HeldFile {
            file: holder.file.display().to_string(),
            process: holder.process.clone(),
            pid: holder.pid,
            unit: holder.unit.clone(),
        })
    });
    let item = upgrade.packages_item();
    let event = Event::LoopDetected { item, attempts: held.attempts, holders: holders.collect() };
    // The table has it from the transaction on, which another attempt would have been.
    journal.append(Event::Retry { by: None }, agent.clock.now())?;
    Ok(journal.append(event, agent.clock.now())?)
}
