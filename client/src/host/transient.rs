//! Programs of vendors, each in a transient unit of systemd.
//!
//! The unit is a `oneshot` that remains after its exit. So `systemd-run` waits for the end by itself;
//! how the program ended can be asked afterwards, whatever happened to `systemd-run`; the time limit
//! is systemd's own; and stopping the unit ends everything the program started, also what went into
//! the background. (`--wait` would not do: in systemd 252 and 257 its exit code is 0 for an `exec`
//! unit that SIGTERM ended and 255 for SIGKILL, and it is 0 when the bus goes away.) A program that runs until it
//! is ready is a `simple` unit, which is looked at while it runs.

use std::collections::BTreeMap;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use consign_metadata::plan::{Limits, OomPolicy};

use super::HostError;
use super::bounded::Bounded;
use super::command::{CommandError, HostCommand};
use super::kernel::commands::PATH;
use super::program::{Ended, Program, Programs};
use super::systemd::{Properties, Systemd};

/// How long a program has to end after SIGTERM before SIGKILL.
pub(super) const END: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_secs(1);
const ASKED: [&str; 6] = ["LoadState", "ActiveState", "SubState", "Result", "ExecMainCode", "ExecMainStatus"];

/// What pam_env(8) reads for `su -`. A PAM session proper would take the program out of its unit.
pub(super) const LOGIN_FILES: [&str; 2] = ["/etc/environment", "/etc/default/locale"];

/// Shells that understand `-l -c 'exec "$0" "$@"'`. The others, and `nologin`, give way to `/bin/sh`.
const SHELLS: [&str; 7] = ["sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"];

impl Programs for Systemd {
    fn run(&self, program: &Program) -> Result<Ended, HostError> {
        self.end(&program.unit)?;
        let log = open_log(&program.log)?;
        let arguments = match arguments(program, Course::ToItsEnd) {
            Ok(arguments) => arguments,
            Err(unready) => return unready.ended(),
        };
        let size = || log.metadata().map(|file| file.len()).unwrap_or_default();
        let before = size();
        let _bounded = Bounded::watch(&program.log);
        let limit = program.limit + END * 2 + Duration::from_secs(60);
        let started = HostCommand::new("systemd-run").args(arguments).limit(limit).run();
        let found = ended_unit(&program.unit)?;
        if found["LoadState"] != "loaded" {
            return Ok(Ended::CannotStart(refusal(started)));
        }
        let ended = ending(&found, size() == before);
        self.end(&program.unit)?;
        Ok(ended)
    }

    fn run_until(
        &self,
        program: &Program,
        grace: Duration,
        is_ready: &mut dyn FnMut() -> bool,
    ) -> Result<Ended, HostError> {
        self.end(&program.unit)?;
        let log = open_log(&program.log)?;
        let arguments = match arguments(program, Course::UntilStopped(grace)) {
            Ok(arguments) => arguments,
            Err(unready) => return unready.ended(),
        };
        let before = log.metadata().map(|file| file.len()).unwrap_or_default();
        let _bounded = Bounded::watch(&program.log);
        let started = HostCommand::new("systemd-run").args(arguments).run();
        let ended = match alive_until(&program.unit, is_ready)? {
            None => stopped(&program.unit, grace)?,
            Some(found) if found["LoadState"] != "loaded" => Ended::CannotStart(refusal(started)),
            Some(found) => match ending(&found, log.metadata().is_ok_and(|file| file.len() == before)) {
                // The last thing that it wrote may have been that it is ready.
                Ended::Exit(0) if is_ready() => Ended::Stopped { killed: false },
                ended => ended,
            },
        };
        self.end(&program.unit)?;
        Ok(ended)
    }

    fn start(&self, program: &Program) -> Result<Option<Ended>, HostError> {
        self.end(&program.unit)?;
        open_log(&program.log)?;
        let arguments = match arguments(program, Course::ToItsEnd) {
            Ok(arguments) => arguments,
            Err(unready) => return unready.ended().map(Some),
        };
        let started = HostCommand::new("systemd-run").arg("--no-block").args(arguments).run()?;
        Ok((started.status != 0).then_some(Ended::CannotStart(started.stderr)))
    }

