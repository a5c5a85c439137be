//! Programs of vendors on Windows, each in a job object, as the system's own account.
//!
//! The job ends with the agent: a step that was running when the service died is found interrupted, and nothing of
//! it runs on. What Windows does not have is refused with the reason: login shells, and other accounts than the
//! system's, whose passwords the agent does not know.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use consignee_win32::job::Job;

use super::clipped::Clipped;
use super::kernel::{accounts, commands};
use super::program::{Ended, Program, Programs};
use super::{HostError, at};

const POLL: Duration = Duration::from_millis(50);
const MIB: u64 = 1024 * 1024;

/// The processes of this host.
#[derive(Debug, Clone, Copy, Default)]
pub struct Processes;

/// A program at work, with all that it started.
struct Running {
    child: Child,
    job: Job,
    deadline: Instant,
    /// Who writes what it says to its log.
    writer: Option<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

impl Running {
    /// Looks until it ends, the time is up or somebody says that it is enough.
    fn wait(&mut self, is_enough: &mut dyn FnMut() -> bool) -> Result<Option<Ended>, HostError> {
        loop {
            let looked = self.child.try_wait();
            if let Some(status) = looked.map_err(|cause| at("wait for", Path::new("a program"), cause))? {
                return Ok(Some(Ended::Exit(commands::status(status))));
            }
            if Instant::now() >= self.deadline {
                return Ok(Some(Ended::Timeout));
            }
            if is_enough() {
                return Ok(None);
            }
            std::thread::sleep(POLL);
        }
    }

    /// Ends what is left of it. Everything that it said is in its log then: with the last process of the job the
    /// output ends.
    fn end(&mut self) {
        let _ = self.job.end();
        let _ = self.child.wait();
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl Programs for Processes {
    fn run(&self, program: &Program) -> Result<Ended, HostError> {
        match begin(program)? {
            Err(ended) => Ok(ended),
            Ok(mut running) => Ok(running.wait(&mut || false)?.unwrap_or(Ended::Timeout)),
        }
    }

    // There is no signal that asks a program without a window to end: it is ended when it is ready.
    fn run_until(
        &self,
        program: &Program,
        _grace: Duration,
        is_ready: &mut dyn FnMut() -> bool,
    ) -> Result<Ended, HostError> {
        let mut running = match begin(program)? {
            Err(ended) => return Ok(ended),
            Ok(running) => running,
        };
        let waited = running.wait(is_ready)?;
        running.end();
        match waited {
            // The last thing that it wrote may have been that it is ready.
            Some(Ended::Exit(0)) if is_ready() => Ok(Ended::Stopped { killed: false }),
            Some(ended) => Ok(ended),
            None => Ok(Ended::Stopped { killed: true }),
        }
    }

    // What the agent before had started ended with it.
    fn end(&self, _unit: &str) -> Result<(), HostError> {
        Ok(())
    }
}

fn begin(program: &Program) -> Result<Result<Running, Ended>, HostError> {
    let refused = |reason: String| Ok(Err(Ended::CannotStart(reason)));
    if program.login_shell {
        return refused("there are no login shells on Windows".to_owned());
    }
    if !accounts::is_system(&program.user) {
        return refused(format!("on Windows programs run as the system, not as {}", program.user));
    }
    let Some((name, arguments)) = program.command.split_first() else { return refused("it is empty".to_owned()) };
    let Some(file) = file(name) else { return Ok(Err(Ended::Missing)) };
    let mut command = Command::new(file);
    command.args(arguments).env_clear().envs(commands::variables()).envs(&program.environment).stdin(Stdio::null());
    if let Some(folder) = &program.working_folder {
        command.current_dir(folder);
    }
    let writer = Some(writer(&mut command, &program.log)?);
    let job = Job::new(program.limits.memory_mib.map(|mebibytes| u64::from(mebibytes) * MIB));
    let job = job.map_err(|cause| at("limit", Path::new(name), cause))?;
    match job.start(&mut command, commands::NO_WINDOW) {
        Ok(child) => Ok(Ok(Running { child, job, deadline: Instant::now() + program.limit, writer })),
        Err(cause) => refused(cause.to_string()),
    }
}

/// Has what a command says written to its log, both streams as they come.
fn writer(command: &mut Command, log: &Path) -> Result<JoinHandle<()>, HostError> {
    let cannot = |cause| at("write", log, cause);
    let (mut said, output) = std::io::pipe().map_err(cannot)?;
    let errors = output.try_clone().map_err(cannot)?;
    command.stdout(output).stderr(errors);
    let (mut written, name) = (Clipped::open(log).map_err(cannot)?, log.display().to_string());
    Ok(std::thread::spawn(move || {
        if let Err(cause) = written.drain(&mut said) {
            log::warn!("cannot write {name}: {cause}");
        }
    }))
}

/// A program of Windows by its name, or any by its whole path.
fn file(name: &str) -> Option<PathBuf> {
    let path = Path::new(name);
    if path.is_absolute() { Some(path.to_owned()).filter(|path| path.is_file()) } else { commands::place(name) }
}
