//! Reconcile: what the package database has, against what the journal last finished, and what follows.
//!
//! Called whenever anything may have changed, once too often rather than once too rarely. It decides by
//! what is there and not by who called.

use std::sync::Arc;

use consign_metadata::name::ProductId;
use consign_metadata::plan::Envelope;

use super::catalogue::{Catalogue, Entry, plan_of};
use super::comparison;
use super::situation::Situation;
use super::upgrades::{self, Task};
use super::{Agent, AgentError, add_ons, data, holds, kept_back, look, removal, telling, tidying, timetable, torn};
use crate::baseline::Baseline;
use crate::engine::event::{Event, Packages};
use crate::engine::journal::Journal;
use crate::engine::machine::{HaltCause, State, Upgrade};
use crate::engine::runner::Standing;
use crate::gate::UNHURRIED;

/// Compares one product and does what can be done.
///
/// # Errors
/// [`AgentError`]
pub fn reconcile(agent: &Arc<Agent>, id: &ProductId) -> Result<Standing, AgentError> {
    // Before this product's lock is taken: nobody ever holds two.
    for first in add_ons::ahead_of(agent, id)? {
        if let Err(problem) = reconcile_alone(agent, &first) {
            log::error!("{first}: {problem}");
        }
    }
    reconcile_alone(agent, id)
}

fn reconcile_alone(agent: &Arc<Agent>, id: &ProductId) -> Result<Standing, AgentError> {
    let lock = agent.locks.lock(id);
    let catalogue = Catalogue::read(agent)?;
    let Some(entry) = catalogue.entries.get(id) else { return Ok(Standing::Over) };
    let (situation, over) = look_closely(agent, &catalogue, entry)?;
    let standing = Reconciler { agent, situation: &situation, over }.reconcile()?;
    telling::settle(agent, &entry.product);
    if over && !entry.product.newest()?.is_some_and(|upgrade| upgrade.is_under_way()) {
        data::compare(agent, &situation)?;
    }
    // Whatever broke the transaction may be mended: the same command shall then find the offer again.
    if is_taken_back(&situation)? || (over && is_unjudged(&situation)?) {
        look_again(agent, id)?;
    }
    if over && standing == Standing::Over {
        tidying::tidy(agent, &situation);
    }
    let catalogue = Catalogue::read(agent)?;
    holds::refresh(agent, &catalogue)?;
    drop(lock);
    if let Some(entry) = catalogue.entries.get(id).filter(|_| over) {
        kept_back::refresh_one(agent, &catalogue, entry);
    }
    timetable::changed(agent, &catalogue);
    Ok(standing)
}

/// With what is installed by now: packages may have been put back since it was looked at.
fn look_again(agent: &Agent, id: &ProductId) -> Result<(), AgentError> {
    let catalogue = Catalogue::read(agent)?;
    catalogue.entries.get(id).map_or(Ok(()), |entry| look::again(agent, &catalogue, entry))
}

/// The situation, and whether the packages will change no more by themselves. A transaction may begin
/// between two looks: what is taken for settled must have been the same before and after.
fn look_closely<'a>(
    agent: &Agent,
    catalogue: &'a Catalogue,
    entry: &'a Entry,
) -> Result<(Situation<'a>, bool), AgentError> {
    let mut situation = Situation::of(agent, catalogue, entry)?;
    for _ in 0..LOOKS {
        if !agent.is_over(&entry.product.id)? {
            return Ok((situation, false));
        }
        let again = Situation::of(agent, catalogue, entry)?;
        if again.database == situation.database && agent.is_over(&entry.product.id)? {
            return Ok((again, true));
        }
        situation = again;
    }
    Ok((situation, false))
}

/// Whether an upgrade that was open when the product was looked at has just been taken back.
fn is_taken_back(situation: &Situation<'_>) -> Result<bool, AgentError> {
    let was_open = situation.newest.as_ref().is_some_and(|upgrade| !upgrade.is_over());
    let newest = situation.product.newest()?;
    Ok(was_open && !situation.is_gone() && newest.is_some_and(is_back))
}

fn is_back(upgrade: Upgrade) -> bool {
    matches!(upgrade.state, State::Cancelled | State::RolledBack)
}

/// Whether the agent died between writing an upgrade down and judging it: nobody else is at it now.
fn is_unjudged(situation: &Situation<'_>) -> Result<bool, AgentError> {
    Ok(situation.product.newest()?.is_some_and(|upgrade| upgrade.state == State::Planned))
}

/// How often the packages are looked at before they count as in motion.
const LOOKS: usize = 3;

struct Reconciler<'a> {
    agent: &'a Agent,
    situation: &'a Situation<'a>,
    over: bool,
}