    // A `oneshot` is active only once its program has ended; before its job has begun it is inactive.
    fn is_at_work(&self, unit: &str) -> Result<bool, HostError> {
        let found = Systemd::show(&service(unit), &["LoadState", "ActiveState"])?;
        Ok(found["LoadState"] == "loaded" && matches!(&*found["ActiveState"], "activating" | "inactive"))
    }

    fn end(&self, unit: &str) -> Result<(), HostError> {
        forget(unit)
    }
}

/// Ends a unit, if it is there, so that its name is free.
pub(super) fn forget(unit: &str) -> Result<(), HostError> {
    let unit = service(unit);
    let found = Systemd::show(&unit, &["LoadState", "ActiveState"])?;
    if found["LoadState"] == "not-found" {
        return Ok(());
    }
    HostCommand::new("systemctl").args(["stop", "--", &unit]).limit(END * 3).run()?;
    HostCommand::new("systemctl").args(["reset-failed", "--", &unit]).run()?;
    match &*Systemd::show(&unit, &["ActiveState"])?["ActiveState"] {
        "inactive" => Ok(()),
        state => Err(HostError { action: format!("end {unit}"), reason: format!("it is {state}") }),
    }
}

pub(super) fn service(unit: &str) -> String {
    format!("{unit}.service")
}

// Made before systemd opens it, which would leave it readable by all.
pub(super) fn open_log(path: &Path) -> Result<std::fs::File, HostError> {
    let mut options = std::fs::OpenOptions::new();
    options
        .create(true)
        .append(true)
        .mode(0o640)
        .open(path)
        .map_err(|cause| HostError { action: format!("open {}", path.display()), reason: cause.to_string() })
}

pub(super) enum Unready {
    Missing,
    Program(String),
    Host(HostError),
}

impl Unready {
    pub(super) fn ended(self) -> Result<Ended, HostError> {
        match self {
            Self::Missing => Ok(Ended::Missing),
            Self::Program(reason) => Ok(Ended::CannotStart(reason)),
            Self::Host(error) => Err(error),
        }
    }
}

/// What becomes of a program.
#[derive(Clone, Copy)]
enum Course {
    /// It ends by itself within its time.
    ToItsEnd,
    /// It is stopped, and has so much time to end.
    UntilStopped(Duration),
}

impl From<HostError> for Unready {
    fn from(error: HostError) -> Self {
        Self::Host(error)
    }
}

/// The arguments of `systemd-run`.
fn arguments(program: &Program, course: Course) -> Result<Vec<String>, Unready> {
    let account = account(&program.user)?;
    let (line, variables, folder) = if program.login_shell {
        (in_login_shell(account.shell(), program), account.login(), account.home.clone())
    } else {
        (on_path(&program.command)?, program.environment.clone(), PathBuf::from("/"))
    };
    let folder = program.working_folder.clone().unwrap_or(folder);
    if !folder.is_dir() {
        return Err(Unready::Program(format!("there is no folder {}", folder.display())));
    }
    let log = program.log.display();
    // 0 would be without a limit.
    let seconds = program.limit.as_secs().max(1);
    let (kind, limit, grace) = match course {
        Course::ToItsEnd => ("oneshot", format!("TimeoutStartSec={seconds}"), grace(program.limit)),
        Course::UntilStopped(grace) => ("simple", format!("RuntimeMaxSec={seconds}"), grace),
    };
    let mut arguments = vec![
        "--quiet".to_owned(),
        format!("--unit={}", service(&program.unit)),
        format!("--service-type={kind}"),
        "--remain-after-exit".to_owned(),
    ];
    let properties = [
        format!("User={}", program.user),
        format!("WorkingDirectory={}", folder.display()),
        limit,
        format!("TimeoutStopSec={}", grace.as_secs().max(1)),
        "StandardInput=null".to_owned(),
        format!("StandardOutput=append:{log}"),
        format!("StandardError=append:{log}"),
    ];
    arguments.extend(properties.into_iter().chain(limits(&program.limits)).map(|p| format!("--property={p}")));
    if program.login_shell {
        arguments.extend(LOGIN_FILES.map(|file| format!("--property=EnvironmentFile=-{file}")));
    }
    arguments.extend(variables.iter().map(|(name, value)| format!("--setenv={name}={value}")));
    arguments.push("--".to_owned());
    arguments.extend(line.iter().map(|argument| escaped(argument)));
    Ok(arguments)
}

