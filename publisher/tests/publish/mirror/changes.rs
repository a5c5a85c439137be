//! A vendor that publishes while the mirror reads.

use std::sync::atomic::{AtomicBool, Ordering};

use super::scene::Scene;
use crate::formats::BOTH;
use crate::project::{consign, err};

#[test]
fn a_mirror_that_is_read_while_it_changes_is_always_one_generation() {
    let scene = Scene::with(BOTH);
    scene.release("erp", "1.0.0");
    scene.synced(&[]);
    let over = AtomicBool::new(false);
    let (syncs, reads) = std::thread::scope(|scope| {
        let syncing = scope.spawn(|| {
            let mut generations = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let output = scene.sync(&[]);
                assert!(output.status.success(), "{}", err(&output));
                let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
                generations.push(told["channels"][0]["generation"].as_u64().unwrap());
            }
            generations
        });
        let reading = scope.spawn(|| {
            let mut reads = 0;
            while !over.load(Ordering::Relaxed) {
                let wrong: Vec<_> = scene.findings().into_iter().filter(|finding| !is_of_the_moment(finding)).collect();
                assert!(wrong.is_empty(), "{wrong:#?}");
                reads += 1;
            }
            reads
        });
        for minor in 1..=4 {
            scene.release("erp", &format!("1.{minor}.0"));
        }
        over.store(true, Ordering::Relaxed);
        (syncing.join().unwrap(), reading.join().unwrap())
    });
    assert!(syncs.is_sorted() && syncs.last() > syncs.first() && reads > 3, "{syncs:?}, {reads} reads");
    scene.synced(&[]);
    assert_eq!(scene.findings(), Vec::<String>::new());
}

/// What a reader may find that is at work while entry points are swapped one after the other: pairs that clients
/// by digest do not look at, and the feed, which comes last.
pub fn is_of_the_moment(finding: &str) -> bool {
    let beside = ["dists/stable/Release", "acme-release.", "yum/stable/g/latest/"];
    beside.iter().any(|place| finding.contains(place))
        || finding.contains("/Packages.gz")
        || finding.contains("does not name dists/stable/InRelease as it is")
        || finding.contains("does not name yum/stable/g/")
        || finding.contains("the feed offers it and no index lists it")
}

#[test]
fn a_publication_that_was_killed_is_waited_for_and_nothing_of_it_is_taken() {
    let scene = Scene::new();
    scene.release("erp", "1.0.0");
    scene.synced(&[]);
    scene.release("erp", "1.1.0");
    // Its head was not swapped any more: that of the generation before is shown.
    let feed = "consign/stable/feed.pgp";
    let (new, old) = (scene.project.files()[feed].clone(), scene.files()[feed].clone());
    std::fs::write(scene.project.public().join(feed), old).unwrap();
    let before = scene.files();
    let told = scene.sync(&[]);
    // Nothing is newer by the feed, or it cannot be read as one generation; in either case nothing changes.
    assert!(told.status.success() || err(&told).contains("belongs to another one"), "{}", err(&told));
    let fresh = consign()
        .args(["mirror", "sync", &scene.server.url()])
        .arg(scene.site().join("fresh"))
        .arg("--certificate")
        .arg(scene.project.certificate())
        .output()
        .unwrap();
    assert_eq!(fresh.status.code(), Some(3));
    assert!(err(&fresh).contains("dists/stable/InRelease belongs to another one"), "{}", err(&fresh));
    assert!(!scene.site().join("fresh/dists").exists() && !scene.site().join("fresh/consign").exists());
    assert!(before == scene.files());
    std::fs::write(scene.project.public().join(feed), new).unwrap();
    scene.synced(&[]);
    assert_eq!(scene.findings(), Vec::<String>::new());
}
