//! Waiting for the end of a transaction, and taking products up again.
//!
//! Nobody tells when a package manager dies. The process that holds its lock is watched instead, and when
//! it is gone every product is compared anew. A service that starts anew watches again: what it waits for
//! is in the journals, and who holds the lock can be seen.

use std::sync::{Arc, PoisonError};

use consign_metadata::name::ProductId;

use super::catalogue::Catalogue;
use super::{Agent, AgentError, journey, mend, reconcile, service};
use crate::engine::runner::Standing;
use crate::host::kernel::process;

/// Remembers whose transaction was let through for these products, and waits for its end.
///
/// # Errors
/// When it cannot be told who has a transaction open.
pub fn admit(agent: &Arc<Agent>, products: impl IntoIterator<Item = ProductId>) -> Result<(), AgentError> {
    let holder = agent.packages.transaction()?;
    for id in products {
        match holder {
            Some(pid) => drop(agent.admitted().insert(id, pid)),
            None => drop(agent.admitted().remove(&id)),
        }
    }
    watch(agent);
    Ok(())
}

/// The package manager reports that it has run to its end, though its process may still be there.
///
/// # Errors
/// When it cannot be told whose report it is.
pub fn ended(agent: &Arc<Agent>) -> Result<(), AgentError> {
    if let Some(pid) = agent.packages.transaction()? {
        agent.ended_by(pid);
    }
    expect_all(agent);
    Ok(())
}

/// Something may have changed: every product is compared anew, and the end of a transaction that is open
/// is waited for.
pub fn wake(agent: &Arc<Agent>) {
    expect_all(agent);
    watch(agent);
}

/// Wakes whenever packages may have changed, in a thread of its own, where nobody tells.
pub fn listen(agent: &Arc<Agent>) {
    let agent = Arc::clone(agent);
    std::thread::spawn(move || {
        loop {
            match agent.packages.wait_for_change() {
                Ok(true) => wake(&agent),
                Ok(false) => return,
                Err(problem) => return log::warn!("{problem}"),
            }
        }
    });
}

fn expect_all(agent: &Arc<Agent>) {
    match Catalogue::read(agent) {
        Ok(catalogue) => catalogue.entries.keys().for_each(|id| expect(agent, id)),
        Err(problem) => log::warn!("{problem}"),
    }
}

/// Compares a product anew in a thread of its own, unless somebody is about to.
pub fn expect(agent: &Arc<Agent>, id: &ProductId) {
    // The program was replaced: its successor does it.
    if service::is_replaced() || !agent.expected().insert(id.clone()) {
        return;
    }
    let (agent, id) = (Arc::clone(agent), id.clone());
    std::thread::spawn(move || take_up(&agent, &id));
}

fn take_up(agent: &Arc<Agent>, id: &ProductId) {
    loop {
        let shift = agent.duty.work();
        // One works and one waits: a transaction of many packages wakes the agent once for each.
        let turn = agent.turns.lock(id);
        agent.expected().remove(id);
        let standing = reconcile::reconcile(agent, id);
        let count = agent.count(id, standing.is_ok());
        drop(turn);
        let mended = matches!(standing, Ok(Standing::Person)) && is_mended(agent, id);
        drop(shift);
        match standing {
            Ok(Standing::Later(pause)) => {
                let _shift = agent.duty.wait();
                agent.clock.sleep(pause);
                // Whoever came meanwhile, a person or a wake-up, has taken it up and waits anew, each time longer.
                if agent.count(id, false) != count {
                    return;
                }
            }
            Ok(_) if mended => {}
            Ok(_) if goes_on(agent, id) => {}
            Ok(_) => return,
            Err(problem) => return log::error!("{id}: {problem}"),
        }
        if service::is_replaced() {
            return;
        }
    }
}

/// Whether its packages were mended, so that it has to be compared anew.
fn is_mended(agent: &Arc<Agent>, id: &ProductId) -> bool {
    let _shift = agent.duty.work();
    mend::unasked(agent, id).unwrap_or_else(|problem| {
        log::error!("{id}: {problem}");
        false
    })
}

/// Whether it is on a journey that went on, so that it has to be compared anew.
fn goes_on(agent: &Arc<Agent>, id: &ProductId) -> bool {
    journey::go_on(agent, id).unwrap_or_else(|problem| {
        log::error!("{id}: {problem}");
        false
    })
}

/// Waits in a thread of its own while anybody has a transaction open.
pub(super) fn watch(agent: &Arc<Agent>) {
    let mut watched = agent.watched.lock().unwrap_or_else(PoisonError::into_inner);
    if std::mem::replace(&mut *watched, true) {
        return;
    }
    drop(watched);
    let agent = Arc::clone(agent);
    std::thread::spawn(move || {
        let shift = agent.duty.wait();
        while let Ok(Some(pid)) = agent.packages.transaction() {
            process::wait_for_end(pid);
        }
        // Set back first: who comes now and sees a transaction starts a watch of its own.
        *agent.watched.lock().unwrap_or_else(PoisonError::into_inner) = false;
        expect_all(&agent);
        drop(shift);
    });
}

impl Agent {
    /// How often a product was taken up, with this time.
    fn count(&self, id: &ProductId, again: bool) -> u64 {
        let mut taken_up = self.taken_up.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken_up.entry(id.clone()).or_default();
        *count += u64::from(again);
        *count
    }

    /// Whether no transaction is open that may still change a product.
    pub(super) fn is_over(&self, id: &ProductId) -> Result<bool, AgentError> {
        let Some(holder) = self.packages.transaction()? else {
            self.admitted().remove(id);
            *self.done.lock().unwrap_or_else(PoisonError::into_inner) = None;
            return Ok(!self.ways.is_prepared(id));
        };
        let is_done = *self.done.lock().unwrap_or_else(PoisonError::into_inner) == Some(holder);
        // Another transaction than the one that was let through is open: that one is over.
        // One of our own is about to begin, and waits for this one.
        let is_other = || !self.ways.is_prepared(id);
        Ok(is_done || is_other() && self.admitted().get(id).is_some_and(|admitted| *admitted != holder))
    }

    pub(super) fn ended_by(&self, holder: u32) {
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = Some(holder);
    }

    /// The same process begins another transaction.
    pub(super) fn begins_again(&self) -> Result<(), AgentError> {
        let holder = self.packages.transaction()?;
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        if done.is_some() && *done == holder {
            *done = None;
        }
        Ok(())
    }
}
