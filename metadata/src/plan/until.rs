//! A program that runs until the product is ready, and is then stopped again.
//!
//! Some products migrate by being started: the new version brings its data up to date while it comes up,
//! and serves when that is done (OpenERP's `--update=all`). It must not go on running from there, since it was
//! started with other arguments than the engine has.

use serde::{Deserialize, Serialize};

use super::{HealthCheck, RunStep};

/// A program that runs until it is ready, and is then stopped again. Since format 3.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UntilStep {
    /// The program; its `timeout_seconds` are those until it is ready.
    pub run: RunStep,
    /// How it is seen that it is ready.
    pub ready: Ready,
    /// How long it may take to end after SIGTERM.
    pub stop_seconds: u32,
}

/// How it is seen that a program is ready. At least one of them; whichever holds first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// Something that can be looked at from outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<HealthCheck>,
    /// A line that it writes has this text in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// It ends by itself, with 0.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exit: bool,
}

impl Ready {
    /// Whether anything could ever be ready.
    pub fn says_something(&self) -> bool {
        self.check.is_some() || self.exit || self.line.as_ref().is_some_and(|line| !line.is_empty())
    }
}
