//! The viewer: the `consignee` command, which asks the agent's service and words its answer.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::host::Host;

/// The status by which the viewer says that it could not reach the service (`EX_TEMPFAIL`).
pub const UNREACHABLE: u8 = 75;

/// A question to be put to the viewer.
pub struct Viewer {
    program: PathBuf,
    input: Vec<u8>,
    limit: Option<Duration>,
    output: Option<OwnedFd>,
}

impl Viewer {
    /// The viewer of the host.
    pub fn of(host: &Host) -> Self {
        Self { program: host.viewer(), input: Vec::new(), limit: None, output: None }
    }

    /// What it reads.
    pub fn input(mut self, input: Vec<u8>) -> Self {
        self.input = input;
        self
    }

    /// When it is given up.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// What it says goes to standard error: standard output is the package manager's.
    pub fn aside(self) -> Self {
        self.to(io::stderr().as_fd().try_clone_to_owned().ok())
    }

    /// Where it writes; else where this program does.
    pub fn to(mut self, output: Option<OwnedFd>) -> Self {
        self.output = output;
        self
    }

    /// `consignee hook <words>`, with the terminal of the caller, and its exit status.
    ///
    /// # Errors
    /// When it cannot be started or was given up.
    pub fn ask(self, words: &[&str]) -> io::Result<u8> {
        let mut command = Command::new(&self.program);
        if let Some(output) = self.output {
            command.stdout(output.try_clone()?).stderr(output);
        }
        let mut child = command.arg("hook").args(words).stdin(Stdio::piped()).spawn()?;
        if let Some(mut pipe) = child.stdin.take() {
            // A viewer that does not read to the end says why with its status.
            let _ = pipe.write_all(&self.input);
        }
        Ok(status(wait(&mut child, self.limit)?))
    }
}

/// The terminal of the person in front, for a program whose output nobody sees.
pub fn terminal() -> Option<File> {
    File::options().write(true).open("/dev/tty").ok()
}

/// Whether an answer is that of a viewer that was given up.
pub fn was_given_up(status: u8) -> bool {
    status == 128 + 9
}

fn wait(child: &mut Child, limit: Option<Duration>) -> io::Result<ExitStatus> {
    let Some(limit) = limit else { return child.wait() };
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill()?;
    child.wait()
}

fn status(status: ExitStatus) -> u8 {
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    u8::try_from(code).unwrap_or(1)
}
