//! A slice of an apt archive that nobody says anything of but its signature.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::scene::Scene;
use super::server::{Server, Twist};
use crate::apt::Apt;
use crate::project::{consign, err, ok, out};

const PACKAGE: &str = "pool/main/a/acme-erp/acme-erp_1.0.0-1_all.deb";
const RELEASE: &str = "dists/stable/InRelease";

/// An archive with two packages and two of its own, and where a slice of it goes.
fn scene() -> (Scene, PathBuf) {
    let scene = Scene::new();
    scene.release("erp", "1.0.0");
    scene.release("shop", "1.0.0");
    let slice = scene.site().join("slice");
    (scene, slice)
}

fn command(url: &str, slice: &Path, arguments: &[&str]) -> Command {
    let mut command = consign();
    command.args(["mirror", "apt", url]).arg(slice).args(["--suite", "stable"]).args(arguments);
    command
}

fn sync(scene: &Scene, slice: &Path, arguments: &[&str]) -> Output {
    command(&scene.server.url(), slice, arguments).arg("--keyring").arg(scene.project.certificate()).output().unwrap()
}

fn packages(slice: &Path) -> Vec<String> {
    let found = out(&ok(Command::new("find").arg(slice).args(["-name", "*.deb", "-printf", "%f\n"])));
    let mut found: Vec<_> = found.lines().map(str::to_owned).collect();
    found.sort();
    found
}

#[test]
fn a_slice_keeps_its_signatures_and_costs_what_changes() {
    let (scene, slice) = scene();
    let done = sync(&scene, &slice, &["--package", "acme-erp"]);
    assert!(done.status.success(), "{}", err(&done));
    assert!(out(&done).contains("1 of 4 packages are carried, 1 were fetched"), "{}", out(&done));
    assert_eq!(packages(&slice), ["acme-erp_1.0.0-1_all.deb"]);
    let same = |name: &str| std::fs::read(slice.join(name)).unwrap() == scene.project.files()[name];
    assert!(same(RELEASE) && same(PACKAGE) && same("dists/stable/main/binary-amd64/Packages.gz"));
    let apt = Apt::new(&format!("file:{}", slice.display()), &scene.project.certificate());
    apt.updated();
    assert_eq!(apt.candidate("acme-erp").as_deref(), Some("1.0.0-1"));
    apt.download("acme-erp");

    // As a timer types it: what is carried and who may sign is known.
    let before = scene.asked(0).len();
    ok(&mut command(&scene.server.url(), &slice, &[]));
    assert_eq!(scene.asked(before), ["/dists/stable/InRelease 304"]);
    scene.release("erp", "1.1.0");
    let before = scene.asked(0).len();
    ok(&mut command(&scene.server.url(), &slice, &[]));
    let asked = scene.asked(before);
    assert_eq!(asked.len(), 3, "{asked:?}");
    apt.updated();
    assert_eq!(apt.candidate("acme-erp").as_deref(), Some("1.1.0-1"));
    assert_eq!(packages(&slice), ["acme-erp_1.0.0-1_all.deb", "acme-erp_1.1.0-1_all.deb"]);
    // More of it, and nothing of that twice.
    let before = scene.asked(0).len();
    ok(&mut command(&scene.server.url(), &slice, &["--component", "main"]));
    assert_eq!(packages(&slice).len(), 5);
    assert!(!scene.asked(before).iter().any(|asked| asked.contains("acme-erp_")));
}

#[test]
fn what_nobody_signed_is_refused_and_what_was_there_stays() {
    let (scene, slice) = scene();
    let refused = |output: Output, status: i32, words: &str| {
        assert_eq!(output.status.code(), Some(status), "{}{}", out(&output), err(&output));
        assert!(err(&output).contains(words), "{}", err(&output));
    };
    refused(command(&scene.server.url(), &slice, &[]).output().unwrap(), 3, "--keyring FILE");
    let stranger = Scene::new();
    let theirs = stranger.project.certificate().display().to_string();
    let by_stranger = command(&scene.server.url(), &slice, &["--keyring", &theirs]).output().unwrap();
    refused(by_stranger, 3, "carries no good signature");
    assert!(!slice.join("dists").exists());
    refused(sync(&scene, &slice, &["--package", "nobody"]), 3, "it has no package nobody");
    refused(sync(&scene, &slice, &["--component", "contrib"]), 3, "it has no component contrib for amd64");
    assert!(sync(&scene, &slice, &["--package", "acme-erp"]).status.success());

    ok(Command::new("cp").arg("-a").arg(scene.project.public()).arg(scene.project.path("old")));
    scene.release("erp", "1.1.0");
    assert!(sync(&scene, &slice, &[]).status.success());
    let here = std::fs::read(slice.join(RELEASE)).unwrap();
    let serve = |folder: &str, script: fn(&str, usize) -> Twist| {
        let server = Server::of(scene.project.path(folder), script);
        let known = command(&server.url(), &slice, &["--retries", "1", "--deadline", "3"]).output().unwrap();
        assert!(std::fs::read(slice.join(RELEASE)).unwrap() == here, "the entry point has changed");
        known
    };
    refused(serve("old", |_, _| Twist::Honest), 3, "and this mirror has that of");
    scene.release("erp", "1.2.0");
    let damaged =
        |path: &str, _| if path.contains("binary-amd64") { Twist::Body(b"x".to_vec()) } else { Twist::Honest };
    refused(serve("public", damaged), 3, "is not the one that InRelease names");
    let damaged = |path: &str, _| if path.ends_with("1.2.0-1_all.deb") { Twist::Endless } else { Twist::Honest };
    refused(serve("public", damaged), 1, "bytes that were signed");
    assert!(sync(&scene, &slice, &[]).status.success());
}

/// Its packages are none that the vendor's indexes name, and would be deleted.
#[test]
fn a_slice_is_not_taken_over_as_a_mirror_of_a_vendor() {
    let (scene, slice) = scene();
    assert!(sync(&scene, &slice, &[]).status.success());
    let before = packages(&slice);
    let mut adopt = consign();
    adopt.args(["mirror", "sync", &scene.server.url()]).arg(&slice).arg("--adopt").arg("--certificate");
    let adopted = adopt.arg(scene.project.certificate()).output().unwrap();
    scene.synced(&[]);
    let staged = consign().args(["mirror", "stage"]).args([scene.mirror(), slice.clone()]).output().unwrap();
    for refused in [adopted, staged] {
        assert_eq!(refused.status.code(), Some(3), "{}{}", out(&refused), err(&refused));
        let words = "it is a slice of an archive; a mirror of a vendor's repository needs a folder of its own";
        assert!(err(&refused).contains(words), "{}", err(&refused));
    }
    let pruned = consign().args(["mirror", "prune"]).arg(&slice).output().unwrap();
    assert_eq!(pruned.status.code(), Some(3), "{}{}", out(&pruned), err(&pruned));
    assert_eq!(packages(&slice), before);
}
