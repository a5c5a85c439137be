//! The items of the list that an upgrade walks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Backup, Limits, ScriptsStep, UntilStep, When};
use crate::name::Label;
use crate::task::Task;
use crate::text::Text;

/// One item of the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// Tells the people on the host.
    Announce {
        /// Words of the vendor's; the agent has its own where there are none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<Text>,
    },
    /// Stops the engines, last started first. Its undo starts those that ran before.
    Stop {
        /// How long the engines may take.
        timeout_seconds: u32,
    },
    /// Saves what the upgrade may change. Its undo restores it. Since format 3.
    Backup(Backup),
    /// The transaction of the package manager. Observed, never run by the plan.
    Packages,
    /// A program of the vendor's.
    Run(RunStep),
    /// A program of the vendor's that runs until the product is ready, and is then stopped again. Since format 3.
    Until(UntilStep),
    /// Scripts of the versions in between, each once. Since format 3.
    Scripts(ScriptsStep),
    /// `systemctl daemon-reload`, once.
    DaemonReload,
    /// From here on the product serves nobody, once it runs. Since format 3.
    EnterMaintenance,
    /// Lets the product serve again: what was written from here on is lost by going back. Since format 3.
    LeaveMaintenance,
    /// Starts what ran or was enabled before, in the declared order.
    Start {
        /// How long each engine may take to become active.
        timeout_seconds: u32,
    },
    /// Watches that the product works.
    Health {
        /// Every one must hold. That each started engine stays active is always checked.
        checks: Vec<HealthCheck>,
        /// How long they may take to hold for the first time.
        within_seconds: u32,
        /// How long they must then hold without a break.
        stable_seconds: u32,
    },
    /// Waits for a person: with the engines stopped before the start, with the product running after it.
    /// Since format 2.
    Task(Task),
    /// Where the steps of add-ons are run; nothing by itself. Since format 2.
    AddOns {
        /// The name by which add-ons refer to it.
        point: Label,
    },
}

impl Step {
    /// The name of the step in the journal: its kind, or the name its vendor gave it.
    pub fn name(&self) -> &str {
        match self {
            Self::Announce { .. } => "announce",
            Self::Stop { .. } => "stop",
            Self::Backup(_) => "backup",
            Self::Packages => "packages",
            Self::Run(run) | Self::Until(UntilStep { run, .. }) | Self::Scripts(ScriptsStep { run, .. }) => {
                run.name.as_str()
            }
            Self::EnterMaintenance => "enter-maintenance",
            Self::LeaveMaintenance => "leave-maintenance",
            Self::DaemonReload => "daemon-reload",
            Self::Start { .. } => "start",
            Self::Health { .. } => "health",
            Self::Task(task) => task.id.as_str(),
            Self::AddOns { point } => point.as_str(),
        }
    }

    /// What it runs of the vendor's, and how.
    pub fn program(&self) -> Option<&RunStep> {
        match self {
            Self::Run(run) | Self::Until(UntilStep { run, .. }) | Self::Scripts(ScriptsStep { run, .. }) => Some(run),
            _ => None,
        }
    }

    /// What of it could not be carried out, if anything.
    pub(super) fn fault(&self) -> Option<String> {
        let limits = self.program().and_then(|run| run.limits.as_ref()?.fault()).map(str::to_owned);
        limits.or_else(|| match self {
            Self::Until(until) if !until.ready.says_something() => Some("nothing tells when it is ready".to_owned()),
            Self::Scripts(scripts) => scripts.fault(),
            _ => None,
        })
    }
}

/// Names that a `run` step or a task cannot take, since the journal tells steps by name.
pub const RESERVED_STEP_NAMES: [&str; 9] = [
    "announce",
    "stop",
    "packages",
    "daemon-reload",
    "start",
    "health",
    "backup",
    "enter-maintenance",
    "leave-maintenance",
];

/// A program with a user, a time limit and an undo. An argument list, never a shell line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunStep {
    /// Its name within the plan.
    pub name: Label,
    /// Program and arguments. `{option.x}`, `{from}` and `{to}` are replaced; `{{` is a brace.
    pub command: Vec<String>,
    /// The user it runs as.
    pub user: String,
    /// Whether it runs in a login shell of that user, as after `su - user`.
    #[serde(default)]
    pub login_shell: bool,
    /// Variables beyond those that systemd or the login shell sets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
    /// Where it runs; the user's home for a login shell, else `/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_folder: Option<String>,
    /// When it is ended, with everything it started.
    pub timeout_seconds: u32,
    /// What to do when the agent finds it interrupted by a crash or a power cut.
    #[serde(default)]
    pub on_interrupt: OnInterrupt,
    /// How it is taken back.
    #[serde(default)]
    pub undo: Undo,
    /// The exit status by which it asks to be run again later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_later_exit: Option<u8>,
    /// A program that says whether the step is done: 0 done, 1 not done, else it could not look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_probe: Option<Vec<String>>,
    /// What it may take of the host. Since format 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// Which upgrades run it.
    #[serde(default)]
    pub when: When,
}

/// What to do with a step that was found interrupted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum OnInterrupt {
    /// It may simply run again.
    Rerun,
    /// The upgrade is taken back.
    Undo,
    /// A person decides.
    #[default]
    Ask,
}

/// How a step is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Undo {
    /// By this program, run like the step itself.
    Inverse(Vec<String>),
    /// By the restore of the backup step.
    FromBackup,
    /// It left nothing that disturbs the old version.
    Harmless,
    /// It cannot be taken back.
    #[default]
    Impossible,
}

/// Something that can be looked at to see that the product works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum HealthCheck {
    /// A GET answers with a status from 200 to 399. Plain HTTP on this host.
    Http {
        /// `http://127.0.0.1:8080/health`
        url: String,
    },
    /// A TCP connection is accepted.
    Tcp {
        /// `127.0.0.1:5432`
        address: String,
    },
    /// A program exits with 0.
    Command {
        /// Program and arguments; replaced as in a step.
        command: Vec<String>,
        /// The user it runs as.
        user: String,
    },
}
