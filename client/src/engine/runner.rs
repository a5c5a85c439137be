//! The runner: does what is next until a person, the package manager or time has the word.
//!
//! It decides nothing about what is legal; the table of [`machine`](super::machine) does. It writes
//! down that a step starts before the step starts, and how it ended after. What it finds busy when it
//! comes was interrupted; nobody else runs steps.

mod data;

use std::time::Duration;

use consign_metadata::plan::OnInterrupt;

use super::event::{Event, Failure, Packages, SkipReason};
use super::journal::{Journal, JournalError};
use super::machine::{Activity, State, Upgrade};
use crate::database::Taken;
use crate::product::Product;
use crate::step::{self, Done, Probe, Scene, Step, Trouble, engines, health, run};

pub use super::list::{items, items_with};
pub use crate::step::{Clock, Context, SystemClock};

/// How often a step may be interrupted before it is left to a person.
pub const INTERRUPTIONS: u32 = 3;
/// How often a step may ask to be run again later: about eight hours.
pub const RETRIES: u32 = 100;

const OLD_START: Duration = Duration::from_secs(120);
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Why the runner came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Planned, Held or Cleared: the gates or a transaction have the word.
    Gated,
    /// At the package transaction, prepared: the package manager has the word.
    Packages,
    /// A step wants to be run again, not before this long from now.
    Later(Duration),
    /// Halted, Waiting or Stuck: a person has the word.
    Person,
    /// Nothing more will happen.
    Over,
    /// The service manager is not running, or the host is going down: to be taken up after its start.
    NoServices,
}

/// Carries out one upgrade.
pub struct Runner<'a> {
    context: Context<'a>,
    journal: &'a mut Journal,
}

impl<'a> Runner<'a> {
    /// A runner for the upgrade of a journal.
    pub fn new(context: Context<'a>, journal: &'a mut Journal) -> Self {
        Self { context, journal }
    }

    /// The upgrade as it stands.
    pub fn upgrade(&self) -> &Upgrade {
        self.journal.upgrade()
    }

    /// For a transaction that waits at its barrier: everything before the packages.
    /// [`Standing::Packages`] lets it go ahead; after a failure everything is taken back already.
    ///
    /// # Errors
    /// [`JournalError`]; nothing is done that cannot be written down.
    pub fn prepare(&mut self) -> Result<Standing, JournalError> {
        self.walk(true, true)
    }

    /// Everything that can be done without a person and without the package manager. Whether a
    /// transaction of the package manager is open decides what an interrupted preparation is worth.
    ///
    /// # Errors
    /// [`JournalError`]; nothing is done that cannot be written down.
    pub fn proceed(&mut self, transaction_live: bool) -> Result<Standing, JournalError> {
        self.walk(false, transaction_live)
    }

    /// Stops the engines of an upgrade that is halted before it could prepare: packages that are found
    /// changed although the gates are not satisfied, or a product about to be removed.
    ///
    /// # Errors
    /// [`Trouble`]; the first engine that still runs.
    pub fn stop_engines(&mut self, limit: Duration) -> Result<(), Trouble> {
        let mut scene = self.scene(-1, "stop", 1);
        engines::observe(&mut scene)?;
        engines::stop(&scene, limit)
    }

    fn walk(&mut self, preparing: bool, live: bool) -> Result<Standing, JournalError> {
        if !self.context.services.is_running() {
            return Ok(Standing::NoServices);
        }
        loop {
            let upgrade = self.journal.upgrade();
            let paused = match upgrade.state {
                State::Planned | State::Held => Some(Standing::Gated),
                State::Cleared if preparing || upgrade.packages != Packages::Before => {
                    self.forward(0, Activity::Idle, live)?
                }
                State::Cleared => Some(Standing::Gated),
                State::Forward { item, activity } => self.forward(item, activity, live)?,
                State::Backward { item, activity } => self.backward(item, activity)?,
                State::Waiting { .. } | State::Halted { .. } | State::Stuck { .. } => Some(Standing::Person),
                State::Completed
                | State::Cancelled
                | State::RolledBack
                | State::Superseded { .. }
                | State::Rescued { .. } => Some(Standing::Over),
            };
            if let Some(standing) = paused {
                return Ok(standing);
            }
        }
    }

    fn forward(&mut self, item: usize, activity: Activity, live: bool) -> Result<Option<Standing>, JournalError> {
        let upgrade = self.journal.upgrade();
        if upgrade.header.items[item].packages {
            return self.at_packages();
        }
        let abandoned = item < upgrade.packages_item() && upgrade.packages == Packages::Before && !live;
        match activity {
            Activity::Busy => {
                self.end_leftover(index(item));
                self.append(Event::Interrupted { item })
            }
            Activity::Interrupted if abandoned => {
                self.append(Event::StepFailed { item, failure: Failure::Interrupted })
            }
            // Its transaction is gone and nothing has changed: back.
            Activity::Idle if abandoned => self.append(Event::Packages { observed: Packages::Before, ended: true }),
            Activity::Interrupted => self.resume(item),
            Activity::Idle if upgrade.postponements(item) >= RETRIES => self.stop_trying(item),
            Activity::Idle => self.start(item),
        }
    }

