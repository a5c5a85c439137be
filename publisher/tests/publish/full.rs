//! A disk that is full at any write of a publish, and one that somebody else published to meanwhile.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use consign::publish::{Introduction, PublishError, Request, prepare};
use consign::sign::{KeyFile, KeyFiles};
use consign::store::{DirectoryStore, StoreError};
use consign::trust::Trust;
use jiff::{SignedDuration, Timestamp};

use crate::project::{Project, err, ok, out};

/// A small file system of its own; it goes with the value.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path, options: &str) -> Self {
        std::fs::create_dir_all(at).unwrap();
        ok(Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at));
        Self(at.to_owned())
    }

    fn remount(&self, options: &str) {
        ok(Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.0));
    }

    fn used(&self, what: &str) -> u64 {
        let used = ok(Command::new("df").arg(format!("--output={what}")).arg(&self.0));
        out(&used).lines().nth(1).unwrap().trim().parse().unwrap()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// 1.0.0 is published into `before`, and 1.1.0 was built.
fn scene() -> Project {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.published(&[]);
    project.note("1.1.0", "The second release.");
    // More than a page each, so that more writes than one find no room.
    project.write("app/large", &"x".repeat(20_000));
    project.build("erp", "1.1.0");
    std::fs::rename(project.public(), project.path("before")).unwrap();
    project
}

/// Publishes with ever more room, until it succeeds; the number of publishes that found none.
fn until_there_is_room(project: &Project, used: &str, limit: impl Fn(u64) -> String) -> usize {
    for more in 0_u64.. {
        let disk = Disk::mount(&project.public(), "size=64m");
        ok(Command::new("cp").arg("-aT").arg(project.path("before")).arg(project.public()));
        disk.remount(&limit(disk.used(used) + more));
        let output = project.publish(&[]);
        if output.status.success() {
            assert!(project.verify(&[]).status.success());
            return more as usize;
        }
        let said = err(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("No space left on device") && said.contains("error: cannot "), "{more}: {said}");
        assert!(said.contains("make room, and run the same command again"), "{more}: {said}");
        let found = out(&project.verify(&[]));
        // Between two swaps only what readers by digest do not look at may differ.
        let of_readers = |line: &&str| {
            let beside = ["Release", "Release.gpg", "Packages.gz", "acme-release.deb"];
            let place = line.split(':').next().unwrap_or_default();
            !beside.iter().any(|name| place.ends_with(&format!("/{name}")) || place == *name)
                && !line.contains("does not name dists/stable/InRelease as it is")
                && !line.starts_with("generation ")
                && !line.starts_with("nothing is wrong with channel ")
        };
        let wrong: Vec<_> = found.lines().filter(of_readers).collect();
        assert!(wrong.is_empty(), "{more}: {said}{wrong:#?}");
        disk.remount("size=64m,nr_inodes=10000");
        project.published(&[]);
        let verified = project.verify(&[]);
        assert!(verified.status.success(), "{more}: {}", out(&verified));
    }
    unreachable!("there is room in the end")
}

#[test]
fn a_publish_that_finds_no_space_leaves_a_whole_generation_and_succeeds_with_more() {
    let project = scene();
    // A page at a time: each of them is wanted by another write.
    let full = until_there_is_room(&project, "used", |kib| format!("size={kib}k"));
    assert!(full > 10, "only {full} writes found no space");
}

#[test]
fn a_publish_that_finds_no_inode_leaves_a_whole_generation_and_succeeds_with_more() {
    let project = scene();
    let full = until_there_is_room(&project, "iused", |inodes| format!("size=64m,nr_inodes={inodes}"));
    assert!(full > 3, "only {full} files found no inode");
}

#[test]
fn a_publish_without_space_for_its_own_files_writes_nothing() {
    let project = scene();
    ok(Command::new("cp").arg("-aT").arg(project.path("before")).arg(project.public()));
    let before = project.files();
    let disk = Disk::mount(&project.path("small"), "size=4k");
    let output = project.command("publish", &[]).env("TMPDIR", &disk.0).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(err(&output).contains("No space left on device"), "{}", err(&output));
    assert_eq!(project.files(), before);
}

#[test]
fn a_repository_that_went_on_meanwhile_is_not_overwritten_and_the_next_try_goes_through() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.published(&[]);
    let crm = project.build("crm", "1.0.0");
    let files = KeyFiles::in_folder(&project.path("keys"));
    let open = |path: &Path| KeyFile::open(path, || Err("not asked for".to_owned())).unwrap();
    let (package, index) = (open(&files.package_secret), open(&files.index_secret));
    let request = Request {
        channel: "stable".parse().unwrap(),
        trust: Trust::beside(&files.certificate).unwrap(),
        package_signer: Some(&package),
        index_signer: &index,
        packages: crm,
        agent: None,
        introduction: Introduction {
            url: "https://packages.acme.example".to_owned(),
            maintainer: "Acme <packages@acme.example>".to_owned(),
            default_channel: "stable".parse().unwrap(),
            windows: None,
        },
        windows_signer: None,
        valid_for: SignedDuration::from_hours(24),
        now: Timestamp::now(),
    };
    // A store without the lock, as one on another machine is.
    let store = DirectoryStore::at(project.public());
    let early = prepare(&store, &request).unwrap();
    project.note("1.1.0", "From another machine.");
    project.build("erp", "1.1.0");
    project.published(&[]);
    let meanwhile = project.files();
    let error = early.carry_out(&store).unwrap_err();
    assert!(matches!(&error, PublishError::Store(StoreError::Changed(_))), "{error}");
    assert!(error.to_string().contains("another publish replaced it in the meantime"), "{error}");
    let entrances = ["dists/stable/InRelease", "consign/stable/feed.pgp"];
    assert!(entrances.iter().all(|name| project.files()[*name] == meanwhile[*name]));
    assert!(project.verify(&[]).status.success());
    // The same once more, which is what the command does when it is run again.
    let claimed = DirectoryStore::claimed(project.public(), Duration::from_secs(5)).unwrap();
    prepare(&claimed, &request).unwrap().carry_out(&claimed).unwrap();
    drop(claimed);
    assert!(project.verify(&[]).status.success());
    let names: Vec<_> = project.files().into_keys().filter(|name| name.ends_with(".deb")).collect();
    for package in ["acme-erp_1.1.0", "acme-crm_1.0.0", "acme-erp_1.0.0"] {
        assert!(names.iter().any(|name| name.contains(package)), "{package} is lost: {names:?}");
    }
}

