//! How a step failed.

use consign_metadata::name::{ProductId, UnitName};
use serde::{Deserialize, Serialize};

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
    /// A program, or a script, is not there.
    ProgramMissing {
        /// Its path, or its name.
        program: String,
    },
    /// A program, or something that it started, was ended by the kernel for want of memory.
    OutOfMemory {
        /// The last lines that it wrote.
        output: Vec<String>,
    },
    /// A program that was to run until it is ready ended before that.
    EndedEarly {
        /// Its exit status.
        status: i32,
        /// The last lines that it wrote.
        output: Vec<String>,
    },
    /// A program that was ready did not end when it was asked to, and was ended by force.
    DidNotStop {
        /// How long it was given.
        seconds: u32,
        /// The last lines that it wrote.
        output: Vec<String>,
    },
    /// A script of a version did not do what it should.
    Script {
        /// Its path below the folder of scripts.
        script: String,
        /// How it failed.
        failure: Box<Failure>,
    },
    /// A script that has run on this host is another one in this plan.
    ScriptChanged {
        /// Its path below the folder of scripts.
        script: String,
    },
    /// A script on this host is not the one that the plan names.
    ScriptDiffers {
        /// Its path on the host.
        script: String,
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
    /// The data is at another version than it should be: a dump was restored, or a snapshot reverted.
    DataDiffers {
        /// The version that it should be at.
        expected: String,
        /// The version that it is at.
        found: String,
    },
    /// The step belongs to an add-on that stands in the middle of an upgrade of its own.
    AddOnUnfinished {
        /// The add-on.
        add_on: ProductId,
        /// The number of its upgrade.
        upgrade: u32,
    },
}