/// As systemd.exec(5), systemd.service(5) and systemd.resource-control(5) write them. Swap would only make the end
/// for want of memory a slow one.
fn limits(limits: &Limits) -> Vec<String> {
    let policy = limits.oom_policy.map(|policy| match policy {
        OomPolicy::Stop => "stop",
        OomPolicy::Kill => "kill",
        OomPolicy::Continue => "continue",
    });
    [
        limits.memory_mib.map(|mebibytes| format!("MemoryMax={mebibytes}M")),
        limits.memory_mib.map(|_| "MemorySwapMax=0".to_owned()),
        policy.map(|policy| format!("OOMPolicy={policy}")),
        limits.oom_score.map(|score| format!("OOMScoreAdjust={score}")),
        limits.nice.map(|nice| format!("Nice={nice}")),
        limits.cpu_weight.map(|weight| format!("CPUWeight={weight}")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

// Who has only seconds to run has not ten more to end: somebody waits for the answer.
fn grace(limit: Duration) -> Duration {
    if limit < END { Duration::from_secs(1) } else { END }
}

// systemd replaces `$name` and `${name}` in every argument, of transient units too (systemd.service(5));
// `--expand-environment=no` is there from 254 on only.
pub(super) fn escaped(argument: &str) -> String {
    argument.replace('$', "$$")
}

/// A user as the host's name service has it.
pub(super) struct Account {
    name: String,
    pub(super) home: PathBuf,
    shell: String,
}

impl Account {
    // What `su - <user>` sets (su(1)); `PATH` is the profile's.
    pub(super) fn login(&self) -> BTreeMap<String, String> {
        let (home, shell) = (self.home.display().to_string(), self.shell().to_owned());
        let (user, logname) = (self.name.clone(), self.name.clone());
        let variables = [("HOME", home), ("USER", user), ("LOGNAME", logname), ("SHELL", shell)];
        variables.map(|(name, value)| (name.to_owned(), value)).into()
    }

    pub(super) fn shell(&self) -> &str {
        let name = self.shell.rsplit('/').next().unwrap_or_default();
        if SHELLS.contains(&name) && Path::new(&self.shell).is_file() { &self.shell } else { "/bin/sh" }
    }
}

pub(super) fn account(user: &str) -> Result<Account, Unready> {
    let entry = HostCommand::new("getent").args(["passwd", "--", user]).run().map_err(HostError::from)?;
    let text = entry.text();
    let fields: Vec<&str> = text.trim_end().split(':').collect();
    match (entry.status, &fields[..]) {
        (0, [name, _, _, _, _, home, shell]) => {
            Ok(Account { name: (*name).to_owned(), home: PathBuf::from(home), shell: (*shell).to_owned() })
        }
        // getent(1): 2 is "not found", everything else is "could not look".
        (2, _) => Err(Unready::Program(format!("there is no user {user}"))),
        (status, _) => Err(Unready::Host(HostError {
            action: format!("look up user {user}"),
            reason: format!("status {status}: {}", entry.stderr),
        })),
    }
}

// The plan's variables come last, by env(1): the files above and the profile would else replace them.
pub(super) fn in_login_shell(shell: &str, program: &Program) -> Vec<String> {
    let mut line = [shell, "-l", "-c", r#"exec "$0" "$@""#].map(str::to_owned).to_vec();
    if !program.environment.is_empty() {
        line.push("env".to_owned());
        line.extend(program.environment.iter().map(|(name, value)| format!("{name}={value}")));
    }
    line.extend(program.command.iter().cloned());
    line
}

pub(super) fn on_path(command: &[String]) -> Result<Vec<String>, Unready> {
    let (name, rest) = command.split_first().ok_or_else(|| Unready::Program("it is empty".to_owned()))?;
    let mut places = PATH.split(':').map(|folder| Path::new(folder).join(name)).filter(|path| path.is_file());
    let found = if name.starts_with('/') {
        Some(PathBuf::from(name)).filter(|path| path.is_file())
    } else if name.contains('/') {
        return Err(Unready::Program("it is neither a name nor an absolute path".to_owned()));
    } else {
        places.next()
    };
    let found = found.ok_or(Unready::Missing)?;
    Ok(std::iter::once(found.display().to_string()).chain(rest.iter().cloned()).collect())
}

/// Waits, if need be, for the end that `systemd-run` was cut off from.
pub(super) fn ended_unit(unit: &str) -> Result<Properties, HostError> {
    loop {
        let found = Systemd::show(&service(unit), &ASKED)?;
        if !matches!(&*found["ActiveState"], "activating" | "deactivating" | "reloading") {
            return Ok(found);
        }
        std::thread::sleep(POLL);
    }
}

/// Looks at a program while it runs: `None` when it is ready, else how it ended.
fn alive_until(unit: &str, is_ready: &mut dyn FnMut() -> bool) -> Result<Option<Properties>, HostError> {
    loop {
        let found = Systemd::show(&service(unit), &ASKED)?;
        let alive = matches!(&*found["ActiveState"], "activating" | "deactivating" | "reloading")
            || (found["ActiveState"] == "active" && found["SubState"] != "exited");
        if !alive {
            return Ok(Some(found));
        }
        if found["ActiveState"] != "deactivating" && is_ready() {
            return Ok(None);
        }
        std::thread::sleep(POLL);
    }
}

/// Stops a program that is ready. systemd calls it a timeout where it had to kill.
fn stopped(unit: &str, grace: Duration) -> Result<Ended, HostError> {
    let unit = service(unit);
    HostCommand::new("systemctl").args(["stop", "--", &unit]).limit(grace + END * 3).run()?;
    let found = Systemd::show(&unit, &["LoadState", "Result"])?;
    Ok(match (&*found["LoadState"], &*found["Result"]) {
        ("loaded", "timeout") => Ended::Stopped { killed: true },
        ("loaded", "oom-kill") => Ended::OutOfMemory,
        _ => Ended::Stopped { killed: false },
    })
}

pub(super) fn refusal(started: Result<super::command::Finished, CommandError>) -> String {
    match started {
        Ok(finished) => finished.stderr,
        Err(error) => error.to_string(),
    }
}

/// How the program ended. 200 and above are systemd's own (systemd.exec(5), "Process exit codes"), as
/// long as the program has not written anything: then it did start.
fn ending(found: &Properties, silent: bool) -> Ended {
    let status = found["ExecMainStatus"].parse().unwrap_or(-1);
    match (&*found["Result"], &*found["ExecMainCode"]) {
        ("timeout", _) => Ended::Timeout,
        ("oom-kill", _) => Ended::OutOfMemory,
        // CLD_EXITED, CLD_KILLED, CLD_DUMPED of sigaction(2).
        (_, "1") if silent && (200..=243).contains(&status) => Ended::CannotStart(setup(status)),
        (_, "1") => Ended::Exit(status),
        (_, "2" | "3") => Ended::Signal(status),
        (result, _) => Ended::CannotStart(result.to_owned()),
    }
}

fn setup(status: i32) -> String {
    let what = match status {
        200 => "its folder cannot be entered",
        203 => "it cannot be executed",
        209 => "its log cannot be opened",
        216 | 217 => "its user cannot be taken on",
        _ => "systemd could not set it up",
    };
    format!("{what} (status {status} of systemd)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_program_ended_is_told_by_what_systemd_says() {
        let found = |result: &str, code: &str, status: &str| {
            let words = [("Result", result), ("ExecMainCode", code), ("ExecMainStatus", status)];
            words.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
        };
        assert_eq!(ending(&found("success", "1", "0"), true), Ended::Exit(0));
        assert_eq!(ending(&found("exit-code", "1", "203"), true), Ended::CannotStart(setup(203)));
        assert_eq!(ending(&found("exit-code", "1", "203"), false), Ended::Exit(203));
        assert_eq!(ending(&found("signal", "2", "9"), true), Ended::Signal(9));
        assert_eq!(ending(&found("timeout", "2", "15"), true), Ended::Timeout);
        assert_eq!(ending(&found("oom-kill", "2", "9"), true), Ended::OutOfMemory);
        // One of its children, and it ended in order after that.
        assert_eq!(ending(&found("oom-kill", "1", "0"), true), Ended::OutOfMemory);
    }
}
