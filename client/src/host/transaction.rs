//! A transaction of the package manager's that the agent itself begins.
//!
//! It runs in a unit of its own, which outlives the agent's service: a package manager that is killed in the
//! middle leaves half of a product. An agent that starts anew finds the unit by its name, and takes it for the
//! open transaction that it is. There is one name for all products, as a host has one package manager; and others
//! for as long as something that a transaction has left in the background (dnf 5: a gpg-agent) keeps that one taken.
//! Where no systemd runs, or below another root than `/`, the command is a child as any other.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::command::{Finished, HostCommand};
use super::systemd::Systemd;
use super::{HostError, at, transient};
use crate::places::Places;

/// Downloads on a slow line included.
const LIMIT: Duration = Duration::from_secs(2 * 3600);
/// How long the host's shutdown waits for it.
const AT_SHUTDOWN: u64 = 900;
/// How much of its output says why it failed.
const LINES: usize = 12;
const UNIT: &str = "consignee-transaction";
/// How many names there are for it.
const NAMES: u32 = 100;
/// The name of its unit, there while one may be running, so that nobody else has to ask systemd; gone after a reboot.
const MARK: &str = "/run/consignee/transaction";
/// What the last one wrote.
const LOG: &str = "transaction.log";

/// Held by whoever has begun one.
static ALONE: Mutex<()> = Mutex::new(());

/// Runs it to its end. `done` are the exit statuses of a transaction that did what it was told.
///
/// # Errors
/// With the end of what it said, on either stream: under apt, dpkg says on the first what is wrong.
pub fn run(places: &Places, command: HostCommand, done: &[i32]) -> Result<(), HostError> {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let command = command.limit(LIMIT);
    let has_units = places.root() == Path::new("/") && Path::new("/run/systemd/system").is_dir();
    let finished = if has_units { in_unit(places, &command)? } else { command.run()? };
    if done.contains(&finished.status) { Ok(()) } else { Err(failed(&command, &finished)) }
}

/// Runs what comes before one and changes nothing: a child that may die with the agent.
///
/// # Errors
/// Those of [`run`].
pub fn prepare(command: HostCommand) -> Result<(), HostError> {
    let command = command.limit(LIMIT);
    let finished = command.run()?;
    if finished.status == 0 { Ok(()) } else { Err(failed(&command, &finished)) }
}

fn failed(command: &HostCommand, finished: &Finished) -> HostError {
    let said = format!("{}\n{}", finished.text(), finished.stderr);
    let reason = format!("status {}\n{}", finished.status, end_of(&said));
    HostError { action: format!("run {command}"), reason }
}

/// The process of one that runs, also where another agent began it.
///
/// # Errors
/// When systemd cannot be asked.
pub fn running(places: &Places) -> Result<Option<u32>, HostError> {
    let Some(unit) = marked(&places.at(MARK)) else { return Ok(None) };
    let found = Systemd::show(&transient::service(&unit), &["ActiveState", "MainPID"])?;
    let runs = matches!(&*found["ActiveState"], "activating" | "deactivating" | "reloading");
    Ok(runs.then(|| found["MainPID"].parse().unwrap_or(0)))
}

fn in_unit(places: &Places, command: &HostCommand) -> Result<Finished, HostError> {
    let log = places.state().join(LOG);
    // One that an agent before this one began runs to its end first.
    let last = marked(&places.at(MARK)).unwrap_or_else(|| UNIT.to_owned());
    transient::ended_unit(&last)?;
    transient::forget(&last)?;
    let unit = free_name()?;
    fs::write(&log, "").map_err(|cause| at("write", &log, cause))?;
    mark(&places.at(MARK), &unit).map_err(|cause| at("write", &places.at(MARK), cause))?;
    let limit = LIMIT + Duration::from_secs(60);
    let started = HostCommand::new("systemd-run").args(arguments(command, &unit, &log)).limit(limit).run();
    let found = transient::ended_unit(&unit)?;
    if found["LoadState"] != "loaded" {
        return Err(HostError { action: format!("run {command}"), reason: transient::refusal(started) });
    }
    let (status, is_exit) = (found["ExecMainStatus"].parse().unwrap_or(-1), found["ExecMainCode"] == "1");
    let stdout = fs::read(&log).map_err(|cause| at("read", &log, cause))?;
    transient::forget(&unit)?;
    let _ = fs::remove_file(places.at(MARK));
    // As a command that was killed is told of elsewhere.
    Ok(Finished { status: if is_exit { status } else { 128 + status }, stdout, stderr: String::new() })
}

