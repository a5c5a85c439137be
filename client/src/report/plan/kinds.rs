//! The kinds of steps and of their undo, as reports name them.

use consign_metadata::plan::{Step, Undo};
use consign_metadata::task::Task;
use serde::{Deserialize, Serialize};

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// Tells the people on the host.
    Announce,
    /// Stops the engines.
    Stop,
    /// Saves what may change.
    Backup,
    /// The transaction of the package manager.
    Packages,
    /// A program of the vendor's.
    Run,
    /// A program of the vendor's that runs until the product is ready.
    Until,
    /// Scripts of the versions in between.
    Scripts,
    /// From here on the product serves nobody.
    EnterMaintenance,
    /// Lets the product serve again.
    LeaveMaintenance,
    /// systemd reads its unit files again.
    DaemonReload,
    /// Starts what ran before.
    Start,
    /// Watches that the product works.
    Health,
    /// Waits for a person.
    Task,
    /// Where add-ons join.
    AddOns,
}

/// How a program of the vendor's is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UndoKind {
    /// By a program of its own.
    Inverse,
    /// By the restore of the backup.
    FromBackup,
    /// There is nothing to take back.
    Harmless,
    /// Not at all.
    Impossible,
}

impl StepKind {
    /// Whether it runs something of the vendor's that may touch data.
    pub fn is_program(self) -> bool {
        matches!(self, Self::Run | Self::Until | Self::Scripts)
    }

    /// The kind of a step.
    pub fn of(step: &Step) -> Self {
        match step {
            Step::Announce { .. } => Self::Announce,
            Step::Stop { .. } => Self::Stop,
            Step::Backup(_) => Self::Backup,
            Step::Packages => Self::Packages,
            Step::Run(_) => Self::Run,
            Step::Until(_) => Self::Until,
            Step::Scripts(_) => Self::Scripts,
            Step::EnterMaintenance => Self::EnterMaintenance,
            Step::LeaveMaintenance => Self::LeaveMaintenance,
            Step::DaemonReload => Self::DaemonReload,
            Step::Start { .. } => Self::Start,
            Step::Health { .. } => Self::Health,
            Step::Task(_) => Self::Task,
            Step::AddOns { .. } => Self::AddOns,
        }
    }
}

impl UndoKind {
    /// The kind of a task's undo.
    pub fn of_task(task: &Task) -> Self {
        if task.irreversible { Self::Impossible } else { Self::Harmless }
    }

    /// The kind of an undo.
    pub fn of(undo: &Undo) -> Self {
        match undo {
            Undo::Inverse(_) => Self::Inverse,
            Undo::FromBackup => Self::FromBackup,
            Undo::Harmless => Self::Harmless,
            Undo::Impossible => Self::Impossible,
        }
    }
}
