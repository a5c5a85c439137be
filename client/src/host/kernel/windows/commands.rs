//! How a command is started, and ended with everything that it started.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};

use consignee_win32::job::Job;

/// `CREATE_NO_WINDOW` of winbase.h.
pub const NO_WINDOW: u32 = 0x0800_0000;
/// What a program of Windows cannot do without.
const NEEDED: [&str; 6] = ["SystemRoot", "SystemDrive", "ProgramData", "ProgramFiles", "ProgramW6432", "TEMP"];

fn system() -> PathBuf {
    let root = std::env::var_os("SystemRoot").map_or_else(|| PathBuf::from(r"C:\Windows"), PathBuf::from);
    root.join("System32")
}

/// What every command has in its environment. Nothing of a person's is in it.
pub fn variables() -> Vec<(String, String)> {
    let kept = NEEDED.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
    let path = [&*system(), &system().join("inetsrv")].map(|folder| folder.display().to_string()).join(";");
    kept.chain([("PATH".to_owned(), path)]).collect()
}

/// The file of a program that was given by its name: only Windows' own are found so.
pub fn place(name: &str) -> Option<PathBuf> {
    let folders = [system(), system().join("inetsrv")];
    let is_name = !name.contains(['/', '\\', ':']);
    let mut places = folders.iter().map(|folder| folder.join(name).with_extension("exe"));
    places.find(|place| is_name && place.is_file())
}

/// A command, by its path.
pub fn command(name: &str) -> Command {
    Command::new(place(name).as_deref().unwrap_or(Path::new(name)))
}

/// There are no numbers of users: whoever names one gets an error before this.
pub fn run_as(_command: &mut Command, _user: (u32, u32)) {}

/// A command that was started, in a job of its own.
#[derive(Debug)]
pub struct Started(pub Child, Job);

impl Started {
    /// Starts it.
    ///
    /// # Errors
    /// Those of the system.
    pub fn spawn(command: &mut Command) -> io::Result<Self> {
        let job = Job::new(None)?;
        let child = job.start(command, NO_WINDOW)?;
        Ok(Self(child, job))
    }

    /// Ends it with everything that it started; it is waited for by whoever asks.
    pub fn kill(&mut self) {
        let _ = self.1.end();
        let _ = self.0.kill();
    }
}

/// The status as a number.
pub fn status(status: ExitStatus) -> i32 {
    status.code().unwrap_or(-1)
}
