//! Stages of a site: what was tried goes on, as it was tried.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use super::scene::Scene;
use super::serve::Serving;
use crate::apt::Apt;
use crate::dnf::Dnf;
use crate::formats::BOTH;
use crate::project::{collect, consign, err, ok, out};
use crate::yum::key;

fn stage(from: &Path, to: &Path, arguments: &[&str]) -> Output {
    consign().args(["mirror", "stage"]).arg(from).arg(to).args(arguments).output().unwrap()
}

fn files(folder: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut files = std::collections::BTreeMap::new();
    collect(folder, folder, &mut files);
    files
}

#[test]
fn a_stage_shows_a_generation_unchanged_until_it_is_told_to_go_on() {
    let scene = Scene::with(BOTH);
    let [test, production]: [PathBuf; 2] = ["test", "production"].map(|name| scene.site().join(name));
    let nothing = stage(&scene.mirror(), &test, &[]);
    assert_eq!(nothing.status.code(), Some(3), "{}", err(&nothing));
    scene.release("erp", "1.0.0");
    scene.synced(&[]);
    assert_eq!(out(&stage(&scene.mirror(), &test, &[])), "stable: generation 1\n");
    assert!(files(&test) == files(&scene.mirror()), "a stage has the bytes of its mirror");
    let package = "pool/main/a/acme-erp/acme-erp_1.0.0-1_all.deb";
    let inode = |folder: &Path| std::fs::metadata(folder.join(package)).unwrap().ino();
    assert_eq!(inode(&test), inode(&scene.mirror()), "packages take no room twice");

    // The mirror goes on, the stage does not; what was tried goes to production.
    let server = Serving::of(scene.site());
    scene.release("erp", "1.1.0");
    scene.synced(&[]);
    let url = format!("{}/production", server.url());
    let told = stage(&test, &production, &["--url", &url]);
    assert_eq!(out(&told), "stable: generation 1\n", "{}", err(&told));
    let apt = Apt::new(&url, &scene.project.certificate());
    apt.updated();
    assert_eq!(apt.candidate("acme-erp").as_deref(), Some("1.0.0-1"));
    let dnf = Dnf::new(&format!("mirrorlist={url}/yum/stable/mirrors"), &key(&scene.project));
    assert!(dnf.says(&["repoquery", "acme-erp"]).contains("acme-erp-0:1.0.0-1.noarch"));
    assert_eq!(out(&stage(&scene.mirror(), &test, &[])), "stable: from generation 1 to 2\n");
    assert_eq!(out(&stage(&test, &production, &[])), "stable: from generation 1 to 2\n");
    apt.updated();
    assert_eq!(apt.candidate("acme-erp").as_deref(), Some("1.1.0-1"));
    apt.download("acme-erp");
    assert!(dnf.makecache().status.success());
    ok(consign().args(["mirror", "status"]).arg(&production));
    ok(consign().arg("verify").arg(&production).arg("--certificate").arg(scene.project.certificate()));
}

#[test]
fn a_stage_goes_back_only_when_it_is_told_so_and_belongs_to_one_vendor() {
    let scene = Scene::new();
    let [kept, test] = ["kept", "test"].map(|name| scene.site().join(name));
    scene.release("erp", "1.0.0");
    scene.synced(&[]);
    stage(&scene.mirror(), &kept, &[]);
    scene.release("erp", "1.1.0");
    scene.synced(&[]);
    stage(&scene.mirror(), &test, &[]);
    let before = files(&test);
    let refused = stage(&kept, &test, &[]);
    assert_eq!(refused.status.code(), Some(3));
    let told = err(&refused);
    assert!(
        told.contains("shows generation 1 of channel stable, and the stage 2") && told.contains("--back"),
        "{told}"
    );
    assert!(files(&test) == before);
    assert_eq!(out(&stage(&kept, &test, &["--back"])), "stable: from generation 2 to 1\n");
    let apt = Apt::new(&format!("file:{}", test.display()), &scene.project.certificate());
    apt.updated();
    assert_eq!(apt.candidate("acme-erp").as_deref(), Some("1.0.0-1"));
    let stranger = Scene::new();
    stranger.release("erp", "1.0.0");
    stranger.synced(&[]);
    let foreign = stage(&stranger.mirror(), &test, &[]);
    assert!(foreign.status.code() == Some(3) && err(&foreign).contains("it is a mirror of acme"), "{}", err(&foreign));
    let taken = stage(&scene.mirror(), &scene.project.public(), &[]);
    assert!(taken.status.code() == Some(3) && err(&taken).contains("is no mirror"), "{}", err(&taken));
}
