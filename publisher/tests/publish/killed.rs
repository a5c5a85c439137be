//! A publisher that dies, at any system call: readers see a whole generation, and the next publish works.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};

use consign::store::DirectoryStore;
use consign::trust::Trust;
use consign::verify::{Finding, Scope, examine};
use jiff::Timestamp;

use crate::apt::Apt;
use crate::project::{Project, ok, out};

/// Everything that changes files, or decides whether they are changed.
const CALLS: [&str; 20] = [
    "openat",
    "read",
    "write",
    "pwrite64",
    "writev",
    "copy_file_range",
    "sendfile",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "fsync",
    "fdatasync",
    "unlink",
    "unlinkat",
    "mkdir",
    "chmod",
    "fchmod",
    "flock",
];
/// Without `CONSIGN_LONG` so many points of each call, spread over all of them.
const SAMPLE: usize = 3;

/// What may be wrong between two swaps: the pairs that clients by digest do not look at, and the feed
/// that comes last. Everything else is a reader's error.
fn is_of_the_moment(finding: &Finding) -> bool {
    let beside = ["dists/stable/Release", "dists/stable/Release.gpg", "acme-release.deb", "acme-release.rpm"];
    beside.contains(&finding.place.as_str())
        || finding.place.ends_with("/Packages.gz")
        || finding.place.starts_with("yum/stable/g/latest/")
        || finding.problem.contains("does not name dists/stable/InRelease as it is")
        || finding.problem.contains("does not name yum/stable/g/")
}

fn errors(public: &Path, certificate: &Path) -> Vec<String> {
    let trust = Trust::beside(certificate).unwrap();
    let store = DirectoryStore::at(public);
    let report = examine(&store, &trust, &"stable".parse().unwrap(), Timestamp::now(), Scope::Everything).unwrap();
    report.findings.iter().filter(|finding| !is_of_the_moment(finding)).map(ToString::to_string).collect()
}

/// A project with one published version, and another that was built.
struct Scene {
    project: Project,
}

impl Scene {
    fn new() -> Self {
        Self::of(Project::new())
    }

    fn of(project: Project) -> Self {
        project.build("erp", "1.0.0");
        project.published(&[]);
        project.note("1.1.0", "The second release.");
        project.build("erp", "1.1.0");
        std::fs::rename(project.public(), project.path("before")).unwrap();
        Self { project }
    }

    fn reset(&self) {
        let public = self.project.public();
        if public.exists() {
            std::fs::remove_dir_all(&public).unwrap();
        }
        ok(Command::new("cp").arg("-a").arg(self.project.path("before")).arg(public));
    }

    /// Publishes under strace.
    fn traced(&self, options: &[&str]) -> ExitStatus {
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-o", "trace"]).args(options).arg(env!("CARGO_BIN_EXE_consign")).arg("publish");
        command.current_dir(self.project.root()).output().unwrap().status
    }

    /// How often an undisturbed publish makes each call.
    fn count(&self) -> BTreeMap<&'static str, usize> {
        self.reset();
        let all = format!("trace={}", CALLS.join(","));
        assert!(self.traced(&["-e", &all]).success());
        let trace = std::fs::read_to_string(self.project.path("trace")).unwrap();
        let made = |call: &str| trace.lines().filter(|line| line.contains(&format!(" {call}("))).count();
        CALLS.into_iter().map(|call| (call, made(call))).filter(|(_, times)| *times > 0).collect()
    }

    fn fault(&self, call: &str, time: usize, fault: &str) -> ExitStatus {
        self.reset();
        let inject = format!("inject={call}:{fault}:when={time}");
        self.traced(&["-e", &format!("trace={call}"), "-e", &inject])
    }

    /// Readers see one generation, whole; then the same command succeeds.
    fn assert_whole_and_repeatable(&self, what: &str, with_apt: bool) {
        let public = self.project.public();
        let found = errors(&public, &self.project.certificate());
        assert!(found.is_empty(), "{what}: {found:#?}");
        if with_apt {
            let apt = Apt::new(&format!("file:{}", public.display()), &self.project.certificate());
            apt.updated();
            let candidate = apt.candidate("acme-erp");
            assert!(["1.0.0-1", "1.1.0-1"].map(Some).contains(&candidate.as_deref()), "{what}: {candidate:?}");
            apt.download("acme-erp");
        }
        self.project.published(&[]);
        let verified = self.project.verify(&[]);
        assert!(verified.status.success(), "{what}: {}", out(&verified));
        assert!(self.project.files().contains_key("pool/main/a/acme-erp/acme-erp_1.1.0-1_all.deb"), "{what}");
    }
}

