//! A mirror that dies at any system call: its hosts see a whole generation, and the next one goes on.

use std::path::Path;
use std::process::Command;

use super::changes::is_of_the_moment;
use super::isolated::files;
use super::scene::Scene;
use crate::dice::noise;
use crate::formats::BOTH;
use crate::project::{err, ok};
use crate::sweep::Sweep;

/// Everything that changes files.
pub const CALLS: [&str; 11] = [
    "openat",
    "write",
    "renameat",
    "renameat2",
    "rename",
    "fsync",
    "syncfs",
    "unlink",
    "unlinkat",
    "mkdir",
    "ftruncate",
];
/// Without `CONSIGN_LONG` so many points of each call, spread over all of them.
pub const SAMPLE: usize = 3;

/// A mirror of the first generation, or none, and a vendor with the second.
struct Killing {
    scene: Scene,
    is_first: bool,
    /// The bytes that an undisturbed run receives.
    whole: u64,
}

/// Of indexes, which a run that goes on reads again.
const INDEXES: u64 = 32 * 1024;

impl Killing {
    fn of(formats: &'static str, is_first: bool) -> Self {
        let scene = Scene::with(formats);
        scene.release("erp", "1.0.0");
        if is_first {
            std::fs::create_dir(scene.mirror()).unwrap();
        } else {
            scene.synced(&[]);
        }
        std::fs::write(scene.project.path("app/noise"), noise(1, 500_000)).unwrap();
        scene.release("erp", "1.1.0");
        std::fs::rename(scene.mirror(), scene.site().join("before")).unwrap();
        let mut killing = Self { scene, is_first, whole: 0 };
        killing.reset();
        killing.whole = killing.scene.synced(&["--lanes", "1"])["received"].as_u64().unwrap();
        killing
    }

    fn reset(&self) {
        let _ = std::fs::remove_dir_all(self.scene.mirror());
        ok(Command::new("cp").arg("-a").arg(self.scene.site().join("before")).arg(self.scene.mirror()));
    }

    fn swept<T>(&self, act: impl FnOnce(&Sweep<'_>) -> T) -> T {
        let command = || self.scene.command(&["--lanes", "1"]);
        let (trace, reset) = (self.scene.site().join("trace"), || self.reset());
        act(&Sweep { calls: &CALLS, trace, command: &command, reset: &reset })
    }

    fn killed(&self, calls: &[&str], sample: usize) -> usize {
        let look = |_: &str, what: &str| self.assert_whole_and_repeatable(what);
        self.swept(|sweep| sweep.killed(calls, sample, &look))
    }

    /// Hosts see one generation, whole, or nothing yet; then the same command succeeds, and fetches only the rest.
    fn assert_whole_and_repeatable(&self, what: &str) {
        let begun = !self.is_first || self.scene.mirror().join("consign/stable/feed.pgp").exists();
        let not_yet = |finding: &String| self.is_first && !begun && finding.contains("it is not there");
        let found = self.scene.findings();
        let found: Vec<_> = found.iter().filter(|f| !is_of_the_moment(f) && !not_yet(f)).collect();
        assert!(found.is_empty(), "{what}: {found:#?}");
        let kept = arrived(&self.scene.mirror()) - arrived(&self.scene.site().join("before"));
        let again = self.scene.sync(&["--lanes", "1"]);
        assert!(again.status.success(), "{what}: {}", err(&again));
        // What has arrived does not come again, a part of a package among it.
        let again: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
        let received = again["received"].as_u64().unwrap();
        let whole = self.whole;
        assert!(received + kept <= whole + INDEXES, "{what}: {kept} of {whole} bytes were here, {received} came");
        assert_eq!(self.scene.findings(), Vec::<String>::new(), "{what}");
        assert!(self.scene.files().contains_key("pool/main/a/acme-erp/acme-erp_1.1.0-1_all.deb"), "{what}");
    }
}

/// The bytes of the packages that have arrived in a mirror, in their places or as parts.
pub fn arrived(mirror: &Path) -> u64 {
    let places = ["pool", ".consign/parts"].map(|place| files(&mirror.join(place)));
    places.iter().flat_map(|files| files.values()).map(|bytes| bytes.len() as u64).sum()
}

#[test]
fn a_mirror_killed_at_any_call_leaves_nothing_to_repair() {
    let killed = Killing::of("", false).killed(&CALLS, SAMPLE);
    assert!(killed >= 15, "only {killed} points");
}

#[test]
fn a_mirror_of_both_formats_killed_at_a_renaming_leaves_nothing_to_repair() {
    let killed = Killing::of(BOTH, false).killed(&["renameat", "renameat2"], 8);
    assert!(killed >= 10, "only {killed} points");
}

#[test]
fn a_mirror_killed_the_first_time_shows_nothing_that_is_not_whole() {
    let killed = Killing::of("", true).killed(&["renameat", "renameat2", "write"], 5);
    assert!(killed >= 10, "only {killed} points");
}

#[test]
fn no_file_is_named_by_an_entry_point_before_it_is_durable() {
    Killing::of(BOTH, false).swept(|sweep| sweep.assert_order());
}
