//! The way into a running host: a process of this machine that joins the namespaces of its PID 1.

use std::process::Command;
use std::time::Duration;

use crate::cgroup::Cgroup;
use crate::outcome::{Outcome, line};
use crate::wait::until;

/// What a root login would find. Nothing of this machine's environment gets in.
pub(crate) const ENVIRONMENT: [(&str, &str); 7] = [
    ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    ("HOME", "/root"),
    ("USER", "root"),
    ("LOGNAME", "root"),
    ("SHELL", "/bin/bash"),
    ("LANG", "C.UTF-8"),
    ("TERM", "dumb"),
];

/// Joins the host's control group first, so that a power cut takes the caller too and its answer
/// is always 137. (A `systemd-run --wait` left outside sees its bus close and answers 0.)
const JOIN: &str = r#"echo $$ >"$1"/supervisor/cgroup.procs && shift && exec "$@""#;

/// A way into one host, good for every boot of it; clones can be given to other threads.
#[derive(Clone, Debug)]
pub struct Entrance {
    id: String,
    cgroup: Cgroup,
}

impl Entrance {
    pub(crate) fn of(id: &str, cgroup: Cgroup) -> Entrance {
        Entrance { id: id.to_owned(), cgroup }
    }

    /// A command that will run inside the host, ready for a test to add variables, files or pipes.
    ///
    /// Panics when the host is off.
    #[track_caller]
    pub fn command(&self, argv: &[&str]) -> Command {
        let init = self.init();
        let init = init.unwrap_or_else(|| panic!("cannot run {}: host {} is off", line(argv), self.id));
        let mut command = Command::new("/bin/sh");
        command.args(["-c", JOIN, "join"]).arg(self.cgroup.path());
        command.args(["nsenter", "-t", &init.to_string(), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w", "--"]);
        command.args(argv).env_clear().envs(ENVIRONMENT);
        command
    }

    /// Runs a command inside the host, to its end.
    #[track_caller]
    pub fn exec(&self, argv: &[&str]) -> Outcome {
        self.exec_with(argv, &[])
    }

    /// [`Entrance::exec`] with more environment variables.
    #[track_caller]
    pub fn exec_with(&self, argv: &[&str], variables: &[(&str, &str)]) -> Outcome {
        let mut command = self.command(argv);
        command.envs(variables.iter().copied());
        Outcome::of(line(argv), &mut command).expect("sh can be started")
    }

    /// Runs a command as a unit of the host's own systemd, as an operator's systemd-run would.
    #[track_caller]
    pub fn run(&self, argv: &[&str]) -> Outcome {
        let unit = ["systemd-run", "-q", "--pipe", "--wait", "--collect", "--service-type=exec", "--"];
        self.exec(&[&unit[..], argv].concat())
    }

    /// Runs a command that must exit with 0; panics with everything it wrote otherwise.
    #[track_caller]
    pub fn ok(&self, argv: &[&str]) -> Outcome {
        self.exec(argv).expect_ok()
    }

    /// Runs a piece of shell that must exit with 0, and answers what it wrote, without the end of
    /// its last line.
    #[track_caller]
    pub fn shell(&self, script: &str) -> String {
        self.ok(&["/bin/sh", "-ec", script]).stdout.trim_end().to_owned()
    }

    /// Waits until `look` answers something; panics with what was awaited and the host's own
    /// journal when it does not.
    #[track_caller]
    pub fn wait_until<T>(&self, what: &str, within: Duration, look: impl FnMut() -> Option<T>) -> T {
        until(what, within, look).unwrap_or_else(|late| {
            let journal = self.init().map(|_| self.exec(&["journalctl", "-b", "-n", "60", "--no-pager"]));
            panic!("host {}: {late}\n{}", self.id, journal.map_or("(the host is off)".into(), |j| j.to_string()))
        })
    }

    /// The host's PID 1, seen from this machine; none when the host is off.
    pub(crate) fn init(&self) -> Option<u32> {
        self.cgroup.init()
    }
}