/// All of them, or a few that are spread evenly, the first and the last among them.
fn points(times: usize) -> Vec<usize> {
    if std::env::var_os("CONSIGN_LONG").is_some() || times <= SAMPLE {
        return (1..=times).collect();
    }
    (0..SAMPLE).map(|n| 1 + n * (times - 1) / (SAMPLE - 1)).collect()
}

#[test]
fn a_publisher_killed_at_any_call_leaves_nothing_to_repair() {
    let scene = Scene::new();
    let counted = scene.count();
    assert!(counted["fsync"] > 20 && counted["renameat"] > 5 && counted["renameat2"] > 3, "{counted:?}");
    let mut killed = 0;
    for (call, times) in counted {
        for time in points(times) {
            let what = format!("killed at {call} {time} of {times}");
            let status = scene.fault(call, time, "signal=KILL");
            assert_eq!(status.signal(), Some(9), "{what}: the fault did not fire");
            scene.assert_whole_and_repeatable(&what, call.starts_with("rename"));
            killed += 1;
        }
    }
    assert!(killed >= 20, "only {killed} points");
}

/// With a yum repository beside: what is looked at is the same, and the list leads to a whole generation.
#[test]
fn a_publisher_of_both_formats_killed_at_a_renaming_leaves_nothing_to_repair() {
    let mut project = Project::new();
    project.formats = crate::formats::BOTH;
    let scene = Scene::of(project);
    let counted = scene.count();
    let mut killed = 0;
    for call in ["renameat", "renameat2"] {
        for time in 1..=counted[call] {
            let what = format!("killed at {call} {time} of {}", counted[call]);
            assert_eq!(scene.fault(call, time, "signal=KILL").signal(), Some(9), "{what}: the fault did not fire");
            scene.assert_whole_and_repeatable(&what, false);
            killed += 1;
        }
    }
    assert!(killed > 20, "only {killed} points: {counted:?}");
}

/// Kills leave the page cache; a power cut does not. So the order of syncs is looked at.
#[test]
fn a_file_is_synced_before_it_gets_its_name_and_its_folder_after() {
    let scene = Scene::new();
    scene.reset();
    assert!(scene.traced(&["-y", "-s", "4096", "-e", "trace=fsync,renameat,renameat2"]).success());
    let trace = std::fs::read_to_string(scene.project.path("trace")).unwrap();
    let lines: Vec<&str> = trace.lines().collect();
    let mut named = 0;
    for (at, line) in lines.iter().enumerate() {
        let Some([from, to]) = line.contains("/.consign/tmp/").then(|| quoted(line)).flatten() else { continue };
        let synced = |line: &&str, path: &str| line.contains("fsync(") && line.contains(&format!("<{path}>)"));
        assert!(lines[..at].iter().any(|line| synced(line, &from)), "{from} is not synced before {to} is its name");
        let folder = Path::new(&to).parent().unwrap().display().to_string();
        let next = lines[at + 1..].first().unwrap();
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

#[test]
fn a_full_or_failing_disk_leaves_nothing_to_repair() {
    let scene = Scene::new();
    let counted = scene.count();
    let faults =
        [("write", "ENOSPC"), ("fsync", "EIO"), ("renameat", "EIO"), ("renameat2", "EIO"), ("mkdir", "ENOSPC")];
    for (call, error) in faults {
        for time in points(counted[call]) {
            let what = format!("{error} at {call} {time}");
            scene.fault(call, time, &format!("error={error}"));
            let trace = std::fs::read_to_string(scene.project.path("trace")).unwrap();
            assert!(trace.contains("(INJECTED)"), "{what}: the fault did not fire");
            scene.assert_whole_and_repeatable(&what, false);
        }
    }
}

#[test]
fn readers_during_many_publications_see_no_error() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.published(&[]);
    let (public, certificate) = (project.public(), project.certificate());
    let done = AtomicBool::new(false);
    let reads = std::thread::scope(|scope| {
        let reader = || {
            let mut reads = 0;
            while !done.load(Ordering::Relaxed) {
                let found = errors(&public, &certificate);
                // The index was read before a publish and the feed after it: each is whole.
                let whole = |error: &&String| !error.contains("the feed offers it and no index lists it");
                let found: Vec<_> = found.iter().filter(whole).collect();
                assert!(found.is_empty(), "{found:#?}");
                reads += 1;
            }
            reads
        };
        let readers = [scope.spawn(reader), scope.spawn(reader)];
        for minor in 1..=6 {
            let version = format!("1.{minor}.0");
            project.note(&version, "Another release.");
            project.build("erp", &version);
            project.published(&[]);
        }
        done.store(true, Ordering::Relaxed);
        readers.map(|reader| reader.join().unwrap()).iter().sum::<usize>()
    });
    assert!(reads > 20, "only {reads} reads");
}
