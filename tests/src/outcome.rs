//! What a command did: its exit code and what it wrote.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};

use crate::error::{LabError, Result};

/// A finished command. Its `Display` is what a failing test should show.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The command line, for people.
    pub line: String,
    /// Exit code; 128 + n when signal n ended it, as a shell counts.
    pub code: i32,
    /// Standard output, lossily decoded.
    pub stdout: String,
    /// Standard error, lossily decoded.
    pub stderr: String,
}

impl Outcome {
    /// Runs a prepared command to its end; only a program that cannot be started is an error.
    pub(crate) fn of(line: String, command: &mut Command) -> Result<Outcome> {
        let output = command.stdin(Stdio::null()).output().map_err(|source| LabError::Command {
            act: "start a program",
            line: line.clone(),
            code: 127,
            stderr: source.to_string(),
        })?;
        Ok(Outcome {
            line,
            code: code(output.status),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Did it exit with 0?
    pub fn success(&self) -> bool {
        self.code == 0
    }

    /// Standard output and standard error, one after the other.
    pub fn text(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Panics, with everything the command wrote, unless it exited with 0.
    #[track_caller]
    pub fn expect_ok(self) -> Outcome {
        assert!(self.success(), "{self}");
        self
    }

    /// Panics, with everything the command wrote, unless it exited with this code.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Outcome {
        assert_eq!(self.code, code, "{self}");
        self
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ {}", self.line)?;
        writeln!(f, "exit code {}", self.code)?;
        writeln!(f, "--- stdout\n{}", self.stdout)?;
        write!(f, "--- stderr\n{}", self.stderr)
    }
}

/// The exit code as a shell counts it.
pub(crate) fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

/// A command line for people.
pub(crate) fn line(argv: &[&str]) -> String {
    argv.join(" ")
}

/// Runs a program of this machine that must succeed.
pub(crate) fn tool(act: &'static str, argv: &[&str]) -> Result<Outcome> {
    let outcome = Outcome::of(line(argv), Command::new(argv[0]).args(&argv[1..]))?;
    if outcome.success() {
        return Ok(outcome);
    }
    let Outcome { line, code, stderr, .. } = outcome;
    Err(LabError::Command { act, line, code, stderr: stderr.trim().to_owned() })
}
