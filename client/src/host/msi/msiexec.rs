//! `msiexec` as a process that outlives the agent: whoever comes after one that died finds it, and waits.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use consignee_win32::process;
use serde::{Deserialize, Serialize};

use crate::durable;
use crate::host::kernel::commands;
use crate::host::{HostError, at};
use crate::places::Places;

const PROGRAM: &str = "msiexec";
const FORMAT: u32 = 1;
/// Which one is at work.
const FILE: &str = "msiexec.json";
/// How long one installation is waited for.
const LIMIT: Duration = Duration::from_secs(3600);
const TURN: Duration = Duration::from_millis(50);

#[derive(Debug, Serialize, Deserialize)]
struct AtWork {
    format: u32,
    pid: u32,
    action: String,
}

/// Runs it to its end, without a face and without a reboot; its exit code.
///
/// # Errors
/// When it cannot be started, or has not ended in an hour: it is then left alone.
pub fn run(places: &Places, arguments: &[&str], log: Option<&Path>, action: &str) -> Result<i32, HostError> {
    let cannot = |reason: String| HostError { action: action.to_owned(), reason };
    let mut child = spawn(places, arguments, log, action)?;
    let deadline = Instant::now() + LIMIT;
    let ended = loop {
        match child.try_wait().map_err(|cause| cannot(cause.to_string()))? {
            Some(status) => break commands::status(status),
            None if Instant::now() < deadline => std::thread::sleep(TURN),
            None => return Err(cannot(format!("it is not done after {} s, and still at work", LIMIT.as_secs()))),
        }
    };
    let path = file(places);
    durable::remove(&path).map_err(|cause| at("remove", &path, cause))?;
    Ok(ended)
}

/// Starts it; whoever does not wait leaves it to itself.
///
/// # Errors
/// When it cannot be started.
pub fn start(places: &Places, arguments: &[&str], log: &Path, action: &str) -> Result<Child, HostError> {
    spawn(places, arguments, Some(log), action)
}

fn spawn(places: &Places, arguments: &[&str], log: Option<&Path>, action: &str) -> Result<Child, HostError> {
    let mut command = commands::command(PROGRAM);
    // Restart Manager stops nobody: the agent has stopped the engines, and names who else holds a file.
    command.args(arguments).args(["/qn", "/norestart", "REBOOT=ReallySuppress"]);
    if let Some(log) = log {
        command.arg("/l*v").arg(log);
    }
    command.env_clear().envs(commands::variables()).current_dir(places.state());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    log::info!("{action}");
    let cannot = |cause: std::io::Error| HostError {
        action: action.to_owned(),
        reason: format!("cannot start {PROGRAM}: {cause}"),
    };
    let child = command.spawn().map_err(cannot)?;
    let at_work = AtWork { format: FORMAT, pid: child.id(), action: action.to_owned() };
    if let Err(problem) = write(&file(places), &at_work) {
        log::warn!("{problem}");
    }
    Ok(child)
}

/// The process that is at work for this agent, or for one that died.
///
/// # Errors
/// When it cannot be told.
pub fn at_work(places: &Places) -> Result<Option<u32>, HostError> {
    let path = file(places);
    let read = durable::read(&path, FORMAT, |this: &AtWork| this.format);
    let Some(AtWork { pid, .. }) = read.map_err(|cause| at("read", &path, cause))? else { return Ok(None) };
    // Numbers of processes are given again.
    let is_it = || process::program(pid).is_ok_and(|program| program.to_lowercase().ends_with("msiexec.exe"));
    let is_there = matches!(process::wait(pid, Duration::ZERO), Ok(false)) && is_it();
    Ok(is_there.then_some(pid))
}

fn write(path: &Path, at_work: &AtWork) -> Result<(), HostError> {
    let text = serde_json::to_vec(at_work).map_err(std::io::Error::other);
    text.and_then(|text| durable::replace(path, &text)).map_err(|cause| at("write", path, cause))
}

fn file(places: &Places) -> PathBuf {
    places.state().join(FILE)
}
