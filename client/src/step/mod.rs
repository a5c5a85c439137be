//! The steps of a plan, one file per kind, do and undo side by side.
//!
//! - [`announce`]: tells the people on the host
//! - [`backup`]: what is saved while they are stopped, and restored
//! - [`stop`], [`start`]: the engines, by way of [`engines`]
//! - [`packages`]: the package manager's transaction, observed and never run
//! - [`run`]: a program of the vendor's, its [`words`] filled in
//! - [`until`]: one that runs until the product is ready, and is then stopped again
//! - [`scripts`]: those of the versions in between, each once
//! - [`maintenance`]: the product runs and serves nobody, until it may
//! - [`reload`]: `systemctl daemon-reload`
//! - [`point`]: where add-ons join, nothing by itself
//! - [`health`]: watches that the product works, by what its servers [`reply`]
//! - [`task`]: waits for a person

pub mod announce;
pub mod backup;
pub mod engines;
pub mod health;
pub mod maintenance;
pub mod packages;
pub mod point;
pub mod reload;
pub mod reply;
pub mod run;
pub mod scripts;
pub mod start;
pub mod stop;
pub mod task;
pub mod until;
pub mod words;

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use consign_metadata::plan::{self, UpgradePlan};
use jiff::Timestamp;

use crate::add_on::Joined;
use crate::engine::event::{Event, Failure, Header, Holder};
use crate::engine::journal::{Journal, JournalError};
use crate::engine::machine::Upgrade;
use crate::host::program::Programs;
use crate::host::{HostError, ServiceManager};
use crate::places::Places;
use crate::product::Product;
use crate::replaced::Replaced;

/// The time, so that tests need not sleep.
pub trait Clock: Send + Sync {
    /// The time of day, for people.
    fn now(&self) -> Timestamp;
    /// Time since some moment in the past; never jumps.
    fn running(&self) -> Duration;
    /// Waits.
    fn sleep(&self, duration: Duration);
}

/// The time of this host.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock(std::time::Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(std::time::Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
    fn running(&self) -> Duration {
        self.0.elapsed()
    }
    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// What the steps of an upgrade stand on.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Where everything is.
    pub places: &'a Places,
    /// The product that is upgraded.
    pub product: &'a Product,
    /// Its plan.
    pub plan: &'a UpgradePlan,
    /// The plans of the add-ons that joined.
    pub joined: &'a Joined,
    /// The plan of the version before, where it is at hand: it tells engines that are new or retired.
    pub previous: Option<&'a UpgradePlan>,
    /// The upgrades whose place this one takes, newest first.
    pub replaced: &'a [Replaced],
    /// Who starts and stops engines.
    pub services: &'a dyn ServiceManager,
    /// Who runs programs.
    pub programs: &'a dyn Programs,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Who brings the packages of before back.
    pub put_back: &'a dyn Fn(&Upgrade) -> Result<(), HostError>,
    /// Who has something open that a step may wait for.
    pub holders: &'a dyn Fn() -> Vec<Holder>,
    /// Who tells people on the host; [`announce::wall`] on a real one.
    pub tell: &'a (dyn Fn(&str) + Sync),
}

/// One step at work.
pub struct Scene<'a> {
    /// What it stands on.
    pub context: Context<'a>,
    /// Index in the list; −1 for the old version's health.
    pub item: i64,
    /// Counts from 1.
    pub attempt: u32,
    /// The file for what it writes.
    pub log: PathBuf,
    pub(crate) journal: &'a mut Journal,
}

impl Scene<'_> {
    /// The upgrade as it stands.
    pub fn upgrade(&self) -> &Upgrade {
        self.journal.upgrade()
    }

    /// What must not change under it.
    pub fn header(&self) -> &Header {
        &self.journal.upgrade().header
    }

    /// Makes durable what the step found or is about to do.
    ///
    /// # Errors
    /// [`Trouble::Journal`]
    pub fn record(&mut self, event: Event) -> Result<(), Trouble> {
        Ok(self.journal.append(event, self.context.clock.now())?)
    }

    /// Adds a line to the step's log. The log is for people: when it cannot be written the step goes on.
    pub fn note(&self, line: &str) {
        let write = || -> io::Result<()> {
            let mut log = fs_err::OpenOptions::new().create(true).append(true).open(&self.log)?;
            writeln!(log, "{line}")
        };
        if let Err(cause) = write() {
            log::warn!("cannot note {line:?}: {cause}");
        }
    }
}

/// What a step came to when nothing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It did what it should.
    Done,
    /// It wants to be run again later.
    Later,
    /// The rest is a person's.
    Person,
}

/// What a look at a step's work told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// There is nothing to look with.
    None,
    /// The work is done.
    Done,
    /// It is not.
    NotDone,
    /// Nobody knows.
    CouldNotLook,
}

/// What stops a step.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// It did not do what it should.
    #[error("cannot carry out the step: {0:?}")]
    Failed(Failure),
    /// What it did cannot be written down; the runner stops with it.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<HostError> for Trouble {
    fn from(error: HostError) -> Self {
        Self::Failed(Failure::Host { reason: error.to_string() })
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Failed(Failure::Host { reason: error.to_string() })
    }
}

/// An item of the list, ready to be carried out or taken back.
pub trait Step {
    /// Looks whether its work is done already.
    fn probe(&self, _scene: &mut Scene<'_>) -> Probe {
        Probe::None
    }

    /// Carries it out. What it must be able to take back is durable before the act.
    ///
    /// # Errors
    /// [`Trouble`]
    fn run(&self, scene: &mut Scene<'_>) -> Result<Done, Trouble>;

    /// Takes it back, from however far it came.
    ///
    /// # Errors
    /// [`Trouble`]
    fn undo(&self, scene: &mut Scene<'_>) -> Result<(), Trouble>;
}

/// From the plan's word to the act.
pub fn of(step: &plan::Step) -> Box<dyn Step + '_> {
    let seconds = |n: &u32| Duration::from_secs(u64::from(*n));
    match step {
        plan::Step::Announce { message } => Box::new(announce::Announce { message: message.as_ref() }),
        plan::Step::Stop { timeout_seconds } => Box::new(stop::Stop { limit: seconds(timeout_seconds) }),
        plan::Step::Backup(backup) => Box::new(backup::Backup { backup }),
        plan::Step::Packages => Box::new(packages::Packages),
        plan::Step::Run(step) => Box::new(run::Run { step }),
        plan::Step::Until(step) => Box::new(until::Until { step }),
        plan::Step::Scripts(step) => Box::new(scripts::Scripts { step }),
        plan::Step::EnterMaintenance => Box::new(maintenance::Enter),
        plan::Step::LeaveMaintenance => Box::new(maintenance::Leave),
        plan::Step::Task(task) => Box::new(task::Manual { task }),
        plan::Step::DaemonReload => Box::new(reload::Reload),
        // A point is no item of any list: the steps of add-ons stand there in its place.
        plan::Step::AddOns { .. } => Box::new(point::Point),
        plan::Step::Start { timeout_seconds } => Box::new(start::Start { limit: seconds(timeout_seconds) }),
        plan::Step::Health { checks, within_seconds, stable_seconds } => {
            Box::new(health::Health { checks, within: seconds(within_seconds), stable: seconds(stable_seconds) })
        }
    }
}
