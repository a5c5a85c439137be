//! What runs programs and engines in a copy of the host, where no service manager is: as children of the one
//! process that is there from the beginning. Nothing of theirs outlives it.
//!
//! - [`children`]: who is left when a program has ended
//! - [`unit`]: as much of a unit file as it takes to start an engine

mod children;
mod unit;

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use consign_metadata::name::UnitName;
use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process_group};

use super::kernel::commands::PATH;
use super::program::{Ended, Program, Programs};
use super::transient::{self, Unready};
use super::{HostError, ServiceManager, account};
use crate::engine::event::EngineState;

/// How often a program is looked at, in a copy where nobody else waits for it.
const TURN: Duration = Duration::from_millis(50);
/// How often it is asked whether it is ready, as on the host.
const LOOK: Duration = Duration::from_secs(1);
/// An engine that is gone so soon has not started.
const SETTLED: Duration = Duration::from_millis(500);

/// Programs, servers and engines in a copy.
#[derive(Default)]
pub struct Confined {
    /// What the engines did on the host.
    before: BTreeMap<UnitName, EngineState>,
    engines: Mutex<BTreeMap<UnitName, Child>>,
    /// Servers that run until the copy goes.
    servers: Mutex<Vec<Child>>,
    /// The first engine that cannot be started in a copy, and why.
    unable: Mutex<Option<(UnitName, String)>>,
    /// Where the engines write.
    log: PathBuf,
}

impl Confined {
    /// Nothing runs yet. Engines write to this file.
    pub fn new(before: BTreeMap<UnitName, EngineState>, log: PathBuf) -> Self {
        Self { before, log, ..Self::default() }
    }

    /// The first engine that was not started since it needs a real service manager, and why.
    pub fn unable(&self) -> Option<(UnitName, String)> {
        held(&self.unable).clone()
    }

    /// Starts a server that runs on.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn serve(&self, program: &Program) -> Result<(), HostError> {
        match spawn(program) {
            Ok(child) => held(&self.servers).push(child),
            Err(unready) => return Err(cannot_start(&program.command, unready)),
        }
        Ok(())
    }

    fn kept(&self) -> Vec<u32> {
        let (servers, engines) = (held(&self.servers), held(&self.engines));
        servers.iter().chain(engines.values()).map(Child::id).collect()
    }

    /// Ends everything that a program has left, as the end of its unit would.
    fn sweep(&self) -> Result<(), HostError> {
        children::end_others(&self.kept())
    }
}

impl Programs for Confined {
    fn run(&self, program: &Program) -> Result<Ended, HostError> {
        let mut child = match spawn(program) {
            Ok(child) => child,
            Err(unready) => return unready.ended(),
        };
        let deadline = Instant::now() + program.limit.max(Duration::from_secs(1));
        let ended = match wait(&mut child, deadline)? {
            Some(status) => of_status(status),
            None => {
                stop(&mut child, transient::END)?;
                Ended::Timeout
            }
        };
        self.sweep()?;
        Ok(ended)
    }

    fn run_until(
        &self,
        program: &Program,
        grace: Duration,
        is_ready: &mut dyn FnMut() -> bool,
    ) -> Result<Ended, HostError> {
        let mut child = match spawn(program) {
            Ok(child) => child,
            Err(unready) => return unready.ended(),
        };
        // A program that is asked whether it is ready must not end the one that it is asked about.
        let id = child.id();
        let deadline = Instant::now() + program.limit.max(Duration::from_secs(1));
        let ended = loop {
            if let Some(status) = wait(&mut child, Instant::now() + LOOK)? {
                break match of_status(status) {
                    Ended::Exit(0) if is_ready() => Ended::Stopped { killed: false },
                    ended => ended,
                };
            }
            if Instant::now() >= deadline {
                stop(&mut child, grace)?;
                break Ended::Timeout;
            }
            children::keep(id);
            let ready = is_ready();
            children::let_go(id);
            if ready {
                break Ended::Stopped { killed: stop(&mut child, grace)? };
            }
        };
        self.sweep()?;
        Ok(ended)
    }

    fn end(&self, _unit: &str) -> Result<(), HostError> {
        Ok(())
    }
}

impl ServiceManager for Confined {
    fn is_running(&self) -> bool {
        true
    }

    fn wake_at(&self, _moment: Timestamp) -> Result<(), HostError> {
        Ok(())
    }

    fn observe(&self, unit: &UnitName) -> Result<Option<EngineState>, HostError> {
        Ok(self.before.get(unit).copied())
    }

    fn stop(&self, units: &[UnitName], limit: Duration) -> Result<(), HostError> {
        for unit in units {
            let engine = held(&self.engines).remove(unit);
            if let Some(mut child) = engine {
                stop(&mut child, limit)?;
            }
        }
        Ok(())
    }

    fn reload(&self) -> Result<(), HostError> {
        Ok(())
    }

