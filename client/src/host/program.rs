//! A program of a vendor's, as a plan describes it, on its way to a host.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use consign_metadata::plan::Limits;

use super::HostError;

/// A program that is ready to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// What it is called while it runs; whoever comes after a crash ends it by this name.
    pub unit: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// The user it runs as.
    pub user: String,
    /// Whether it runs in a login shell of that user.
    pub login_shell: bool,
    /// Variables beyond those of the user.
    pub environment: BTreeMap<String, String>,
    /// Where it runs; the user's home for a login shell, else `/`.
    pub working_folder: Option<PathBuf>,
    /// When it is ended, with everything it started.
    pub limit: Duration,
    /// What it may take of the host.
    pub limits: Limits,
    /// The file its output is added to.
    pub log: PathBuf,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// With an exit status.
    Exit(i32),
    /// By a signal.
    Signal(i32),
    /// The time was up.
    Timeout,
    /// The kernel ended it, or a part of it, for want of memory.
    OutOfMemory,
    /// It was ready and was stopped.
    Stopped {
        /// Whether it did not end when it was asked to.
        killed: bool,
    },
    /// There is no such program.
    Missing,
    /// It never ran, for this reason.
    CannotStart(String),
}

/// What runs programs of vendors on a host.
pub trait Programs: Send + Sync {
    /// Runs a program and waits for its end. Nothing that it started runs on.
    ///
    /// # Errors
    /// When it is not known how it ended.
    fn run(&self, program: &Program) -> Result<Ended, HostError>;

    /// Runs a program until it is ready, and then stops it: SIGTERM to all that it started, and SIGKILL to what
    /// is left after a grace. Where it ends before that, it is told how.
    ///
    /// # Errors
    /// When it is not known how it ended.
    fn run_until(
        &self,
        program: &Program,
        grace: Duration,
        is_ready: &mut dyn FnMut() -> bool,
    ) -> Result<Ended, HostError>;

    /// Starts a program that stays until it is ended, and does not wait for it. It outlives the agent. How it
    /// ended, where it could not be started at all.
    ///
    /// # Errors
    /// When it is not known whether it was started.
    fn start(&self, program: &Program) -> Result<Option<Ended>, HostError> {
        self.run(program).map(Some)
    }

    /// Whether a program of this name is at work.
    ///
    /// # Errors
    /// When nobody can tell.
    fn is_at_work(&self, _unit: &str) -> Result<bool, HostError> {
        Ok(false)
    }

    /// Ends what a run of this name left behind, if anything.
    ///
    /// # Errors
    /// When it may still run.
    fn end(&self, unit: &str) -> Result<(), HostError>;
}
