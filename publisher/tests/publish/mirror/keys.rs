//! A vendor that replaces its keys, and mirrors that are there or away meanwhile.

use super::scene::Scene;
use crate::project::{consign, err, ok};

fn rotate(scene: &Scene, phase: &str) {
    ok(consign().current_dir(scene.project.root()).args(["key", "rotate", phase]));
    scene.project.published(&["--renew"]);
}

/// As an operator types it once the mirror knows its vendor.
fn sync(scene: &Scene) -> std::process::Output {
    consign().args(["mirror", "sync", &scene.server.url()]).arg(scene.mirror()).output().unwrap()
}

#[test]
fn a_mirror_that_keeps_up_follows_every_phase() {
    let scene = Scene::new();
    scene.release("erp", "1.0.0");
    scene.synced(&[]);
    for phase in ["add", "both", "new", "drop"] {
        rotate(&scene, phase);
        let followed = sync(&scene);
        assert!(followed.status.success(), "{phase}: {}", err(&followed));
        assert_eq!(scene.findings(), Vec::<String>::new(), "{phase}");
    }
    scene.release("erp", "1.1.0");
    assert!(sync(&scene).status.success());
    assert_eq!(scene.findings(), Vec::<String>::new());
}

#[test]
fn one_that_was_away_believes_the_primary_key_and_nobody_else() {
    let scene = Scene::new();
    scene.release("erp", "1.0.0");
    scene.synced(&[]);
    for phase in ["add", "both", "new", "drop"] {
        rotate(&scene, phase);
    }
    scene.release("erp", "1.1.0");
    // Without what the primary key has signed nothing proves the new keys.
    let certificate = scene.project.public().join("consign/certificate.pgp");
    let bytes = std::fs::read(&certificate).unwrap();
    std::fs::remove_file(&certificate).unwrap();
    let (before, refused) = (scene.files(), sync(&scene));
    assert_eq!(refused.status.code(), Some(3), "{}", err(&refused));
    assert!(err(&refused).contains("signed by a key that this mirror does not know"), "{}", err(&refused));
    let stranger = Scene::new();
    let theirs = std::fs::read(stranger.project.certificate()).unwrap();
    std::fs::write(&certificate, theirs).unwrap();
    let refused = sync(&scene);
    assert_eq!(refused.status.code(), Some(3));
    assert!(err(&refused).contains("the vendor's certificate is another one: its primary key is"), "{}", err(&refused));
    assert!(before == scene.files());
    std::fs::write(&certificate, bytes).unwrap();
    let followed = sync(&scene);
    assert!(followed.status.success(), "{}", err(&followed));
    assert_eq!(scene.findings(), Vec::<String>::new());
    assert!(sync(&scene).status.success());
}
