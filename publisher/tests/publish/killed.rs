//! A publisher that dies, at any system call: readers see a whole generation, and the next publish works.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use consign::store::DirectoryStore;
use consign::trust::Trust;
use consign::verify::{Finding, Scope, examine};
use jiff::Timestamp;

use crate::apt::Apt;
use crate::project::{Project, ok, out};
use crate::sweep::{Sweep, points};

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

    /// Does something with a sweep over a publication.
    fn swept<T>(&self, act: impl FnOnce(&Sweep<'_>) -> T) -> T {
        let command = || self.project.command("publish", &[]);
        let (trace, reset) = (self.project.path("trace"), || self.reset());
        act(&Sweep { calls: &CALLS, trace, command: &command, reset: &reset })
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

#[test]
fn a_publisher_killed_at_any_call_leaves_nothing_to_repair() {
    let scene = Scene::new();
    let look = |call: &str, what: &str| scene.assert_whole_and_repeatable(what, call.starts_with("rename"));
    let counted = scene.swept(|sweep| sweep.count());
    assert!(counted["fsync"] > 20 && counted["renameat"] > 5 && counted["renameat2"] > 3, "{counted:?}");
    let killed = scene.swept(|sweep| sweep.killed(&CALLS, SAMPLE, &look));
    assert!(killed >= 20, "only {killed} points");
}

/// With a yum repository beside: what is looked at is the same, and the list leads to a whole generation.
#[test]
fn a_publisher_of_both_formats_killed_at_a_renaming_leaves_nothing_to_repair() {
    let mut project = Project::new();
    project.formats = crate::formats::BOTH;
    let scene = Scene::of(project);
    let look = |_: &str, what: &str| scene.assert_whole_and_repeatable(what, false);
    let killed = scene.swept(|sweep| sweep.killed(&["renameat", "renameat2"], usize::MAX, &look));
    assert!(killed > 20, "only {killed} points");
}

#[test]
fn no_file_is_named_by_an_entry_point_before_it_is_durable() {
    let mut project = Project::new();
    project.formats = crate::formats::BOTH;
    Scene::of(project).swept(|sweep| sweep.assert_order());
}

#[test]
fn a_full_or_failing_disk_leaves_nothing_to_repair() {
    let scene = Scene::new();
    let counted = scene.swept(|sweep| sweep.count());
    let faults =
        [("write", "ENOSPC"), ("fsync", "EIO"), ("renameat", "EIO"), ("renameat2", "EIO"), ("mkdir", "ENOSPC")];
    for (call, error) in faults {
        for time in points(counted[call], SAMPLE) {
            let what = format!("{error} at {call} {time}");
            let lines = scene.swept(|sweep| {
                sweep.fault(call, time, &format!("error={error}"));
                sweep.lines()
            });
            assert!(lines.iter().any(|line| line.contains("(INJECTED)")), "{what}: the fault did not fire");
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