    /// A loop, which is left to a person with the names of those who are in the way.
    fn stop_trying(&mut self, item: usize) -> Result<Option<Standing>, JournalError> {
        let attempts = self.journal.upgrade().attempts(item);
        let holders = self.locked_elsewhere_for(item).into_iter().chain((self.context.holders)()).collect();
        self.append(Event::LoopDetected { item, attempts, holders })
    }

    fn at_packages(&mut self) -> Result<Option<Standing>, JournalError> {
        match self.journal.upgrade().packages {
            Packages::After => self.append(Event::Packages { observed: Packages::After, ended: true }),
            _ => Ok(Some(Standing::Packages)),
        }
    }

    /// Goes on with a step that was found busy.
    fn resume(&mut self, item: usize) -> Result<Option<Standing>, JournalError> {
        let upgrade = self.journal.upgrade();
        if upgrade.interruptions(index(item)) >= INTERRUPTIONS {
            return self.stop_trying(item);
        }
        let on_interrupt = upgrade.header.items[item].on_interrupt;
        match (self.probe(item), on_interrupt) {
            (Probe::Done, _) => self.append(Event::StepSkipped { item, because: SkipReason::AlreadyDone }),
            (_, OnInterrupt::Undo) => self.append(Event::StepFailed { item, failure: Failure::Interrupted }),
            (Probe::CouldNotLook, _) | (_, OnInterrupt::Ask) => self.append(Event::Asked { item }),
            (_, OnInterrupt::Rerun) => self.attempt(item),
        }
    }

    fn start(&mut self, item: usize) -> Result<Option<Standing>, JournalError> {
        match self.probe(item) {
            Probe::Done => self.append(Event::StepSkipped { item, because: SkipReason::AlreadyDone }),
            // A look that fails does not keep a step from its first run.
            _ => self.attempt(item),
        }
    }

    fn probe(&mut self, item: usize) -> Probe {
        let attempt = self.journal.upgrade().attempts(item) + 1;
        self.step(item).map_or(Probe::None, |step| step.probe(&mut self.item_scene(item, attempt)))
    }

    fn attempt(&mut self, item: usize) -> Result<Option<Standing>, JournalError> {
        let attempt = self.journal.upgrade().attempts(item) + 1;
        let lock = self.take_lock(item);
        let waits = matches!(lock, Ok(Some(Taken::Elsewhere)));
        let doubt = if waits { None } else { self.doubt_data(item)? };
        if doubt.is_none() && matches!(lock, Ok(Some(Taken::Held))) && self.is_done_elsewhere(item) {
            return self.append(Event::StepSkipped { item, because: SkipReason::AlreadyDone });
        }
        self.append(Event::StepStarted { item, attempt })?;
        let outcome = match (lock.err().or(doubt), self.standing_of_add_on(item), self.step(item)) {
            (Some(failure), ..) => Err(failure.into()),
            _ if waits => Ok(Done::Later),
            (_, Err(trouble), _) => Err(trouble),
            (_, Ok(Some(Done::Later)), _) => Ok(Done::Later),
            (_, Ok(_), Some(step)) => step.run(&mut self.item_scene(item, attempt)),
            (_, Ok(_), None) => Err(self.not_in_plan(item).into()),
        };
        match outcome {
            Ok(Done::Done) => {
                self.observe_data(item)?;
                self.append(Event::StepSucceeded { item })
            }
            Ok(Done::Later) => {
                self.append(Event::RetryLater { item })?;
                // What it has left is compared before it runs again. Who waits for another host has done nothing,
                // and the data are that one's meanwhile.
                if !waits {
                    self.observe_data(item)?;
                }
                Ok(Some(Standing::Later(pause(attempt))))
            }
            Ok(Done::Person) => self.append(Event::Asked { item }),
            Err(Trouble::Journal(error)) => Err(error),
            // The host took the step down with it: replay will find it interrupted, which it was.
            Err(Trouble::Failed(_)) if self.context.services.is_going_down() => Ok(Some(Standing::NoServices)),
            Err(Trouble::Failed(failure)) => self.append(Event::StepFailed { item, failure }),
        }
    }

    fn backward(&mut self, item: i64, activity: Activity) -> Result<Option<Standing>, JournalError> {
        match activity {
            Activity::Busy => {
                self.end_leftover(item);
                self.append(Event::UndoInterrupted { item })
            }
            Activity::Interrupted if self.journal.upgrade().interruptions(item) >= INTERRUPTIONS => {
                self.append(Event::UndoFailed { item, failure: Failure::Interrupted })
            }
            Activity::Interrupted | Activity::Idle => self.undo(item),
        }
    }

