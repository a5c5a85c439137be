//! The package by which a host comes to know a vendor.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use consign::sign::{KeyFile, KeyFiles, OpenPgpSigner};
use consign_metadata::anchor::Anchor;
use consign_metadata::document::Role;

use crate::apt::Apt;
use crate::lintian::complaints;
use crate::project::{Project, err, ok, out};

/// What the package at the root of the repository installs.
fn unpacked(project: &Project, name: &str) -> PathBuf {
    let host = project.path(name);
    ok(Command::new("dpkg-deb").arg("-x").arg(project.public().join("acme-release.deb")).arg(&host));
    // What its postinst puts in place where there is nothing yet.
    let defaults = host.join("usr/share/consignee/defaults/acme-release");
    ok(Command::new("cp").arg("-aT").arg(defaults).arg(&host));
    host
}

fn version(project: &Project) -> String {
    let deb = project.public().join("acme-release.deb");
    out(&ok(Command::new("dpkg-deb").arg("-f").arg(deb).arg("Version"))).trim().to_owned()
}

#[test]
fn a_host_gets_the_keyring_the_anchor_and_the_subscription() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.published(&[]);
    let host = unpacked(&project, "host");
    let certificate = fs::read(project.certificate()).unwrap();
    assert_eq!(fs::read(host.join("usr/share/consignee/vendors/acme/certificate.pgp")).unwrap(), certificate);
    let anchor = Anchor::parse(&fs::read(host.join("usr/share/consignee/vendors/acme/anchor.json")).unwrap()).unwrap();
    assert!(anchor.covers(&"acme/erp".parse().unwrap()) && !anchor.covers(&"acme/crm".parse().unwrap()));
    assert_eq!((anchor.keys_of(Role::Package).len(), anchor.keys_of(Role::Index).len()), (1, 1));
    assert_eq!(anchor.minimum_generation[&"stable".parse().unwrap()], 1);
    let subscription = fs::read_to_string(host.join("etc/apt/sources.list.d/acme-stable.sources")).unwrap();
    assert_eq!(
        subscription,
        "Types: deb\nURIs: https://packages.acme.example\nSuites: stable\nComponents: main\n\
         Signed-By: /usr/share/keyrings/acme-archive-keyring.pgp\n"
    );
    let deb = project.public().join("acme-release.deb");
    let md5sums = ok(Command::new("dpkg-deb").arg("-I").arg(deb).arg("md5sums"));
    let listed = out(&md5sums);
    let in_defaults = |line| str::split_once(line, "/defaults/acme-release").map(|(_, path)| path);
    let listed: BTreeSet<&str> = listed.lines().filter_map(in_defaults).collect();
    let expected = ["/etc/apt/preferences.d/zz-acme-release", "/etc/apt/sources.list.d/acme-stable.sources"];
    assert_eq!(listed, expected.into());
}

#[test]
fn lintian_finds_nothing_in_it_without_a_reason() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.published(&[]);
    assert_eq!(complaints(&project.public().join("acme-release.deb")), [""; 0]);
}

#[test]
fn it_is_rebuilt_only_when_something_in_it_changes() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.published(&[]);
    let first = fs::read(project.public().join("acme-release.deb")).unwrap();
    project.note("1.1.0", "The second release.");
    project.build("erp", "1.1.0");
    project.published(&[]);
    project.published(&["--renew"]);
    assert_eq!(fs::read(project.public().join("acme-release.deb")).unwrap(), first);
    project.build("crm", "1.0.0");
    project.published(&[]);
    assert_eq!(version(&project), "2");
    let host = unpacked(&project, "host");
    let anchor = Anchor::parse(&fs::read(host.join("usr/share/consignee/vendors/acme/anchor.json")).unwrap()).unwrap();
    assert!(anchor.covers(&"acme/erp".parse().unwrap()) && anchor.covers(&"acme/crm".parse().unwrap()));
    // The lowest that a fresh host accepts is what was current then: no rollback behind it.
    assert_eq!(anchor.minimum_generation[&"stable".parse().unwrap()], 3);
}

/// A release signed by a key, as `InRelease` and `Release.gpg`.
fn sign(project: &Project, key: &std::path::Path) {
    let dists = project.public().join("dists/stable");
    let release = fs::read(dists.join("Release")).unwrap();
    let key = KeyFile::open(key, || Err("no passphrase is needed".to_owned())).unwrap();
    fs::write(dists.join("InRelease"), key.cleartext(&release).unwrap()).unwrap();
    fs::write(dists.join("Release.gpg"), key.detached(&mut &*release).unwrap()).unwrap();
}

#[test]
fn only_the_index_key_may_sign_an_index() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.published(&[]);
    let keyring = unpacked(&project, "host").join("usr/share/keyrings/acme-archive-keyring.pgp");
    let (files, dists) = (KeyFiles::in_folder(&project.path("keys")), project.public().join("dists/stable"));
    let accepts = |program: &str, signed: &[&str]| {
        let mut command = Command::new(program);
        command.arg("--keyring").arg(&keyring).args(signed).current_dir(&dists);
        command.output().unwrap().status.success()
    };
    for (key, is_good) in [(&files.index_secret, true), (&files.package_secret, false)] {
        sign(&project, key);
        let apt = Apt::new(&format!("file:{}", project.public().display()), &keyring);
        let update = apt.update();
        assert_eq!(update.status.success(), is_good, "{}", err(&update));
        assert_eq!(accepts("gpgv", &["InRelease"]), is_good);
        assert_eq!(accepts("gpgv", &["Release.gpg", "Release"]), is_good);
        assert_eq!(accepts("sqv", &["Release.gpg", "Release"]), is_good);
    }
    // The key is not a foreign one: with the whole certificate, which apt never sees, it would do.
    ok(Command::new("gpgv").arg("--keyring").arg(project.certificate()).arg(dists.join("InRelease")));
}

/// An apt with the limits of the package that is published now.
fn limited(project: &Project, apt: &Apt, name: &str) {
    let limits = fs::read_to_string(unpacked(project, name).join("etc/apt/preferences.d/zz-acme-release")).unwrap();
    apt.write("etc/preferences.d/zz-acme-release", &limits);
}

#[test]
fn the_repository_is_limited_to_its_own_names() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.published(&[]);
    let apt = Apt::new(&format!("file:{}", project.public().display()), &project.certificate());
    limited(&project, &apt, "first");
    // Somebody with the vendor's keys publishes another name; the host knows only those of before.
    project.build("crm", "1.0.0");
    project.published(&[]);
    apt.updated();
    assert_eq!(apt.candidate("acme-erp").as_deref(), Some("1.0.0-1"));
    assert_eq!(apt.candidate("acme-release").as_deref(), Some("2"));
    assert_eq!(apt.candidate("acme-crm"), None, "{}", apt.policy("acme-crm"));
    limited(&project, &apt, "second");
    assert_eq!(apt.candidate("acme-crm").as_deref(), Some("1.0.0-1"));
}

#[test]
fn a_hold_wins_over_the_limits() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.published(&[]);
    project.note("1.1.0", "The second release.");
    project.build("erp", "1.1.0");
    project.published(&[]);
    let apt = Apt::new(&format!("file:{}", project.public().display()), &project.certificate());
    limited(&project, &apt, "host");
    apt.updated();
    assert_eq!(apt.candidate("acme-erp").as_deref(), Some("1.1.0-1"));
    apt.write("etc/preferences.d/consignee", "Package: acme-erp\nPin: version 1.1.0-1\nPin-Priority: -1\n");
    assert_eq!(apt.candidate("acme-erp").as_deref(), Some("1.0.0-1"));
}
