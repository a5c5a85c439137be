//! The one runner of host commands: `systemctl`, `dpkg-query`, `wall` and their kind.
//!
//! An argument list, never a shell line. Nothing of the agent's own environment reaches the command,
//! its input is empty, its output is bounded and its time is limited; when the time is up its whole
//! process group is killed. Every line that is run is logged (`log::debug!`), and the end of what the
//! command wrote to stderr is kept, since that is where the reason is.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::capture::{Keep, collect};
use super::kernel::commands::{self, Started};
use super::{HostError, account};

/// How long a command may take where nothing else is said.
pub const LIMIT: Duration = Duration::from_secs(60);
/// How much of stdout is kept where nothing else is said.
pub const MAXIMUM: usize = 8 * 1024 * 1024;

const STDERR_END: usize = 4096;
/// How long a command that was killed is waited for.
const DEATH: Duration = Duration::from_secs(10);

/// A command that is put together.
#[derive(Debug, Clone)]
pub struct HostCommand {
    line: Vec<String>,
    environment: Vec<(String, String)>,
    limit: Duration,
    maximum: usize,
    input: Vec<u8>,
    user: Option<(u32, u32)>,
    folder: PathBuf,
}

/// What a command left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// How it ended; 128 + signal when it was killed.
    pub status: i32,
    /// What it wrote to stdout.
    pub stdout: Vec<u8>,
    /// The end of what it wrote to stderr.
    pub stderr: String,
}

impl Finished {
    /// What it wrote to stdout, as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

/// Why a command has no result that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// It is not there or cannot be executed.
    #[error("cannot start {line}: {reason}")]
    CannotStart {
        /// The command.
        line: String,
        /// The reason the system gave.
        reason: String,
    },
    /// It took too long and was killed with everything in its process group.
    #[error("cannot wait for {line}: not done after {seconds} s")]
    Timeout {
        /// The command.
        line: String,
        /// How long it was given.
        seconds: u64,
    },
    /// It wrote more than it may; a cut answer would be a wrong answer.
    #[error("cannot take the output of {line}: more than {maximum} bytes")]
    TooMuch {
        /// The command.
        line: String,
        /// How much was allowed.
        maximum: usize,
    },
    /// It ended with another status than 0.
    #[error("cannot run {line}: status {status}: {stderr}")]
    Failed {
        /// The command.
        line: String,
        /// Its exit status; 128 + signal when it was killed.
        status: i32,
        /// The end of what it wrote to stderr.
        stderr: String,
    },
}

impl CommandError {
    /// As the failure of what the command was run for; `words` finds the reason in what the command wrote.
    pub fn of(self, action: impl Into<String>, words: impl FnOnce(&str) -> String) -> HostError {
        let reason = match self {
            Self::Failed { stderr, .. } => words(&stderr),
            Self::Timeout { seconds, .. } => format!("not done after {seconds} s"),
            other => other.to_string(),
        };
        HostError { action: action.into(), reason }
    }
}

impl From<CommandError> for HostError {
    fn from(error: CommandError) -> Self {
        let (action, reason) = match error {
            CommandError::CannotStart { line, reason } => (format!("start {line}"), reason),
            CommandError::Timeout { line, seconds } => {
                (format!("wait for {line}"), format!("not done after {seconds} s"))
            }
            CommandError::TooMuch { line, maximum } => {
                (format!("take the output of {line}"), format!("more than {maximum} bytes"))
            }
            CommandError::Failed { line, status, stderr } => {
                (format!("run {line}"), format!("status {status}: {stderr}"))
            }
        };
        Self { action, reason }
    }
}

