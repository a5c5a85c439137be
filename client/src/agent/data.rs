//! The version of the data against what was last seen, while no upgrade is at work; and a person's word
//! about it.
//!
//! Data at another version were changed behind the agent's back: the engines are stopped and stay so, until
//! the data are as they were or somebody accepts them as they are.

use std::sync::Arc;

use consign_metadata::name::{ProductId, UnitName};
use consign_metadata::plan::UpgradePlan;
use consign_metadata::version::Version;

use super::catalogue::Catalogue;
use super::situation::{Situation, stands_for_another};
use super::upgrades::STOP_LIMIT;
use super::{Agent, AgentError};
use crate::data::{self, Difference, Found, Probe, Record};
use crate::engine::event::{Event, Person};
use crate::engine::journal::JournalError;
use crate::engine::machine::{State, Upgrade};
use crate::product::Product;
use crate::request::Reply;

/// Compares, and does what follows. Under the product's lock, with no transaction open.
///
/// # Errors
/// [`AgentError`]; the engines may then run.
pub fn compare(agent: &Agent, situation: &Situation<'_>) -> Result<Option<Found>, AgentError> {
    let Some(installed) = situation.installed.filter(|_| !situation.is_gone()) else { return Ok(None) };
    let desk = Desk { agent, product: situation.product, plan: &installed.plan };
    // What an upgrade that halted has made of the data is on its way, too, until its fix has begun.
    if situation.product.newest()?.is_some_and(|upgrade| upgrade.is_under_way() || stands_for_another(&upgrade)) {
        return Ok(desk.look());
    }
    let Some(found) = desk.look() else { return Ok(None) };
    let Some(mut record) = desk.record(&found)? else { return Ok(Some(found)) };
    match &found {
        Found::CouldNotLook(_) => {}
        Found::Version(version) if *version == record.version => desk.let_go(&mut record)?,
        Found::Version(version) => desk.refuse(&mut record, version)?,
    }
    Ok(Some(found))
}

/// Looks now, for whoever asks, and answers what was found.
///
/// # Errors
/// [`AgentError`]
pub fn look(agent: &Arc<Agent>, id: &ProductId) -> Result<Reply, AgentError> {
    let catalogue = Catalogue::read(agent)?;
    let entry = catalogue.entries.get(id).ok_or_else(|| AgentError::NotNow(format!("there is no product {id}")))?;
    let _lock = agent.locks.lock_unless_at_work(&entry.product, super::barrier::PATIENCE).ok_or_else(|| busy(id))?;
    let situation = Situation::of(agent, &catalogue, entry)?;
    Ok(answer(compare(agent, &situation)?))
}

/// A person takes the data as they are.
///
/// # Errors
/// [`AgentError`]; also when nobody can see what they are.
pub fn accept(agent: &Arc<Agent>, id: &ProductId, by: &Person) -> Result<Reply, AgentError> {
    let catalogue = Catalogue::read(agent)?;
    let entry = catalogue.entries.get(id).ok_or_else(|| AgentError::NotNow(format!("there is no product {id}")))?;
    let _lock = agent.locks.lock_unless_at_work(&entry.product, super::barrier::PATIENCE).ok_or_else(|| busy(id))?;
    let situation = Situation::of(agent, &catalogue, entry)?;
    let nothing = || AgentError::NotNow(format!("the plan of {id} does not tell the version of its data"));
    let installed = situation.installed.ok_or_else(nothing)?;
    let desk = Desk { agent, product: &entry.product, plan: &installed.plan };
    let version = match desk.look().ok_or_else(nothing)? {
        Found::Version(version) => version,
        Found::CouldNotLook(failure) => return Ok(Reply::Data { found: None, failure: Some(failure) }),
    };
    if let Some(upgrade) = situation.under_way() {
        desk.tell(upgrade, &version, by)?;
    } else {
        desk.take(&version, by)?;
    }
    Ok(answer(Some(Found::Version(version))))
}

fn busy(id: &ProductId) -> AgentError {
    AgentError::NotNow(format!("a step of {id} is running"))
}

fn answer(found: Option<Found>) -> Reply {
    match found {
        None => Reply::Data { found: None, failure: None },
        Some(Found::Version(version)) => Reply::Data { found: Some(version), failure: None },
        Some(Found::CouldNotLook(failure)) => Reply::Data { found: None, failure: Some(failure) },
    }
}

struct Desk<'a> {
    agent: &'a Agent,
    product: &'a Product,
    plan: &'a UpgradePlan,
}