fn mark(path: &Path, unit: &str) -> std::io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    fs::write(path, unit)
}

/// The unit of the mark; an older agent wrote none, and knew one name.
fn marked(path: &Path) -> Option<String> {
    let unit = fs::read_to_string(path).ok()?;
    Some(if unit.is_empty() { UNIT.to_owned() } else { unit })
}

/// A name that systemd does not know. A unit in which anything is left stays known when it has been stopped.
fn free_name() -> Result<String, HostError> {
    let others = (2..NAMES).map(|number| format!("{UNIT}-{number}"));
    for unit in std::iter::once(UNIT.to_owned()).chain(others) {
        if Systemd::show(&transient::service(&unit), &["LoadState"])?["LoadState"] == "not-found" {
            return Ok(unit);
        }
    }
    Err(HostError { action: format!("begin {UNIT}"), reason: "what earlier ones have left still runs".to_owned() })
}

/// The arguments of `systemd-run`. At a shutdown, and when its time is up, it is not killed but waited for:
/// SIGCONT changes nothing for who runs (systemd.kill(5)).
fn arguments(command: &HostCommand, unit: &str, log: &Path) -> Vec<String> {
    let log: PathBuf = log.to_owned();
    let fixed = [
        "--quiet".to_owned(),
        format!("--unit={}", transient::service(unit)),
        "--description=A package transaction of the upgrade agent".to_owned(),
        "--service-type=oneshot".to_owned(),
        "--remain-after-exit".to_owned(),
        "--property=KillMode=process".to_owned(),
        "--property=KillSignal=SIGCONT".to_owned(),
        format!("--property=TimeoutStopSec={AT_SHUTDOWN}"),
        format!("--property=TimeoutStartSec={}", LIMIT.as_secs()),
        "--property=OOMScoreAdjust=-500".to_owned(),
        "--property=StandardInput=null".to_owned(),
        format!("--property=StandardOutput=append:{}", log.display()),
        format!("--property=StandardError=append:{}", log.display()),
    ];
    let variables = command.variables().into_iter().map(|(name, value)| format!("--setenv={name}={value}"));
    let line = command.line().iter().map(|word| transient::escaped(word));
    fixed.into_iter().chain(variables).chain(["--".to_owned()]).chain(line).collect()
}

fn end_of(output: &str) -> String {
    let lines: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_says_why_with_the_last_of_both_streams() {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        let shell = |script: &str| HostCommand::new("/bin/sh").args(["-c", script]);
        assert_eq!(run(&places, shell("exit 102"), &[0, 102]), Ok(()));
        let error = run(&places, shell("seq 20; echo broken >&2; exit 4"), &[0]).unwrap_err();
        assert!(error.reason.starts_with("status 4\n10\n11\n"), "{error}");
        assert!(error.reason.ends_with("\n20\nbroken"), "{error}");
        assert_eq!(running(&places), Ok(None));
    }

    #[test]
    fn the_mark_names_the_unit_and_that_of_an_older_agent_the_one_that_it_knew() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("run/transaction");
        assert_eq!(marked(&path), None);
        mark(&path, "consignee-transaction-2").unwrap();
        assert_eq!(marked(&path).as_deref(), Some("consignee-transaction-2"));
        fs::write(&path, "").unwrap();
        assert_eq!(marked(&path).as_deref(), Some(UNIT));
    }

    #[test]
    fn the_unit_has_what_the_command_would_have_and_is_not_killed() {
        let command = HostCommand::new("apt-get").args(["install", "erp=1$0"]).variable("DEBIAN_FRONTEND", "x");
        let words = arguments(&command, UNIT, Path::new("/log"));
        let end = words.iter().position(|word| word == "--").unwrap();
        assert_eq!(words[end + 1..], ["apt-get", "install", "erp=1$$0"]);
        for word in ["--setenv=DEBIAN_FRONTEND=x", "--setenv=LC_ALL=C.UTF-8", "--property=KillSignal=SIGCONT"] {
            assert!(words[..end].iter().any(|found| found == word), "{word} is not in {words:?}");
        }
    }
}