impl Reconciler<'_> {
    fn reconcile(&self) -> Result<Standing, AgentError> {
        if self.over {
            let caught_up = removal::catch_up(self.situation.product, self.situation.is_gone());
            caught_up.map_err(AgentError::io(format!("forget {}", self.situation.product.id)))?;
        }
        if self.situation.is_gone() && self.over {
            return self.gone();
        }
        let Some(upgrade) = self.situation.newest.as_ref().filter(|upgrade| !upgrade.is_over()) else {
            return self.discover();
        };
        let target = plan_of(self.situation.trust, self.situation.product, upgrade)?;
        let observed =
            comparison::compare(&*self.agent.packages, &upgrade.header, &target.plan, &self.situation.database);
        let observed = if self.is_put_back(upgrade) { Packages::Before } else { observed };
        let observed = self.with_add_ons(upgrade, observed)?;
        let is_torn = observed == Packages::Before && self.is_torn(upgrade)?;
        let observed = if is_torn { Packages::Partial } else { observed };
        let Some(mut journal) = self.situation.product.open(upgrade.header.upgrade)? else {
            return Ok(Standing::Over);
        };
        if observed == Packages::Partial && !is_torn && self.is_other_release(upgrade) {
            return self.overtaken(&mut journal);
        }
        match upgrade.state {
            State::Planned | State::Held | State::Cleared => self.gated(&mut journal, observed),
            State::Forward { item, .. } => self.forward(&mut journal, item, observed),
            State::Halted { item, .. } if item == upgrade.packages_item() => self.halted(&mut journal, observed),
            State::Halted { .. } | State::Waiting { .. } | State::Stuck { .. } => Ok(Standing::Person),
            _ => self.go_on(&mut journal),
        }
    }

    /// The packages of add-ons that joined belong to the transaction.
    fn with_add_ons(&self, upgrade: &Upgrade, observed: Packages) -> Result<Packages, AgentError> {
        let is_settled = observed != Packages::After || upgrade.packages == Packages::After;
        match is_settled || add_ons::are_there(self.agent, self.situation.catalogue, &upgrade.header)? {
            true => Ok(observed),
            false => Ok(Packages::Partial),
        }
    }

    /// Whether a transaction was cut off, and files are another version's than the package database says.
    fn is_torn(&self, upgrade: &Upgrade) -> Result<bool, AgentError> {
        let is_asked = self.over && torn::is_possible(upgrade);
        Ok(is_asked && !torn::files(self.agent, self.situation.product, upgrade)?.is_empty())
    }

    /// The release that it started from is installed, whole, in whatever packaging.
    fn is_put_back(&self, upgrade: &Upgrade) -> bool {
        self.is_other_release(upgrade)
            && self.situation.installed.is_some_and(|found| {
                upgrade.header.from.as_ref() == Some(&found.plan.envelope.version)
                    && upgrade.header.to != found.plan.envelope.version
            })
    }

    /// Another release than that of the upgrade is installed, whole.
    fn is_other_release(&self, upgrade: &Upgrade) -> bool {
        self.over
            && self.situation.installed.is_some_and(|installed| {
                installed.plan.digest != upgrade.header.plan
                    && comparison::is_installed(&*self.agent.packages, &installed.plan, &self.situation.database)
            })
    }

    /// Somebody installed another release past the gates, or put back what was there.
    fn overtaken(&self, journal: &mut Journal) -> Result<Standing, AgentError> {
        match journal.upgrade().state {
            State::Planned | State::Held | State::Cleared => self.discover(),
            State::Forward { item, .. } if item <= journal.upgrade().packages_item() => {
                upgrades::observed(self.agent, journal, Packages::Partial, true)?;
                self.discover()
            }
            State::Halted { item, .. } if item == journal.upgrade().packages_item() => self.discover(),
            State::Halted { .. } | State::Waiting { .. } | State::Stuck { .. } => Ok(Standing::Person),
            _ => self.go_on(journal),
        }
    }

    fn gated(&self, journal: &mut Journal, observed: Packages) -> Result<Standing, AgentError> {
        let is_settled = match observed {
            Packages::Before => true,
            // A first install is taken up when all its packages are there.
            Packages::After => journal.upgrade().header.from.is_none() && !self.over,
            Packages::Partial => !self.over,
        };
        if is_settled { Ok(Standing::Gated) } else { self.found_changed(journal, observed) }
    }

    /// The third line: packages have changed and no barrier was asked.
    fn found_changed(&self, journal: &mut Journal, observed: Packages) -> Result<Standing, AgentError> {
        let reasons = match (&journal.upgrade().header.from, &journal.upgrade().state) {
            (None, _) | (_, State::Cleared) => Vec::new(),
            (Some(from), _) => {
                let target = plan_of(self.situation.trust, self.situation.product, journal.upgrade())?;
                self.situation.reasons(self.agent, &target.plan, from, Some(UNHURRIED))
            }
        };
        upgrades::judge(self.agent, journal, &reasons)?;
        upgrades::observed(self.agent, journal, observed, self.over)?;
        if matches!(journal.upgrade().state, State::Halted { .. }) {
            return self.stop_engines(journal);
        }
        let standing = self.go_on(journal)?;
        // Prepared late; the packages are looked at again at their own place in the list.
        if standing == Standing::Packages && observed != Packages::After {
            upgrades::observed(self.agent, journal, observed, self.over)?;
            return Ok(Standing::Person);
        }
        Ok(standing)
    }

    fn forward(&self, journal: &mut Journal, item: usize, observed: Packages) -> Result<Standing, AgentError> {
        if item <= journal.upgrade().packages_item() && (observed == Packages::After || self.over) {
            upgrades::observed(self.agent, journal, observed, self.over)?;
        }
        let standing = self.go_on(journal)?;
        if standing == Standing::Packages && self.over {
            upgrades::observed(self.agent, journal, observed, true)?;
            return self.go_on(journal);
        }
        Ok(standing)
    }

    /// Halted at the packages: whole again, or as they were.
    fn halted(&self, journal: &mut Journal, observed: Packages) -> Result<Standing, AgentError> {
        let is_half_way = |cause: &HaltCause| matches!(cause, HaltCause::Partial | HaltCause::LoopDetected { .. });
        let is_partial = matches!(&journal.upgrade().state, State::Halted { cause, .. } if is_half_way(cause));
        let is_news = observed != Packages::Before && observed != journal.upgrade().packages;
        // Where no script could refuse them they were seen half way, in the middle of their transaction.
        if self.over && is_news && !is_partial {
            upgrades::observed(self.agent, journal, observed, true)?;
        }
        match observed {
            Packages::After if is_partial => {
                upgrades::retry(self.agent, journal)?;
                upgrades::observed(self.agent, journal, observed, self.over)?;
                self.go_on(journal)
            }
            Packages::Before if self.over => {
                let before = Event::Packages { observed, ended: true };
                match journal.append(before, self.agent.clock.now()) {
                    Ok(()) => self.go_on(journal),
                    Err(problem) => {
                        log::warn!("{}: {problem}", self.situation.product.id);
                        Ok(Standing::Person)
                    }
                }
            }
            // It was cut off between writing down that it halts and stopping the engines.
            _ if !self.situation.product.is_unfinished() => self.stop_engines(journal),
            _ => Ok(Standing::Person),
        }
    }

    fn go_on(&self, journal: &mut Journal) -> Result<Standing, AgentError> {
        upgrades::carry_out(self.agent, self.situation, journal, Task::Proceed { live: !self.over })
    }

    fn stop_engines(&self, journal: &mut Journal) -> Result<Standing, AgentError> {
        upgrades::carry_out(self.agent, self.situation, journal, Task::StopEngines)
    }

    /// Nothing is open: is what is installed what was last finished?
    fn discover(&self) -> Result<Standing, AgentError> {
        let Some(installed) = self.situation.installed else { return Ok(Standing::Over) };
        let is_there = comparison::is_installed(&*self.agent.packages, &installed.plan, &self.situation.database);
        if self.situation.is_finished(&installed.plan) {
            self.situation.take_up()?;
            return Ok(Standing::Over);
        }
        if !self.over || !is_there || self.situation.is_coming() {
            return Ok(Standing::Over);
        }
        if self.is_baseline(&installed.plan.envelope) {
            self.remember_baseline(&installed.plan.envelope)?;
            return Ok(Standing::Over);
        }
        let from = self.situation.from(self.agent);
        let nobody = Default::default();
        let mut journal = upgrades::open_or_begin(self.agent, self.situation, installed, from.as_ref(), &nobody)?;
        self.situation.take_up()?;
        self.found_changed(&mut journal, Packages::After)
    }

    /// It was there before there was a journal, and no upgrade has led away from it.
    fn is_baseline(&self, installed: &Envelope) -> bool {
        let Situation { newest, finished, deferred, baseline, .. } = self.situation;
        let is_it = match newest {
            Some(upgrade) => upgrade.header.from.as_ref() == Some(&installed.version),
            None => baseline.as_ref().is_none_or(|baseline| baseline.is(installed)),
        };
        !deferred && finished.is_none() && is_it
    }

    /// Somebody may install another release without any hook being asked.
    fn remember_baseline(&self, installed: &Envelope) -> Result<(), AgentError> {
        let Situation { newest: None, baseline: None, product, .. } = self.situation else { return Ok(()) };
        let kept = Baseline::new(installed, self.agent.clock.now()).keep(product);
        kept.map_err(AgentError::io(format!("write down which release of {} was there first", product.id)))
    }

    /// No package of it is left. Whatever only waited is not wanted any more.
    fn gone(&self) -> Result<Standing, AgentError> {
        let product = self.situation.product;
        if let Some(upgrade) = &self.situation.newest
            && matches!(upgrade.state, State::Planned | State::Held | State::Cleared)
            && let Some(mut journal) = product.open(upgrade.header.upgrade)?
        {
            journal.append(Event::Cancelled, self.agent.clock.now())?;
        }
        if self.situation.under_way().is_none() {
            self.situation.take_up()?;
            Baseline::forget(product).map_err(AgentError::io(format!("forget {}", product.id)))?;
            product
                .clear_unfinished()
                .or_else(no_folder)
                .map_err(AgentError::io(format!("let go of {}", product.id)))?;
        }
        Ok(Standing::Over)
    }
}

fn no_folder(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
