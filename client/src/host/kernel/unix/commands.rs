//! How a command is started, and ended with everything that it started.

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};

/// Where commands are looked for. The agent's own `PATH` may be anybody's.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What every command has in its environment.
pub fn variables() -> Vec<(String, String)> {
    [("PATH", PATH), ("LC_ALL", "C.UTF-8")].map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// The file of a program that was given by its name.
pub fn place(name: &str) -> Option<PathBuf> {
    let mut places = PATH.split(':').map(|folder| Path::new(folder).join(name));
    places.find(|place| !name.contains('/') && rustix::fs::access(place, rustix::fs::Access::EXEC_OK).is_ok())
}

/// A command, by its path and with the name it was called by.
///
/// One that is searched for would be started by a fork, which copies the agent's page tables and takes longer the
/// more memory the agent has.
pub fn command(name: &str) -> Command {
    let mut command = Command::new(place(name).as_deref().unwrap_or(Path::new(name)));
    command.arg0(name).process_group(0);
    command
}

/// Has it run as another user. Changing to oneself is for root only, too.
pub fn run_as(command: &mut Command, (uid, gid): (u32, u32)) {
    if uid != rustix::process::geteuid().as_raw() {
        command.uid(uid).gid(gid);
    }
}

/// A command that was started.
#[derive(Debug)]
pub struct Started(pub Child);

impl Started {
    /// Starts it.
    ///
    /// # Errors
    /// Those of the system.
    pub fn spawn(command: &mut Command) -> io::Result<Self> {
        command.spawn().map(Self)
    }

    /// Ends it with its whole process group; it is waited for by whoever asks.
    pub fn kill(&mut self) {
        let group = i32::try_from(self.0.id()).ok().and_then(rustix::process::Pid::from_raw);
        if let Some(group) = group {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

/// The status as a number; 128 + signal when it was killed.
pub fn status(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}