#[test]
fn a_feed_of_a_later_format_needs_a_newer_consign() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.published(&[]);
    let key = KeyFile::open(&KeyFiles::in_folder(&project.path("keys")).index_secret, || Err(String::new())).unwrap();
    let head =
        consign::sign::OpenPgpSigner::message(&key, br#"{"kind":"feed","format":2,"vendor":"acme","wonders":[]}"#)
            .unwrap();
    std::fs::write(project.public().join("consign/stable/feed.pgp"), head).unwrap();
    let before = project.files();
    let output = project.publish(&["--renew"]);
    assert!(!output.status.success());
    let said = err(&output);
    assert!(
        said.contains(
            "consign/stable/feed.pgp has format 2, and this consign knows formats up to 1; it needs a newer consign"
        ),
        "{said}"
    );
    assert_eq!(project.files(), before);
}

#[test]
fn a_revision_that_goes_down_is_refused() {
    let project = Project::new();
    let revision = |number: u32| {
        project.manifest("erp", "1.0.0", "");
        let manifest = std::fs::read_to_string(project.path("consign.toml")).unwrap();
        let with = format!("version = \"1.0.0\"\nrevision = {number}");
        project.write("consign.toml", &manifest.replace("version = \"1.0.0\"", &with));
        ok(&mut project.command("build", &[]));
        project.publish(&[])
    };
    assert!(revision(2).status.success());
    let output = revision(1);
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    let said = err(&output);
    assert!(
        said.contains("cannot publish acme/erp 1.0.0 revision 1: revision 2 of this version is published"),
        "{said}"
    );
    assert!(revision(3).status.success());
}
