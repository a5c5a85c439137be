//! What can happen to an upgrade, as the journal keeps it. Codes and parameters, no sentences:
//! a journal is read by agents and people of other years and other languages.

use std::collections::BTreeMap;

use consign_metadata::anchor::Fingerprint;
use consign_metadata::digest::Sha256;
use consign_metadata::name::{Label, PackageName, ProductId, UnitName};
use consign_metadata::plan::OnInterrupt;
use consign_metadata::text::Text;
use consign_metadata::version::{Class, Version, VersionRange};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The format of a journal; the first record names it.
pub const FORMAT: u32 = 1;
/// The format of a journal whose upgrade add-ons joined. An agent that knows only the first refuses it.
pub const FORMAT_WITH_ADD_ONS: u32 = 2;

/// The first record: everything that must not change under a running upgrade.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`FORMAT`], or [`FORMAT_WITH_ADD_ONS`].
    pub format: u32,
    /// Number of the upgrade on this host, from 1, within its product.
    pub upgrade: u32,
    /// The product.
    pub product: ProductId,
    /// Digest of the plan; the signed plan itself lies beside the journal.
    pub plan: Sha256,
    /// The version last finished; `None` for a first install.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Version>,
    /// The version that is upgraded to.
    pub to: Version,
    /// Its packaging revision.
    pub revision: u32,
    /// The class of the change by the vendor's rule; `None` for a first install.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// The packages on this host that take part.
    pub modules: Vec<ModuleChange>,
    /// The list that is walked, frozen.
    pub items: Vec<Item>,
    /// The earlier upgrade whose place this one takes, if it did not finish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<u32>,
    /// The add-ons whose steps are in the list; their signed plans lie beside the journal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<JoinedAddOn>,
    /// The agent that wrote this record.
    pub agent: Version,
}

impl Header {
    /// Whether nothing of the product was on the host before: it is installed for the first time, or was
    /// removed and comes again. Then nobody can have stopped an engine on purpose.
    pub fn arrives(&self) -> bool {
        self.from.is_none() || self.modules.iter().all(|module| module.before.is_none())
    }
}

/// An add-on that joined an upgrade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinedAddOn {
    /// Its product.
    pub product: ProductId,
    /// Its version.
    pub version: Version,
    /// Digest of its plan.
    pub plan: Sha256,
}

/// A package before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModuleChange {
    /// Its native name.
    pub package: PackageName,
    /// Its native version before; `None` when it was not installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Its native version after.
    pub after: String,
}

/// One item of the list, with what the transition table has to know of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Name of the step in the plan.
    pub name: String,
    /// Whether this is the package transaction, which is observed and never run.
    #[serde(default, skip_serializing_if = "is_false")]
    pub packages: bool,
    /// What a person has to do, where the item is a task: it waits until somebody says that it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Text>,
    /// Whether it can be taken back.
    #[serde(default, skip_serializing_if = "is_false")]
    pub undo: bool,
    /// Whether data may be lost by going back once it has started.
    #[serde(default, skip_serializing_if = "is_false")]
    pub no_return: bool,
    /// What follows when it is found interrupted.
    pub on_interrupt: OnInterrupt,
}

fn is_false(value: &bool) -> bool {
    !*value
}

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
    /// Take the upgrade back.
    RollbackRequested {
        /// Who asked.
        by: Person,
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

/// How a step failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Failure {
    /// A program exited with another status than 0.
    Exit {
        /// Its exit status.
        status: i32,
        /// The last lines that it wrote.
        output: Vec<String>,
    },
    /// A program was ended by a signal.
    Signal {
        /// The signal.
        signal: i32,
        /// The last lines that it wrote.
        output: Vec<String>,
    },
    /// A program took too long and was ended.
    Timeout {
        /// How long it was given.
        seconds: u32,
        /// The last lines that it wrote.
        output: Vec<String>,
    },
    /// A program could not be started.
    CannotStart {
        /// The program.
        program: String,
        /// The reason the system gave.
        reason: String,
    },
    /// The site's file does not allow the step to be put together.
    Site {
        /// What is wrong with it.
        problem: String,
    },
    /// An engine did not stop.
    StillRunning {
        /// Its unit.
        unit: UnitName,
    },
    /// An engine did not become or stay active.
    NotActive {
        /// Its unit.
        unit: UnitName,
        /// `ActiveState` and `Result` of systemd.
        state: String,
    },
    /// A health check did not hold.
    Unhealthy {
        /// The check, as the plan writes it.
        check: String,
        /// What was found instead.
        found: String,
    },
    /// The host refused something that the agent itself needs.
    Host {
        /// The reason the system gave.
        reason: String,
    },
    /// It was found interrupted by a crash or a power cut, and its plan does not run it again.
    Interrupted,
    /// The step belongs to an add-on that stands in the middle of an upgrade of its own.
    AddOnUnfinished {
        /// The add-on.
        add_on: ProductId,
        /// The number of its upgrade.
        upgrade: u32,
    },
}

