//! `consignee upgrade`: a product is brought to a version over every stop in between.
//!
//! Whoever compares a product last asks here whether it goes on. So it does after a reboot, after a retry and
//! after an acknowledgement that came a day later, without anybody who waits for it.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use consign_metadata::digest::Sha256;
use consign_metadata::name::ProductId;
use consign_metadata::version::Version;

use super::catalogue::{Catalogue, Entry};
use super::offers;
use super::online::Online;
use super::{Agent, AgentError, barrier, holds, hop, kept_back, watch};
use crate::engine::event::{Person, Reason};
use crate::engine::machine::{State, Upgrade};
use crate::journey::Journey;
use crate::product::Product;
use crate::request::Reply;

/// How often a stop is tried that comes to nothing without a word, as after power cuts, before a person is asked.
const TRIES: u32 = 3;

/// Who is at which product.
#[derive(Debug, Default)]
pub struct Ways {
    /// Somebody decides about the next upgrade of these products, or carries its packages out.
    walked: Mutex<BTreeSet<ProductId>>,
    /// These are prepared, and a transaction for them is about to begin.
    prepared: Mutex<BTreeSet<ProductId>>,
    /// Held from the reading of a journey to its writing.
    written: Mutex<()>,
}

/// A product that nobody else goes on with, until it is dropped.
pub struct Walker<'a>(&'a Ways, ProductId);

impl Ways {
    fn walk(&self, id: &ProductId) -> Option<Walker<'_>> {
        let is_free = self.walked.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone());
        is_free.then(|| Walker(self, id.clone()))
    }

    /// From now on a transaction counts as open, though it has not begun.
    pub(super) fn prepare(&self, id: &ProductId) {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone());
    }

    /// It is over, or will not be.
    pub(super) fn settle(&self, id: &ProductId) {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Changes a journey that a person may end or lead elsewhere at the same time; see [`Journey::keep_on`].
    pub(super) fn keep_on(
        &self,
        product: &Product,
        journey: &mut Journey,
        change: impl FnOnce(&mut Journey),
    ) -> io::Result<bool> {
        let _alone = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        journey.keep_on(product, change)
    }

    /// Whether a transaction for it is about to begin.
    pub(super) fn is_prepared(&self, id: &ProductId) -> bool {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner).contains(id)
    }
}