impl Desk<'_> {
    fn look(&self) -> Option<Found> {
        let (places, programs) = (&self.agent.places, &*self.agent.programs);
        Probe { places, product: self.product, plan: self.plan, programs, by: "agent" }.look()
    }

    /// What was last seen: what the last upgrade left, where it left anything since the record was made.
    fn record(&self, found: &Found) -> Result<Option<Record>, AgentError> {
        let (number, release, left) = self.left()?;
        let record = Record::read(self.product).map_err(AgentError::io("read what was last seen of the data"))?;
        if record.as_ref().is_some_and(|record| (record.upgrade, &record.release) == (number, &release)) {
            return Ok(record);
        }
        let Some(version) = left.or_else(|| found.clone().version()) else { return Ok(record) };
        let record = Record::new(version, release, number, self.agent.clock.now());
        self.keep(&record)?;
        Ok(Some(record))
    }

    /// The upgrade that last came to an end which the data went along with: its number, the release that it
    /// left, and the version of the data as far as it saw it.
    fn left(&self) -> Result<(u32, Version, Option<String>), AgentError> {
        let numbers = self.product.upgrades().map_err(AgentError::io("list the upgrades"))?;
        for number in numbers.into_iter().rev() {
            let Some(upgrade) = self.product.replay(number)?.upgrade else { continue };
            let before = data::before(self.product, &upgrade);
            let Upgrade { header, state, data, data_accepted, .. } = upgrade;
            match (state, header.from) {
                (State::Completed, _) => return Ok((number, header.to, data)),
                (State::Rescued { observed }, _) => return Ok((number, observed, None)),
                (State::RolledBack, Some(from)) => return Ok((number, from, data_accepted.or(before))),
                _ => {}
            }
        }
        Ok((0, self.plan.envelope.version.clone(), None))
    }

    fn keep(&self, record: &Record) -> Result<(), AgentError> {
        record.keep(self.product).map_err(AgentError::io(format!("write down the data of {}", self.product.id)))
    }

    /// Durable before the act, like every intent: which engines are to run again.
    fn refuse(&self, record: &mut Record, found: &str) -> Result<(), AgentError> {
        let is_known = record.differs.as_ref().is_some_and(|differs| differs.found == found);
        if !is_known {
            log::error!("{}: the data is at {found}, not at {}", self.product.id, record.version);
            let engines = match &record.differs {
                Some(differs) => differs.engines.clone(),
                None => self.running()?,
            };
            record.differs = Some(Difference { found: found.to_owned(), at: self.agent.clock.now(), engines });
            self.keep(record)?;
        }
        let mut engines = self.plan.body.engines.clone();
        if is_known && self.product.is_unfinished() && !self.any_runs(&engines)? {
            return Ok(());
        }
        let flagged = self.product.set_unfinished();
        flagged.map_err(AgentError::io(format!("keep the engines of {} from starting", self.product.id)))?;
        self.agent.services.guard(&engines, &self.product.flag())?;
        engines.reverse();
        Ok(self.agent.services.stop(&engines, STOP_LIMIT)?)
    }

    fn running(&self) -> Result<Vec<UnitName>, AgentError> {
        let mut running = Vec::new();
        for unit in &self.plan.body.engines {
            let state = self.agent.services.observe(unit)?;
            running.extend(state.filter(|state| state.active || state.enabled).map(|_| unit.clone()));
        }
        Ok(running)
    }

    fn any_runs(&self, engines: &[UnitName]) -> Result<bool, AgentError> {
        for unit in engines {
            if self.agent.services.is_active(unit)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The data is at the version on record again.
    fn let_go(&self, record: &mut Record) -> Result<(), AgentError> {
        let Some(differs) = record.differs.clone() else { return Ok(()) };
        log::info!("{}: the data is at {}", self.product.id, record.version);
        let cleared = self.product.clear_unfinished();
        cleared.map_err(AgentError::io(format!("let the engines of {} start", self.product.id)))?;
        if self.agent.services.unguard(&self.plan.body.engines)? {
            self.agent.services.reload()?;
        }
        for engine in &differs.engines {
            self.agent.services.start(engine, STOP_LIMIT)?;
        }
        record.differs = None;
        self.keep(record)
    }

    fn take(&self, version: &str, by: &Person) -> Result<(), AgentError> {
        let found = Found::Version(version.to_owned());
        let Some(before) = self.record(&found)? else { return Ok(()) };
        if before.version == version {
            return self.let_go(&mut before.clone());
        }
        let mut record = self.accepted(&before, version, by);
        self.keep(&record)?;
        self.let_go(&mut record)
    }

    fn accepted(&self, before: &Record, version: &str, by: &Person) -> Record {
        let (release, now) = (before.release.clone(), self.agent.clock.now());
        let mut record = Record::new(version.to_owned(), release, before.upgrade, now);
        (record.accepted_by, record.differs) = (Some(by.clone()), before.differs.clone());
        record
    }

    /// An upgrade that stands because of it: the step can be tried again then.
    fn tell(&self, upgrade: &Upgrade, version: &str, by: &Person) -> Result<(), AgentError> {
        let open = self.product.open(upgrade.header.upgrade)?;
        let mut journal = open.ok_or_else(|| AgentError::NotNow("there is no such upgrade".to_owned()))?;
        let event = Event::DataAccepted { version: version.to_owned(), by: by.clone() };
        match journal.append(event, self.agent.clock.now()) {
            Err(JournalError::Illegal(_)) => return Err(busy(&self.product.id)),
            done => done?,
        }
        // It may be taken back: then that is what its engines start on.
        let read = Record::read(self.product).map_err(AgentError::io("read what was last seen of the data"))?;
        let Some(before) = read else { return Ok(()) };
        self.keep(&self.accepted(&before, version, by))
    }
}