/// Why an upgrade is held or refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Reason {
    /// The vendor does not support this class of change in place.
    ClassUnsupported {
        /// The class.
        class: Class,
        /// The version last finished.
        from: Version,
        /// The version offered.
        to: Version,
    },
    /// The installed version is older than the oldest the plan starts from.
    TooOld {
        /// The version last finished.
        from: Version,
        /// The oldest version it can start from.
        supported_from: Version,
    },
    /// Versions in between may not be jumped over.
    RequiredStops {
        /// Ascending; the first is where to go next.
        stops: Vec<Version>,
    },
    /// The version is older than the one last finished.
    Downgrade {
        /// The version last finished.
        from: Version,
        /// The version of the transaction.
        to: Version,
    },
    /// A release note is not acknowledged.
    NoteUnread {
        /// The version it speaks of.
        version: Version,
        /// The digest to acknowledge.
        sha256: Sha256,
    },
    /// A declared side effect is not acknowledged.
    SideEffectUnacknowledged {
        /// Its name.
        id: Label,
        /// The digest to acknowledge.
        sha256: Sha256,
    },
    /// Something that must hold before the upgrade does not.
    PrerequisiteFailed {
        /// Its name.
        id: Label,
        /// The vendor's words: what is missing, and what to do about it.
        otherwise: Text,
    },
    /// Nobody could see whether something holds that must.
    PrerequisiteUnknown {
        /// Its name.
        id: Label,
        /// What became of the look.
        failure: Failure,
    },
    /// A person has something to do before the upgrade.
    TaskOpen {
        /// Its name.
        id: Label,
        /// The vendor's words: what is to be done.
        summary: Text,
        /// The digest to tick.
        sha256: Sha256,
    },
    /// An earlier upgrade has not finished.
    Unfinished {
        /// Its number.
        upgrade: u32,
    },
    /// The plan needs a newer agent.
    AgentTooOld {
        /// The oldest agent that can carry it out.
        minimum: Version,
    },
    /// The site's file cannot be used.
    Site {
        /// What is wrong with it.
        problem: String,
    },
    /// The release was withdrawn by its vendor.
    Withdrawn {
        /// The vendor's words, in English.
        why: String,
    },
    /// What is offered could not be verified.
    Unverified {
        /// What was looked at.
        what: String,
        /// What was found.
        cause: String,
    },
    /// The transaction would remove the product, most often because of the hold itself.
    WouldRemove {
        /// The packages.
        packages: Vec<PackageName>,
    },
    /// The modules do not all go to the same release.
    MixedVersions {
        /// Package and native version.
        packages: Vec<(PackageName, String)>,
    },
    /// A step before the packages failed; what had been done was taken back.
    NotPrepared {
        /// The number of the upgrade.
        upgrade: u32,
        /// How the step failed.
        failure: Failure,
    },
    /// An installed add-on does not work with the version that is offered.
    AddOnUnsupported {
        /// The add-on.
        add_on: ProductId,
        /// Its version.
        version: Version,
        /// The versions of this product that it works with.
        supports: VersionRange,
    },
    /// An installed add-on joins upgrades of this product, and neither its plan nor the site allows that.
    AddOnNotAllowed {
        /// The add-on.
        add_on: ProductId,
        /// Its version.
        version: Version,
        /// The primary key of its vendor.
        primary: Fingerprint,
    },
    /// An add-on wants to join where the offered version lets nobody join.
    AddOnNoPoint {
        /// The add-on.
        add_on: ProductId,
        /// Its version.
        version: Version,
        /// The point that is missing.
        point: Label,
    },
    /// The product is an add-on, and the version offered does not work with its base.
    BaseUnsupported {
        /// The base.
        base: ProductId,
        /// Its version.
        version: Version,
        /// The versions of it that the add-on works with.
        supports: VersionRange,
    },
    /// The site's maintenance windows are closed. Never in a journal: it passes with time.
    OutsideWindow {
        /// When the next one opens.
        opens: Timestamp,
    },
    /// Nobody is there, and the site lets no change of this class be installed then. Never in a journal.
    Unattended {
        /// The class.
        class: Class,
    },
    /// There is no room for what the agent writes. Never in a journal.
    NoRoom {
        /// Where.
        folder: String,
        /// What is free.
        free_mib: u64,
        /// What has to be.
        needed_mib: u64,
    },
    /// There is no room to keep the packages to go back to. Never in a journal.
    NoRoomForPackages {
        /// Where.
        folder: String,
        /// What is free.
        free_mib: u64,
        /// What has to be, with what the agent itself writes.
        needed_mib: u64,
    },
    /// The agent's service did not answer in time.
    NoAnswer,
}