    fn start(&self, unit: &UnitName, _limit: Duration) -> Result<(), HostError> {
        let engine = unit::read(unit).and_then(|file| unit::engine(&file, unit.as_str()));
        let engine = match engine {
            Ok(engine) => engine,
            Err(reason) => {
                held(&self.unable).get_or_insert_with(|| (unit.clone(), reason.clone()));
                return Err(HostError { action: format!("start {unit}"), reason });
            }
        };
        engine.furnish()?;
        for before in engine.before(&self.log) {
            if self.run(&before)? != Ended::Exit(0) {
                return Err(HostError {
                    action: format!("start {unit}"),
                    reason: "its ExecStartPre failed".to_owned(),
                });
            }
        }
        let main = engine.main(&self.log);
        let mut child = spawn(&main).map_err(|unready| cannot_start(&main.command, unready))?;
        match wait(&mut child, Instant::now() + SETTLED)? {
            None => {
                held(&self.engines).insert(unit.clone(), child);
                Ok(())
            }
            Some(status) => Err(HostError { action: format!("start {unit}"), reason: format!("it ended: {status}") }),
        }
    }

    fn enable(&self, _unit: &UnitName) -> Result<(), HostError> {
        Ok(())
    }

    fn disable(&self, _unit: &UnitName) -> Result<(), HostError> {
        Ok(())
    }

    fn describe(&self, unit: &UnitName) -> String {
        match self.is_active(unit) {
            Ok(true) => "active (running)".to_owned(),
            _ => "inactive (ended)".to_owned(),
        }
    }

    fn is_active(&self, unit: &UnitName) -> Result<bool, HostError> {
        let mut engines = held(&self.engines);
        Ok(engines.get_mut(unit).is_some_and(|child| matches!(child.try_wait(), Ok(None))))
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a program as its unit would: its user with all groups of his, its variables, its folder, its log.
fn spawn(program: &Program) -> Result<Child, Unready> {
    let account = transient::account(&program.user)?;
    let (uid, gid) = account::ids(&program.user)?;
    let (line, folder) = match program.login_shell {
        true => (transient::in_login_shell(account.shell(), program), account.home.clone()),
        false => (transient::on_path(&program.command)?, PathBuf::from("/")),
    };
    let folder = program.working_folder.clone().unwrap_or(folder);
    if !folder.is_dir() {
        return Err(Unready::Program(format!("there is no folder {}", folder.display())));
    }
    let log = transient::open_log(&program.log)?;
    let errors = log.try_clone().map_err(|cause| Unready::Program(cause.to_string()))?;
    let mut command = Command::new("setpriv");
    command.args([format!("--reuid={uid}"), format!("--regid={gid}"), "--init-groups".to_owned(), "--".to_owned()]);
    command.args(line).env_clear().env("PATH", PATH).envs(account.login());
    if program.login_shell {
        command.envs(transient::LOGIN_FILES.iter().flat_map(|file| unit::variables_in(file)));
    }
    command.envs(&program.environment).current_dir(folder).process_group(0);
    command.stdin(Stdio::null()).stdout::<File>(log).stderr::<File>(errors);
    command.spawn().map_err(|cause| Unready::Program(cause.to_string()))
}

fn cannot_start(command: &[String], unready: Unready) -> HostError {
    let reason = match unready.ended() {
        Ok(Ended::Missing) => "it is not there".to_owned(),
        Ok(Ended::CannotStart(reason)) => reason,
        Ok(other) => format!("{other:?}"),
        Err(error) => return error,
    };
    HostError { action: format!("start {}", command.first().cloned().unwrap_or_default()), reason }
}

fn wait(child: &mut Child, deadline: Instant) -> Result<Option<ExitStatus>, HostError> {
    loop {
        let status = child.try_wait().map_err(|cause| waiting(child, &cause))?;
        if status.is_some() || Instant::now() >= deadline {
            return Ok(status);
        }
        std::thread::sleep(TURN);
    }
}

/// Asks a program and all that it started to end, and ends what is left after the grace. Whether that was needed.
fn stop(child: &mut Child, grace: Duration) -> Result<bool, HostError> {
    signal(child, Signal::TERM);
    if wait(child, Instant::now() + grace.max(Duration::from_secs(1)))?.is_some() {
        return Ok(false);
    }
    signal(child, Signal::KILL);
    child.wait().map_err(|cause| waiting(child, &cause))?;
    Ok(true)
}

fn signal(child: &Child, signal: Signal) {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(group) = group {
        let _ = kill_process_group(group, signal);
    }
}

fn waiting(child: &Child, cause: &std::io::Error) -> HostError {
    HostError { action: format!("wait for process {}", child.id()), reason: cause.to_string() }
}

fn of_status(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exit(code),
        (None, signal) => Ended::Signal(signal.unwrap_or(0)),
    }
}