impl Drop for Walker<'_> {
    fn drop(&mut self) {
        self.0.settle(&self.1);
        self.0.walked.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

/// The way to a version, with what is in its way.
///
/// # Errors
/// [`AgentError`]
pub fn path(agent: &Agent, id: &ProductId, to: Option<&Version>) -> Result<Reply, AgentError> {
    let catalogue = Catalogue::read(agent)?;
    let entry = known(&catalogue, id)?;
    let _lock = lock(agent, entry)?;
    Ok(Reply::Path { way: offers::path(agent, &catalogue, entry, &Online::begin(true), to)? })
}

/// A person wants to go to a version; what follows happens by itself.
///
/// # Errors
/// Those of [`set_out`].
pub fn begin(
    agent: &Arc<Agent>,
    id: &ProductId,
    to: Option<&Version>,
    shown: &[Sha256],
    by: &Person,
) -> Result<Reply, AgentError> {
    if !set_out(agent, id, to, shown, by)? {
        return Ok(Reply::Changed);
    }
    watch::expect(agent, id);
    Ok(Reply::Accepted)
}

/// Writes down where a product goes. Who is on the way already goes on, and tries again what came to nothing. Whether
/// the plans are those that were shown, where any were; else nothing is written down.
///
/// # Errors
/// [`AgentError`]; also where there is no way.
pub fn set_out(
    agent: &Agent,
    id: &ProductId,
    to: Option<&Version>,
    shown: &[Sha256],
    by: &Person,
) -> Result<bool, AgentError> {
    let catalogue = Catalogue::read(agent)?;
    let entry = known(&catalogue, id)?;
    let _lock = lock(agent, entry)?;
    let old = Journey::read(&entry.product).unwrap_or_else(|problem| {
        log::warn!("{problem}");
        None
    });
    let way = offers::path(agent, &catalogue, entry, &Online::begin(true), to)?;
    let plans: Vec<Sha256> = way.legs.iter().filter_map(|leg| leg.plan).collect();
    if !shown.is_empty() && *shown != *plans {
        return Ok(false);
    }
    let plans = shown.to_vec();
    let ahead: Vec<Version> = way.legs.into_iter().map(|leg| leg.to).collect();
    let is_on_its_way = old.is_some() && entry.product.newest()?.is_some_and(|upgrade| upgrade.is_under_way());
    if (to.is_some() && ahead.last() != to) || (ahead.is_empty() && !is_on_its_way) {
        return Err(AgentError::NotNow(format!("there is no way for {id} to go on from {}", way.from)));
    }
    let journey = match old {
        Some(old) => {
            let to = ahead.last().unwrap_or(&old.to).clone();
            let ahead = if ahead.is_empty() { old.ahead } else { ahead };
            Journey { to, ahead, plans, waits: Vec::new(), failed: None, tries: 0, ..old }
        }
        None => Journey { plans, ..Journey::new(way.from, ahead, by.clone(), agent.clock.now()) },
    };
    log::info!("{id}: to {}, wanted by {}", journey.to, by.name);
    let _alone = agent.ways.written.lock().unwrap_or_else(PoisonError::into_inner);
    journey.keep(&entry.product).map_err(AgentError::io(format!("write down where {id} goes")))?;
    Ok(true)
}

/// A person wants to go no further; the upgrade that is under way runs to its end.
///
/// # Errors
/// When there is no journey, or its file is still there.
pub fn stay(agent: &Agent, id: &ProductId, by: &Person) -> Result<Reply, AgentError> {
    let catalogue = Catalogue::read(agent)?;
    let entry = known(&catalogue, id)?;
    if matches!(Journey::read(&entry.product), Ok(None)) {
        return Err(AgentError::NotNow(format!("{id} is not on its way anywhere")));
    }
    log::info!("{id}: goes no further, by {}", by.name);
    arrive(agent, &catalogue, entry)?;
    Ok(Reply::Accepted)
}

/// Something may have changed that a journey waits for, as an acknowledgement.
pub fn awaken(agent: &Arc<Agent>) {
    if let Ok(catalogue) = Catalogue::read(agent) {
        let on_their_way = catalogue.entries.values().filter(|entry| Journey::is_begun(&entry.product));
        on_their_way.for_each(|entry| watch::expect(agent, &entry.product.id));
    }
}

/// Goes on where a product is on its way and nothing of it is under way. Whether packages may have changed, so
/// that it has to be compared again.
///
/// # Errors
/// [`AgentError`]
pub fn go_on(agent: &Arc<Agent>, id: &ProductId) -> Result<bool, AgentError> {
    let Some(_walker) = agent.ways.walk(id) else { return Ok(false) };
    let catalogue = Catalogue::read(agent)?;
    let Some(entry) = catalogue.entries.get(id) else { return Ok(false) };
    let unread = AgentError::io(format!("see where {id} goes"));
    let Some(journey) = Journey::read(&entry.product).map_err(unread)? else { return Ok(false) };
    let newest = entry.product.newest()?;
    if newest.as_ref().is_some_and(Upgrade::is_under_way) {
        return Ok(false);
    }
    if entry.product.finished()?.is_some_and(|(version, _)| version >= journey.to) {
        arrive(agent, &catalogue, entry)?;
        return Ok(false);
    }
    if let Some(reason) = came_to_nothing(&entry.product, &journey)? {
        return wait_for(agent, entry, journey, vec![reason]);
    }
    // Its end is waited for, and then every product is compared.
    if agent.packages.transaction()?.is_some() {
        watch::watch(agent);
        return Ok(false);
    }
    hop::walk(agent, &catalogue, entry, journey)
}

/// Why the last upgrade of a journey is not tried again unasked. What is offered may have a journal again already.
fn came_to_nothing(product: &Product, journey: &Journey) -> Result<Option<Reason>, AgentError> {
    let Some(hop) = journey.hops.last().filter(|_| journey.tries > 0) else { return Ok(None) };
    let state = product.replay(hop.upgrade)?.upgrade.map(|upgrade| upgrade.state);
    // What was taken back with its packages has a gate of its own.
    if state != Some(State::Cancelled) {
        return Ok(None);
    }
    let is_it = |reason: &&Reason| matches!(reason, Reason::NotPrepared { upgrade, .. } if *upgrade == hop.upgrade);
    if let Some(known) = journey.waits.iter().find(is_it) {
        return Ok(Some(known.clone()));
    }
    let is_enough = journey.tries >= TRIES;
    let interrupted = || format!("it was interrupted {TRIES} times");
    let cause = journey.failed.clone().or_else(|| is_enough.then(interrupted));
    Ok(cause.map(|cause| Reason::NotInstalled { upgrade: hop.upgrade, cause }))
}

/// Writes down what a journey waits for; whether a person has led it elsewhere, so that it goes on.
pub(super) fn wait_for(
    agent: &Agent,
    entry: &Entry,
    mut journey: Journey,
    waits: Vec<Reason>,
) -> Result<bool, AgentError> {
    let id = &entry.product.id;
    if journey.waits != waits {
        log::info!("{id}: on its way to {}, waits: {waits:?}", journey.to);
    }
    let kept = agent.ways.keep_on(&entry.product, &mut journey, |journey| journey.waits = waits);
    let kept = kept.map_err(AgentError::io(format!("write down what {id} waits for")))?;
    Ok(!kept && leads_elsewhere(&entry.product, &journey))
}

/// Whether a person wants to go somewhere else by now.
pub(super) fn leads_elsewhere(product: &Product, journey: &Journey) -> bool {
    matches!(Journey::read(product), Ok(Some(now)) if now.to != journey.to || now.begun != journey.begun)
}

fn arrive(agent: &Agent, catalogue: &Catalogue, entry: &Entry) -> Result<(), AgentError> {
    let id = &entry.product.id;
    Journey::forget(&entry.product).map_err(AgentError::io(format!("end the way of {id}")))?;
    holds::refresh(agent, catalogue)?;
    kept_back::refresh_one(agent, catalogue, entry);
    Ok(())
}

fn known<'a>(catalogue: &'a Catalogue, id: &ProductId) -> Result<&'a Entry, AgentError> {
    catalogue.entries.get(id).ok_or_else(|| AgentError::NotNow(format!("there is no product {id}")))
}

fn lock<'a>(agent: &'a Agent, entry: &Entry) -> Result<super::locks::Locked<'a>, AgentError> {
    let lock = agent.locks.lock_unless_at_work(&entry.product, barrier::PATIENCE);
    lock.ok_or_else(|| AgentError::NotNow(format!("a step of {} is running", entry.product.id)))
}