    fn undo(&mut self, item: i64) -> Result<Option<Standing>, JournalError> {
        let attempt = self.journal.upgrade().undo_attempts(item) + 1;
        self.append(Event::UndoStarted { item, attempt })?;
        let outcome = match usize::try_from(item) {
            Err(_) => self.old_health(attempt),
            Ok(item) => self.undo_item(item, attempt),
        };
        match outcome {
            Ok(()) => self.append(Event::UndoSucceeded { item }),
            Err(Trouble::Journal(error)) => Err(error),
            Err(Trouble::Failed(_)) if self.context.services.is_going_down() => Ok(Some(Standing::NoServices)),
            Err(Trouble::Failed(failure)) => self.append(Event::UndoFailed { item, failure }),
        }
    }

    fn undo_item(&mut self, item: usize, attempt: u32) -> Result<(), Trouble> {
        self.doubt_old_data(item)?;
        match self.step(item) {
            Some(step) => step.undo(&mut self.undo_scene(item, attempt)),
            None => Err(self.not_in_plan(item).into()),
        }
    }

    fn old_health(&mut self, attempt: u32) -> Result<(), Trouble> {
        // An upgrade that took the place of a halted one leaves the engines as that one had them: stopped.
        let upgrade = self.journal.upgrade();
        if upgrade.header.supersedes.is_some() && !upgrade.has_left_before() {
            return Ok(());
        }
        let scene = self.scene(-1, "old-health.undo", attempt);
        // Stopped outside the list, when the packages came past the gates: no item takes that back.
        if scene.context.product.is_unfinished() {
            engines::let_start(&scene)?;
            engines::start(scene.context.services, &engines::that_ran(&scene), OLD_START)?;
        }
        health::of_old_version(&scene)
    }

    fn end_leftover(&self, item: i64) {
        let unit = run::unit(&self.journal.upgrade().header, item);
        if let Err(cause) = self.context.programs.end(&unit) {
            log::warn!("{cause}");
        }
    }

    /// A step of an add-on's works on what its own upgrade leaves behind: it waits for one that is at work
    /// and fails where that waits for a person.
    fn standing_of_add_on(&self, item: usize) -> Result<Option<Done>, Trouble> {
        let name = &self.journal.upgrade().header.items[item].name;
        let Some((plan, _)) = self.context.joined.step(name) else { return Ok(None) };
        let add_on = plan.id();
        let newest = Product::new(self.context.places, add_on.clone()).newest()?;
        let Some(upgrade) = newest.filter(Upgrade::is_under_way) else { return Ok(None) };
        match upgrade.state {
            State::Forward { .. } | State::Backward { .. } => Ok(Some(Done::Later)),
            _ => Err(Failure::AddOnUnfinished { add_on, upgrade: upgrade.header.upgrade }.into()),
        }
    }

    fn step(&self, item: usize) -> Option<Box<dyn Step + 'a>> {
        let name = &self.journal.upgrade().header.items[item].name;
        let joined = self.context.joined;
        if let Some((_, step)) = joined.step(name) {
            return Some(Box::new(run::Run { step }));
        }
        let plan = self.context.plan;
        plan.body.steps.iter().find(|step| step.name() == name).map(step::of)
    }

    fn not_in_plan(&self, item: usize) -> Failure {
        let name = &self.journal.upgrade().header.items[item].name;
        Failure::Host { reason: format!("the plan has no step {name}") }
    }

    fn item_scene(&mut self, item: usize, attempt: u32) -> Scene<'_> {
        let name = self.journal.upgrade().header.items[item].name.clone();
        self.scene(index(item), &name, attempt)
    }

    fn undo_scene(&mut self, item: usize, attempt: u32) -> Scene<'_> {
        let name = format!("{}.undo", self.journal.upgrade().header.items[item].name);
        self.scene(index(item), &name, attempt)
    }

    fn scene(&mut self, item: i64, name: &str, attempt: u32) -> Scene<'_> {
        let folder = self.context.product.upgrade_folder(self.journal.upgrade().header.upgrade);
        let log = folder.join(log_name(item, name, attempt));
        let mut context = self.context;
        let items = &self.journal.upgrade().header.items;
        let named = usize::try_from(item).ok().and_then(|item| items.get(item));
        // Its options are the add-on's, chosen in the add-on's own site file.
        if let Some((plan, _)) = named.and_then(|item| context.joined.step(&item.name)) {
            context.plan = plan;
        }
        Scene { context, item, attempt, log, journal: &mut *self.journal }
    }

    fn append(&mut self, event: Event) -> Result<Option<Standing>, JournalError> {
        self.journal.append(event, self.context.clock.now())?;
        Ok(None)
    }
}

/// What the file of a step's output is called: `3-init.1.log`, `4-globex.snmp.migrate.1.log`.
pub fn log_name(item: i64, name: &str, attempt: u32) -> String {
    format!("{item}-{}.{attempt}.log", name.replace(['/', ':'], "."))
}

/// 10 s, doubled each time, at most 5 minutes.
fn pause(attempt: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(2u32.saturating_pow(attempt - 1)).min(LONGEST_PAUSE)
}

fn index(item: usize) -> i64 {
    i64::try_from(item).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
