//! What can happen to an upgrade, as the journal keeps it. Codes and parameters, no sentences:
//! a journal is read by agents and people of other years and other languages.
//!
//! - `header`: the first record, what must not change under a running upgrade
//! - `failure`: how a step failed
//! - `holder`: who was in the way of one
//! - `reason`: why an upgrade is held or refused

mod failure;
mod header;
mod holder;
mod reason;

use std::collections::BTreeMap;

use consign_metadata::name::{PackageName, UnitName};
use consign_metadata::version::Version;
use serde::{Deserialize, Serialize};

pub use failure::Failure;
pub use header::{Header, Item, JoinedAddOn, ModuleChange};
pub use holder::Holder;
pub use reason::{FolderProblem, FullFileSystem, HeldFile, Purpose, Reason};

/// The format of a journal; the first record names it.
pub const FORMAT: u32 = 1;
/// The format of a journal whose upgrade add-ons joined. An agent that knows only the first refuses it.
pub const FORMAT_WITH_ADD_ONS: u32 = 2;
/// The format of a journal whose upgrade can be taken back with its packages and its data, or that tells the
/// version of the data.
pub const FORMAT_WITH_BACKUP: u32 = 3;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The upgrade was first seen.
    Begun {
        /// What it is.
        header: Box<Header>,
    },
    /// A gate keeps it back.
    Held {
        /// Every reason, at once.
        reasons: Vec<Reason>,
    },
    /// All gates are satisfied.
    Cleared,
    /// Another upgrade takes its place.
    Superseded {
        /// Number of the other.
        by: u32,
    },
    /// It is not wanted any more; nothing had been changed.
    Cancelled,
    /// What was running and enabled before anything was stopped.
    EnginesObserved {
        /// By unit, in no particular order.
        engines: BTreeMap<UnitName, EngineState>,
    },
    /// The data was looked at: before the packages are changed, and whenever a step has changed it.
    DataObserved {
        /// The version that it is at; `None` when nobody could look any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<String>,
    },
    /// A person takes the data for right as they were found.
    DataAccepted {
        /// The version that they are at.
        version: String,
        /// Who.
        by: Person,
    },
    /// The package database was looked at.
    Packages {
        /// What it says of the modules.
        observed: Packages,
        /// Whether the package manager's transaction is over; a live one may still change it.
        ended: bool,
    },
    /// A step is about to run.
    StepStarted {
        /// Index in the list.
        item: usize,
        /// Counts from 1.
        attempt: u32,
    },
    /// A step did what it should.
    StepSucceeded {
        /// Index in the list.
        item: usize,
    },
    /// A step had nothing to do.
    StepSkipped {
        /// Index in the list.
        item: usize,
        /// Why.
        because: SkipReason,
    },
    /// A step asked to be run again later.
    RetryLater {
        /// Index in the list.
        item: usize,
    },
    /// A step did not do what it should.
    StepFailed {
        /// Index in the list.
        item: usize,
        /// How it failed.
        failure: Failure,
    },
    /// A step was found busy after a crash or a power cut.
    Interrupted {
        /// Index in the list.
        item: usize,
    },
    /// A person has to decide about a step.
    Asked {
        /// Index in the list.
        item: usize,
    },
    /// A person decided.
    Answered {
        /// Index in the list.
        item: usize,
        /// What.
        answer: Answer,
        /// Who.
        by: Person,
    },
    /// The same step was tried too often.
    LoopDetected {
        /// Index in the list.
        item: usize,
        /// How often.
        attempts: u32,
        /// Who was in the way then; the first ones.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        holders: Vec<Holder>,
    },
    /// Try the step that failed again.
    Retry {
        /// Who asked; `None` when a new transaction towards the same version counts as the retry.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Person>,
    },
    /// Go on after the step that failed, which somebody did by hand.
    SkippedBy {
        /// Who answers for it.
        by: Person,
    },
    /// A person put the host right without the agent.
    Rescued {
        /// The version found on the host; later upgrades start from it.
        observed: Version,
        /// Who.
        by: Person,
    },
    /// The packages to go back to were looked for before anything was stopped.
    PackagesKept {
        /// Those that could not be had, by name and native version; none: the packages can be put back.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        missing: Vec<(PackageName, String)>,
    },
    /// Take the upgrade back.
    RollbackRequested {
        /// Who asked.
        by: Person,
        /// Whether what was written since the product served again may be lost.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        accepts_data_loss: bool,
    },
    /// The undo of a step is about to run. Item −1 is the old version's health.
    UndoStarted {
        /// Index in the list, or −1.
        item: i64,
        /// Counts from 1.
        attempt: u32,
    },
    /// A step is taken back.
    UndoSucceeded {
        /// Index in the list, or −1.
        item: i64,
    },
    /// An undo was found busy after a crash or a power cut.
    UndoInterrupted {
        /// Index in the list, or −1.
        item: i64,
    },
    /// A step could not be taken back.
    UndoFailed {
        /// Index in the list, or −1.
        item: i64,
        /// How it failed.
        failure: Failure,
    },
    /// Try the undo that failed again.
    UndoRetried {
        /// Who asked.
        by: Person,
    },
}

/// What the package database says of the modules of an upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Packages {
    /// Every module is configured at its version before.
    Before,
    /// Anything else, a third version included.
    Partial,
    /// Every module is configured at its version after.
    After,
}

/// What an engine was doing before it was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineState {
    /// Running or about to.
    pub active: bool,
    /// Started at boot.
    pub enabled: bool,
}

/// Why a step had nothing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkipReason {
    /// Its probe says that it is done.
    AlreadyDone,
    /// systemd is not running; units are looked after at the first boot.
    NoSystemd,
}

/// What a person decided about a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It is done.
    Done,
    /// Run it again.
    Rerun,
    /// Take the upgrade back.
    Undo,
}

/// Who typed a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// User id of the process that asked.
    pub uid: u32,
    /// Login name: of the person behind sudo where it is known.
    pub name: String,
}
