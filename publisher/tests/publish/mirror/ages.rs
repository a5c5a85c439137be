//! What the status of a mirror says of time, of whose keys count, and of who has to do something.

use std::process::Output;

use serde_json::{Value, json};

use super::scene::Scene;
use crate::project::{consign, err, ok, out};

fn status(scene: &Scene) -> Output {
    consign().args(["mirror", "status"]).arg(scene.mirror()).output().unwrap()
}

/// The same where hosts do not believe the channel any more.
#[track_caller]
fn doubted(scene: &Scene) -> String {
    let output = status(scene);
    assert_eq!(output.status.code(), Some(3), "{}{}", out(&output), err(&output));
    // Lines are broken where the terminal ends.
    format!("{}{}", out(&output), err(&output)).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Changes what the mirror remembers.
fn remember(scene: &Scene, change: impl Fn(&mut Value)) {
    let file = scene.mirror().join(".consign/mirror.json");
    let mut memory: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    change(&mut memory);
    std::fs::write(&file, memory.to_string()).unwrap();
}

fn asked(scene: &Scene, when: &str) {
    remember(scene, |memory| memory["channels"]["stable"]["asked"] = json!(when));
}

#[test]
fn a_good_generation_is_told_with_its_age_its_end_and_the_keys_that_count() {
    let scene = Scene::new();
    scene.project.build("erp", "1.0.0");
    scene.project.published(&["--valid-for", "10d"]);
    scene.synced(&[]);
    asked(&scene, "2026-01-02T03:04:05Z");
    remember(&scene, |memory| memory["pin"]["minimum_generation"] = json!({ "stable": 1 }));
    let told = out(&ok(consign().args(["mirror", "status"]).arg(scene.mirror())));
    let said = |words: &str| assert!(told.contains(words), "{words}: {told}");
    said("stable: generation 1 of 20");
    said(", made 0 hours ago\n");
    said(", for another 10 days\n");
    said("  the vendor was last asked on 2026-01-02T03:04:05Z\n");
    said("  2 of 2 packages are here, 1 MB\n");
    said("  stable: nothing below generation 1\n");
    let all = ok(consign().args(["mirror", "status", "--json"]).arg(scene.mirror()));
    let all: Value = serde_json::from_slice(&all.stdout).unwrap();
    let roles: Value = serde_json::from_slice(&std::fs::read(scene.project.path("keys/roles.json")).unwrap()).unwrap();
    assert_eq!((&all["pin"]["roles"], &all["pin"]["minimum_generation"]["stable"]), (&roles["roles"], &json!(1)));
}

#[test]
fn a_mirror_that_shows_nothing_yet_is_not_good() {
    let scene = Scene::new();
    scene.release("erp", "1.0.0");
    let stopped = scene.sync(&["--channel", "testing"]);
    assert!(!stopped.status.success(), "{}", out(&stopped));
    assert!(doubted(&scene).contains("shows nothing yet"));
    let receipt = ok(consign().args(["mirror", "receipt"]).arg(scene.mirror()));
    assert!(err(&receipt).contains("an export of everything"), "{}", err(&receipt));
    let itself = consign().args(["mirror", "stage"]).args([scene.mirror(), scene.mirror()]).output().unwrap();
    assert_eq!(itself.status.code(), Some(2), "{}", err(&itself));
    let told = err(&scene.sync(&["--product", "shpo", "--product", "erp"]));
    assert!(told.contains("nothing of --product 'shpo' is published") && !told.contains("'erp'"), "{told}");
}

#[test]
fn what_is_mistyped_is_said_before_anything_is_done() {
    let scene = Scene::new();
    scene.release("erp", "1.0.0");
    for (arguments, words) in [
        (["--architecture", "amd46"], "'amd64'"),
        (["--url", "mirror.site.example/acme"], "is no address, such as http://"),
    ] {
        let refused = scene.sync(&arguments);
        assert_eq!(refused.status.code(), Some(2), "{}", err(&refused));
        assert!(err(&refused).contains(words), "{}", err(&refused));
    }
    let nowhere = consign().args(["mirror", "serve", "--listen", "127.0.0.1:0"]).arg(scene.mirror()).output().unwrap();
    assert_eq!(nowhere.status.code(), Some(1), "{}", err(&nowhere));
    assert!(err(&nowhere).contains("cannot read") && !scene.mirror().exists(), "{}", err(&nowhere));
}

/// Publishes for a time that is hardly longer than that takes here.
fn briefly(scene: &Scene) {
    let published = |seconds: &u32| scene.project.publish(&["--valid-for", &format!("{seconds}s")]).status.success();
    assert!([1, 2, 4, 8, 16, 32].iter().any(published), "it cannot be published");
}

#[test]
fn who_has_to_do_something_is_said_and_monitoring_hears_of_it() {
    let scene = Scene::new();
    scene.project.build("erp", "1.0.0");
    briefly(&scene);
    scene.synced(&[]);
    // It is soon over.
    while status(&scene).status.success() {
        std::thread::yield_now();
    }
    let medium = scene.site().join("stick");
    let exported = ok(consign().args(["mirror", "export"]).arg(scene.mirror()).arg("--to").arg(medium));
    let warned = "warning: what it brings of channel stable has expired: hosts will not believe it";
    assert!(err(&exported).contains(warned), "{}", err(&exported));
    asked(&scene, "2026-01-02T03:04:05Z");
    let told = doubted(&scene);
    assert!(told.contains("it expired on 20") && told.contains(", 0 hours ago"), "{told}");
    assert!(told.contains("has expired, and nobody has asked the vendor since 2026-01-02T03:04:05Z"), "{told}");
    scene.synced(&[]);
    let told = doubted(&scene);
    assert!(told.contains("has expired, and the vendor's server showed nothing newer on 20"), "{told}");
    asked(&scene, "2999-01-02T03:04:05Z");
    assert!(doubted(&scene).contains("channel stable is from the future: the clock of this machine is wrong"));
}
