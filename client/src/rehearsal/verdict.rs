//! What came of a rehearsal, in codes and numbers.

use std::path::PathBuf;

use consign_metadata::name::{Label, PackageName, ProductId};
use consign_metadata::version::Version;
use serde::{Deserialize, Serialize};

use crate::engine::event::Failure;
use crate::report::FORMAT;

/// The answer of `consignee rehearse --json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rehearsal {
    /// [`FORMAT`].
    pub format: u32,
    /// The product.
    pub product: ProductId,
    /// The version that is installed; null where nothing is offered.
    pub from: Option<Version>,
    /// The version that is offered.
    pub to: Option<Version>,
    /// The upgrade whose backup it began with; null where the data was taken from the host as it is.
    pub backup: Option<u32>,
    /// What came of it.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The steps that were run in the copy, in order.
    pub steps: Vec<Ran>,
    /// Those that were not, and why.
    pub not_rehearsed: Vec<NotRehearsed>,
    /// How long the steps took together, in milliseconds.
    pub milliseconds: u64,
    /// How much of that was before the packages.
    pub preparation_milliseconds: u64,
    /// Whether that is longer than a package manager is made to wait.
    pub long_preparation: bool,
    /// What was written at most, by file system.
    pub file_systems: Vec<Grown>,
    /// Whether the copy was kept in memory: no file system of the host could keep it.
    pub in_memory: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// Every step that was run did what it should.
    WouldComplete,
    /// One did not.
    WouldFail {
        /// Its name.
        step: String,
        /// How it failed.
        failure: Failure,
    },
    /// It could not be tried.
    CannotBeRehearsed {
        /// Why.
        problem: Problem,
    },
}

/// A step that was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// Its name.
    pub name: String,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
    /// Whether it did what it should.
    pub done: bool,
}

/// A step that was not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotRehearsed {
    /// Its name.
    pub name: String,
    /// Why.
    #[serde(flatten)]
    pub because: Because,
}

/// Why a step was not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "kebab-case")]
pub enum Because {
    /// It is for people on the host.
    ForPeople,
    /// It is about the engines that run on the host.
    OfTheHost,
    /// A person does it.
    Task,
    /// An engine needs a real service manager.
    Engine {
        /// Its unit.
        unit: String,
        /// What there is about it.
        reason: String,
    },
    /// It comes after a step that was not run.
    After {
        /// That step.
        step: String,
    },
}

/// What was written to a file system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grown {
    /// Where it is mounted.
    pub folder: PathBuf,
    /// How many bytes at most, at any moment.
    pub bytes: u64,
}

/// Why there can be no rehearsal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Problem {
    /// There is no newer release that can be reached.
    NothingOffered,
    /// An upgrade has begun.
    UnderWay,
    /// Somebody else rehearses the same product.
    AnotherAtWork,
    /// The plan does not say where the data is: it has no backup.
    DataUnknown,
    /// The plan of the release cannot be trusted or understood.
    Plan {
        /// What is wrong with it.
        cause: String,
    },
    /// A package cannot be had, or is not what the vendor signed.
    NoPackage {
        /// The package.
        package: PackageName,
        /// Its native version.
        version: String,
        /// Why.
        cause: String,
    },
    /// There is no such backup that counts.
    NoBackup,
    /// The backup is of another version than the one that is installed.
    BackupOfAnother {
        /// The version that it is of.
        version: Version,
    },
    /// A part of the backup is known to a program of the vendor's alone.
    Unknowable {
        /// The part.
        part: Label,
    },
    /// A part of the data could not be copied.
    NotSaved {
        /// The part.
        part: Label,
        /// Why.
        failure: Failure,
    },
    /// A part of the data could not be restored in the copy.
    NotRestored {
        /// The part.
        part: Label,
        /// Why.
        failure: Failure,
    },
    /// There is no room for a copy.
    NoRoom {
        /// Where.
        folder: PathBuf,
        /// What is free, in MiB.
        free_mib: u64,
        /// What is needed, in MiB.
        needed_mib: u64,
    },
    /// This host cannot be copied.
    NoCopy {
        /// Why.
        cause: String,
    },
    /// The packages could not be installed in the copy.
    NotInstalled {
        /// The package manager's words.
        cause: String,
    },
    /// The copy was gone before it told its end.
    CutOff {
        /// What was last written there.
        output: Vec<String>,
    },
}

/// A line that the copy writes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "progress", rename_all = "kebab-case")]
pub enum Progress {
    /// The packages are fetched and verified.
    Fetching,
    /// A part of the data is saved.
    Saving {
        /// The part.
        part: Label,
    },
    /// The copy is made.
    Copying,
    /// A part of the data is restored in the copy.
    Restoring {
        /// The part.
        part: Label,
    },
    /// The steps begin.
    Begun,
    /// It is over.
    Ended(Box<Ended>),
}

/// The end that the copy tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// What came of it.
    pub outcome: Verdict,
    /// The steps that were run.
    pub steps: Vec<Ran>,
    /// Those that were not.
    pub not_rehearsed: Vec<NotRehearsed>,
    /// How many of the steps that were run were before the packages.
    pub before_packages: usize,
    /// What was written.
    pub file_systems: Vec<Grown>,
    /// Whether the copy was kept in memory.
    pub in_memory: bool,
}

impl Ended {
    /// An end before any step.
    pub fn cannot(problem: Problem) -> Self {
        Self {
            outcome: Verdict::CannotBeRehearsed { problem },
            steps: Vec::new(),
            not_rehearsed: Vec::new(),
            before_packages: 0,
            file_systems: Vec::new(),
            in_memory: false,
        }
    }
}

impl Rehearsal {
    /// One that has not begun.
    pub fn new(product: ProductId) -> Self {
        Self {
            format: FORMAT,
            product,
            from: None,
            to: None,
            backup: None,
            verdict: Verdict::CannotBeRehearsed { problem: Problem::NothingOffered },
            steps: Vec::new(),
            not_rehearsed: Vec::new(),
            milliseconds: 0,
            preparation_milliseconds: 0,
            long_preparation: false,
            file_systems: Vec::new(),
            in_memory: false,
        }
    }

    /// It could not be tried.
    pub fn cannot(self, problem: Problem) -> Self {
        Self { verdict: Verdict::CannotBeRehearsed { problem }, ..self }
    }

    /// What the copy said last.
    pub fn ended(self, ended: Ended) -> Self {
        let took = |steps: &[Ran]| steps.iter().map(|step| step.milliseconds).sum();
        let preparation: u64 = took(&ended.steps[..ended.before_packages.min(ended.steps.len())]);
        Self {
            verdict: ended.outcome,
            milliseconds: took(&ended.steps),
            preparation_milliseconds: preparation,
            long_preparation: preparation > crate::preparation::LONG * 1000,
            steps: ended.steps,
            not_rehearsed: ended.not_rehearsed,
            file_systems: ended.file_systems,
            in_memory: ended.in_memory,
            ..self
        }
    }
}
