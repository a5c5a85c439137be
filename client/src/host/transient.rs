//! Programs of vendors, each in a transient unit of systemd.
//!
//! The unit is a `oneshot` that remains after its exit. So `systemd-run` waits for the end by itself;
//! how the program ended can be asked afterwards, whatever happened to `systemd-run`; the time limit
//! is systemd's own; and stopping the unit ends everything the program started, also what went into
//! the background. (`--wait` would not do: in systemd 252 and 257 its exit code is 0 for an `exec`
//! unit that SIGTERM ended and 255 for SIGKILL, and it is 0 when the bus goes away.)

use std::collections::BTreeMap;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::HostError;
use super::command::{CommandError, HostCommand, PATH};
use super::program::{Ended, Program, Programs};
use super::systemd::{Properties, Systemd};

/// How long a program has to end after SIGTERM before SIGKILL.
const END: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_secs(1);
const ASKED: [&str; 5] = ["LoadState", "ActiveState", "Result", "ExecMainCode", "ExecMainStatus"];

/// What pam_env(8) reads for `su -`. A PAM session proper would take the program out of its unit.
const LOGIN_FILES: [&str; 2] = ["/etc/environment", "/etc/default/locale"];

/// Shells that understand `-l -c 'exec "$0" "$@"'`. The others, and `nologin`, give way to `/bin/sh`.
const SHELLS: [&str; 7] = ["sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"];

impl Programs for Systemd {
    fn run(&self, program: &Program) -> Result<Ended, HostError> {
        self.end(&program.unit)?;
        let log = open_log(&program.log)?;
        let arguments = match arguments(program) {
            Ok(arguments) => arguments,
            Err(Unready::Program(reason)) => return Ok(Ended::CannotStart(reason)),
            Err(Unready::Host(error)) => return Err(error),
        };
        let size = || log.metadata().map(|file| file.len()).unwrap_or_default();
        let before = size();
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
fn open_log(path: &Path) -> Result<std::fs::File, HostError> {
    let mut options = std::fs::OpenOptions::new();
    options
        .create(true)
        .append(true)
        .mode(0o640)
        .open(path)
        .map_err(|cause| HostError { action: format!("open {}", path.display()), reason: cause.to_string() })
}

enum Unready {
    Program(String),
    Host(HostError),
}

impl From<HostError> for Unready {
    fn from(error: HostError) -> Self {
        Self::Host(error)
    }
}

/// The arguments of `systemd-run`.
fn arguments(program: &Program) -> Result<Vec<String>, Unready> {
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
    let mut arguments = vec![
        "--quiet".to_owned(),
        format!("--unit={}", service(&program.unit)),
        "--service-type=oneshot".to_owned(),
        "--remain-after-exit".to_owned(),
    ];
    let properties = [
        format!("User={}", program.user),
        format!("WorkingDirectory={}", folder.display()),
        // 0 would be without a limit.
        format!("TimeoutStartSec={}", program.limit.as_secs().max(1)),
        format!("TimeoutStopSec={}", grace(program.limit).as_secs()),
        "StandardInput=null".to_owned(),
        format!("StandardOutput=append:{log}"),
        format!("StandardError=append:{log}"),
    ];
    arguments.extend(properties.map(|property| format!("--property={property}")));
    if program.login_shell {
        arguments.extend(LOGIN_FILES.map(|file| format!("--property=EnvironmentFile=-{file}")));
    }
    arguments.extend(variables.iter().map(|(name, value)| format!("--setenv={name}={value}")));
    arguments.push("--".to_owned());
    arguments.extend(line.iter().map(|argument| escaped(argument)));
    Ok(arguments)
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
struct Account {
    name: String,
    home: PathBuf,
    shell: String,
}

impl Account {
    // What `su - <user>` sets (su(1)); `PATH` is the profile's.
    fn login(&self) -> BTreeMap<String, String> {
        let (home, shell) = (self.home.display().to_string(), self.shell().to_owned());
        let (user, logname) = (self.name.clone(), self.name.clone());
        let variables = [("HOME", home), ("USER", user), ("LOGNAME", logname), ("SHELL", shell)];
        variables.map(|(name, value)| (name.to_owned(), value)).into()
    }

    fn shell(&self) -> &str {
        let name = self.shell.rsplit('/').next().unwrap_or_default();
        if SHELLS.contains(&name) && Path::new(&self.shell).is_file() { &self.shell } else { "/bin/sh" }
    }
}

fn account(user: &str) -> Result<Account, Unready> {
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
fn in_login_shell(shell: &str, program: &Program) -> Vec<String> {
    let mut line = [shell, "-l", "-c", r#"exec "$0" "$@""#].map(str::to_owned).to_vec();
    if !program.environment.is_empty() {
        line.push("env".to_owned());
        line.extend(program.environment.iter().map(|(name, value)| format!("{name}={value}")));
    }
    line.extend(program.command.iter().cloned());
    line
}

fn on_path(command: &[String]) -> Result<Vec<String>, Unready> {
    let (name, rest) = command.split_first().ok_or_else(|| Unready::Program("it is empty".to_owned()))?;
    let mut places = PATH.split(':').map(|folder| Path::new(folder).join(name)).filter(|path| path.is_file());
    let found = if name.starts_with('/') {
        Some(PathBuf::from(name)).filter(|path| path.is_file())
    } else if name.contains('/') {
        return Err(Unready::Program("it is neither a name nor an absolute path".to_owned()));
    } else {
        places.next()
    };
    let found = found.ok_or_else(|| Unready::Program("there is no such program".to_owned()))?;
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
