//! A mirror that dies at any system call: its hosts see a whole generation, and the next one goes on.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};

use super::changes::is_of_the_moment;
use super::scene::Scene;
use crate::formats::BOTH;
use crate::project::{err, ok};

/// Everything that changes files.
pub const CALLS: [&str; 10] =
    ["openat", "write", "renameat", "renameat2", "rename", "fsync", "unlink", "unlinkat", "mkdir", "ftruncate"];
/// Without `CONSIGN_LONG` so many points of each call, spread over all of them.
pub const SAMPLE: usize = 3;

/// A mirror of the first generation, or none, and a vendor with the second.
struct Killing {
    scene: Scene,
    is_first: bool,
}

impl Killing {
    fn of(formats: &'static str, is_first: bool) -> Self {
        let scene = Scene::with(formats);
        scene.release("erp", "1.0.0");
        if is_first {
            std::fs::create_dir(scene.mirror()).unwrap();
        } else {
            scene.synced(&[]);
        }
        scene.release("erp", "1.1.0");
        std::fs::rename(scene.mirror(), scene.site().join("before")).unwrap();
        Self { scene, is_first }
    }

    fn reset(&self) {
        let _ = std::fs::remove_dir_all(self.scene.mirror());
        ok(Command::new("cp").arg("-a").arg(self.scene.site().join("before")).arg(self.scene.mirror()));
    }

    fn traced(&self, options: &[&str]) -> ExitStatus {
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-o"]).arg(self.trace()).args(options).arg(env!("CARGO_BIN_EXE_consign"));
        let sync = self.scene.command(&["--lanes", "1"]);
        command.args(sync.get_args()).output().unwrap().status
    }

    fn trace(&self) -> std::path::PathBuf {
        self.scene.site().join("trace")
    }

    /// How often an undisturbed run makes each call in one thread, which is what a fault counts by.
    fn count(&self) -> BTreeMap<&'static str, usize> {
        self.reset();
        assert!(self.traced(&["-e", &format!("trace={}", CALLS.join(","))]).success());
        let trace = std::fs::read_to_string(self.trace()).unwrap();
        let made = |call: &str| {
            let mut threads: BTreeMap<&str, usize> = BTreeMap::new();
            for line in trace.lines().filter(|line| line.contains(&format!(" {call}("))) {
                *threads.entry(line.split(' ').next().unwrap()).or_default() += 1;
            }
            threads.into_values().max().unwrap_or(0)
        };
        CALLS.into_iter().map(|call| (call, made(call))).filter(|(_, times)| *times > 0).collect()
    }

    /// Hosts see one generation, whole, or nothing yet; then the same command succeeds.
    fn assert_whole_and_repeatable(&self, what: &str) {
        let begun = !self.is_first || self.scene.mirror().join("consign/stable/feed.pgp").exists();
        let not_yet = |finding: &String| self.is_first && !begun && finding.contains("it is not there");
        let found = self.scene.findings();
        let found: Vec<_> = found.iter().filter(|f| !is_of_the_moment(f) && !not_yet(f)).collect();
        assert!(found.is_empty(), "{what}: {found:#?}");
        let again = self.scene.sync(&["--lanes", "1"]);
        assert!(again.status.success(), "{what}: {}", err(&again));
        assert_eq!(self.scene.findings(), Vec::<String>::new(), "{what}");
        assert!(self.scene.files().contains_key("pool/main/a/acme-erp/acme-erp_1.1.0-1_all.deb"), "{what}");
    }

    fn sweep(&self, calls: &[&str], sample: usize) -> usize {
        let counted = self.count();
        let mut killed = 0;
        for (call, times) in counted.iter().filter(|(call, _)| calls.contains(call)) {
            for time in points(*times, sample) {
                let what = format!("killed at {call} {time} of {times}");
                self.reset();
                let inject = format!("inject={call}:signal=KILL:when={time}");
                let status = self.traced(&["-e", &format!("trace={call}"), "-e", &inject]);
                if status.signal() != Some(9) {
                    // How often threads wake each other differs from run to run.
                    assert!(*call == "write" && status.success(), "{what}: the fault did not fire");
                    continue;
                }
                self.assert_whole_and_repeatable(&what);
                killed += 1;
            }
        }
        killed
    }
}

/// All of them, or a few that are spread evenly, the first and the last among them.
pub fn points(times: usize, sample: usize) -> Vec<usize> {
    if std::env::var_os("CONSIGN_LONG").is_some() || times <= sample {
        return (1..=times).collect();
    }
    (0..sample).map(|n| 1 + n * (times - 1) / (sample - 1)).collect()
}

#[test]
fn a_mirror_killed_at_any_call_leaves_nothing_to_repair() {
    let killed = Killing::of("", false).sweep(&CALLS, SAMPLE);
    assert!(killed >= 15, "only {killed} points");
}

#[test]
fn a_mirror_of_both_formats_killed_at_a_renaming_leaves_nothing_to_repair() {
    let killed = Killing::of(BOTH, false).sweep(&["renameat", "renameat2"], 8);
    assert!(killed >= 10, "only {killed} points");
}

#[test]
fn a_mirror_killed_the_first_time_shows_nothing_that_is_not_whole() {
    let killed = Killing::of("", true).sweep(&["renameat", "renameat2", "write"], 5);
    assert!(killed >= 10, "only {killed} points");
}

/// Kills leave the page cache; a power cut does not. So the order of syncs is looked at.
#[test]
fn a_file_is_synced_before_it_gets_its_name_and_its_folder_after() {
    let killing = Killing::of(BOTH, false);
    killing.reset();
    assert!(killing.traced(&["-y", "-s", "4096", "-e", "trace=fsync,rename,renameat,renameat2"]).success());
    let trace = std::fs::read_to_string(killing.trace()).unwrap();
    let lines: Vec<&str> = trace.lines().collect();
    let mut named = 0;
    for (at, line) in lines.iter().enumerate() {
        let Some([from, to]) = line.contains("/.consign/").then(|| quoted(line)).flatten() else { continue };
        let synced = |line: &&str, path: &str| line.contains("fsync(") && line.contains(&format!("<{path}>)"));
        assert!(lines[..at].iter().any(|line| synced(line, &from)), "{from} is not synced before {to} is its name");
        let folder = Path::new(&to).parent().unwrap().display().to_string();
        let thread = line.split(' ').next().unwrap();
        let next = lines[at + 1..].iter().find(|line| line.split(' ').next() == Some(thread)).unwrap();
        assert!(synced(next, &folder), "{folder} is not synced after {to} is in it: {next}");
        named += 1;
    }
    assert!(named >= 10, "{trace}");
}

/// The two paths of a renaming.
fn quoted(line: &str) -> Option<[String; 2]> {
    let paths: Vec<_> = line.contains("rename").then(|| line.split('"').skip(1).step_by(2))?.collect();
    <[&str; 2]>::try_from(paths).ok().map(|paths| paths.map(str::to_owned))
}