impl HostCommand {
    /// A program by name or absolute path.
    pub fn new(program: &str) -> Self {
        Self {
            line: vec![program.to_owned()],
            environment: Vec::new(),
            limit: LIMIT,
            maximum: MAXIMUM,
            input: Vec::new(),
            user: None,
            folder: PathBuf::from("/"),
        }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.line.push(argument.into());
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args<A: Into<String>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.line.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// A variable beyond `PATH` and `LC_ALL`.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// How long it may take.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// How much it may write to stdout.
    #[must_use]
    pub fn maximum(mut self, bytes: usize) -> Self {
        self.maximum = bytes;
        self
    }

    /// What it reads on its standard input. Never logged.
    #[must_use]
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// Where it runs; else in `/`.
    #[must_use]
    pub fn folder(mut self, folder: &Path) -> Self {
        folder.clone_into(&mut self.folder);
        self
    }

    /// As this user, in its own group and no other.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn user(mut self, name: &str) -> Result<Self, HostError> {
        let ids = account::ids(name).map_err(|error| HostError { action: format!("start {self}"), ..error })?;
        self.user = Some(ids);
        Ok(self)
    }

    /// Program and arguments.
    pub fn line(&self) -> &[String] {
        &self.line
    }

    /// All of its environment.
    pub fn variables(&self) -> Vec<(String, String)> {
        commands::variables().into_iter().chain(self.environment.iter().cloned()).collect()
    }

    /// Runs it and wants status 0; answers its stdout.
    ///
    /// # Errors
    /// [`CommandError`]
    pub fn output(&self) -> Result<Vec<u8>, CommandError> {
        let finished = self.run()?;
        if finished.status == 0 {
            return Ok(finished.stdout);
        }
        let (line, status) = (self.to_string(), finished.status);
        Err(CommandError::Failed { line, status, stderr: finished.stderr })
    }

    /// Runs it, whatever its status is: for commands whose status is an answer.
    ///
    /// # Errors
    /// [`CommandError`], never [`CommandError::Failed`].
    pub fn run(&self) -> Result<Finished, CommandError> {
        log::debug!("run {self}");
        let deadline = Instant::now() + self.limit;
        let mut started = Started::spawn(&mut self.command())
            .map_err(|cause| CommandError::CannotStart { line: self.to_string(), reason: cause.to_string() })?;
        let child = &mut started.0;
        if let Some(mut stdin) = child.stdin.take() {
            let input = self.input.clone();
            // One that does not read it must not hold us up.
            std::thread::spawn(move || stdin.write_all(&input));
        }
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let stdout = collect(stdout, Keep::Start(self.maximum));
        let stderr = collect(stderr, Keep::End(STDERR_END));
        let Some(status) = wait(&mut started, deadline) else {
            kill(started);
            log::debug!("{self}: killed after {} s", self.limit.as_secs());
            return Err(CommandError::Timeout { line: self.to_string(), seconds: self.limit.as_secs() });
        };
        let stdout = stdout.take();
        if stdout.len() > self.maximum {
            return Err(CommandError::TooMuch { line: self.to_string(), maximum: self.maximum });
        }
        let stderr = String::from_utf8_lossy(&stderr.take()).trim_end().to_owned();
        let status = commands::status(status);
        if status != 0 {
            log::debug!("{self}: status {status}: {stderr}");
        }
        Ok(Finished { status, stdout, stderr })
    }

    fn command(&self) -> Command {
        let mut command = commands::command(&self.line[0]);
        // A scrubbed environment: dpkg's DPKG_FRONTEND_LOCKED would let a child believe it has the lock.
        command.args(&self.line[1..]).env_clear().envs(self.variables()).current_dir(&self.folder);
        let stdin = if self.input.is_empty() { Stdio::null() } else { Stdio::piped() };
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(user) = self.user {
            commands::run_as(&mut command, user);
        }
        command
    }
}

impl fmt::Display for HostCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line.join(" "))
    }
}

fn wait(started: &mut Started, deadline: Instant) -> Option<ExitStatus> {
    let mut pause = Duration::from_millis(1);
    loop {
        if let Ok(Some(status)) = started.0.try_wait() {
            return Some(status);
        }
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

fn kill(mut started: Started) {
    started.kill();
    // In the middle of a call to a file system that is gone a process does not even end when it is killed.
    if wait(&mut started, Instant::now() + DEATH).is_none() {
        std::thread::spawn(move || started.0.wait());
    }
}

#[cfg(test)]
mod tests;
