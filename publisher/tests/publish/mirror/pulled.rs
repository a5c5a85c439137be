//! Sticks that are pulled and machines that die, at any system call: typed again, an export or an import is whole.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};

use super::changes::is_of_the_moment;
use super::isolated::Isolated;
use super::killed::{CALLS, SAMPLE, points};
use crate::project::{err, ok};

/// A site with the first release; the second is on its way.
struct Pulled {
    site: Isolated,
}

impl Pulled {
    fn new() -> Self {
        let site = Isolated::with("");
        site.release("1.0.0");
        site.exported("stick", &[]);
        site.imported(&["stick"]);
        site.release("1.1.0");
        std::fs::rename(site.mirror(), site.medium("site-before")).unwrap();
        std::fs::rename(site.medium("stick"), site.medium("stick-before")).unwrap();
        site.exported("good", &["--since", "1"]);
        Self { site }
    }

    fn reset(&self) {
        for name in ["site", "stick"] {
            let _ = std::fs::remove_dir_all(self.site.medium(name));
            let before = self.site.medium(&format!("{name}-before"));
            ok(Command::new("cp").arg("-a").arg(before).arg(self.site.medium(name)));
        }
    }

    fn export(&self) -> Command {
        self.site.export_command("stick", &["--since", "1"])
    }

    fn import(&self) -> Command {
        self.site.import_command(&[self.site.medium("good")])
    }

    fn traced(&self, command: &Command, options: &[&str]) -> ExitStatus {
        let mut traced = Command::new("strace");
        traced.args(["-f", "-qq", "-o"]).arg(self.site.medium("trace")).args(options);
        traced.arg(command.get_program()).args(command.get_args()).output().unwrap().status
    }

    /// How often an undisturbed run makes each call in one thread, which is what a fault counts by.
    fn count(&self, command: &Command) -> BTreeMap<&'static str, usize> {
        self.reset();
        assert!(self.traced(command, &["-e", &format!("trace={}", CALLS.join(","))]).success());
        let trace = std::fs::read_to_string(self.site.medium("trace")).unwrap();
        let made = |call: &str| {
            let mut threads: BTreeMap<&str, usize> = BTreeMap::new();
            for line in trace.lines().filter(|line| line.contains(&format!(" {call}("))) {
                *threads.entry(line.split(' ').next().unwrap()).or_default() += 1;
            }
            threads.into_values().max().unwrap_or(0)
        };
        CALLS.into_iter().map(|call| (call, made(call))).filter(|(_, times)| *times > 0).collect()
    }

    /// Kills it at points of each call, and looks at what is left.
    fn sweep(&self, command: &Command, look: impl Fn(&str)) -> usize {
        let mut killed = 0;
        for (call, times) in self.count(command) {
            for time in points(times, SAMPLE) {
                let what = format!("killed at {call} {time} of {times}");
                self.reset();
                let inject = format!("inject={call}:signal=KILL:when={time}");
                let status = self.traced(command, &["-e", &format!("trace={call}"), "-e", &inject]);
                if status.signal() != Some(9) {
                    // How often threads wake each other differs from run to run.
                    assert!(call == "write" && status.success(), "{what}: the fault did not fire");
                    continue;
                }
                look(&what);
                killed += 1;
            }
        }
        killed
    }
}

#[test]
fn an_export_killed_at_any_call_is_unfinished_or_whole_and_is_typed_again() {
    let pulled = Pulled::new();
    let site = &pulled.site;
    let killed = pulled.sweep(&pulled.export(), |what| {
        // What it left is the export before, the new one, or nothing; a site is not misled by any of them.
        let left = site.import(&["stick"]);
        let unfinished = err(&left).contains("holds no export, or one that was not finished");
        assert!(left.status.success() || unfinished, "{what}: {}", err(&left));
        assert_eq!(site.findings(), Vec::<String>::new(), "{what}");
        ok(&mut pulled.export());
        assert_eq!(site.imported(&["stick"])["generation"], 2, "{what}");
        let names = super::isolated::files(&site.medium("stick")).into_keys();
        let left: Vec<_> = names.filter(|name| name.ends_with(".new")).collect();
        assert_eq!(left, Vec::<String>::new(), "{what}");
    });
    assert!(killed >= 12, "only {killed} points");
}

#[test]
fn an_import_killed_at_any_call_shows_a_whole_generation_and_is_typed_again() {
    let pulled = Pulled::new();
    let site = &pulled.site;
    let killed = pulled.sweep(&pulled.import(), |what| {
        let found: Vec<_> = site.findings().into_iter().filter(|finding| !is_of_the_moment(finding)).collect();
        assert!(found.is_empty(), "{what}: {found:#?}");
        assert_eq!(site.imported(&["good"])["generation"], 2, "{what}");
        assert!(site.files() == site.scene.files(), "{what}");
    });
    assert!(killed >= 15, "only {killed} points");
}
