//! The package by which a host comes to know a vendor.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use consign_metadata::anchor::Anchor;
use consign_metadata::document::Role;

use crate::apt::Apt;
use crate::project::{Project, ok, out};

/// What the package at the root of the repository installs.
fn unpacked(project: &Project, name: &str) -> PathBuf {
    let host = project.path(name);
    ok(std::process::Command::new("dpkg-deb").arg("-x").arg(project.public().join("acme-release.deb")).arg(&host));
    host
}

fn version(project: &Project) -> String {
    let deb = project.public().join("acme-release.deb");
    out(&ok(std::process::Command::new("dpkg-deb").arg("-f").arg(deb).arg("Version"))).trim().to_owned()
}

#[test]
fn a_host_gets_the_keyring_the_anchor_and_the_subscription() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.published(&[]);
    let host = unpacked(&project, "host");
    let certificate = fs::read(project.certificate()).unwrap();
    assert_eq!(fs::read(host.join("usr/share/keyrings/acme-archive-keyring.pgp")).unwrap(), certificate);
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
    let conffiles = ok(std::process::Command::new("dpkg-deb").arg("-I").arg(deb).arg("conffiles"));
    let listed: BTreeSet<String> = out(&conffiles).lines().map(str::to_owned).collect();
    assert_eq!(
        listed,
        ["/etc/apt/preferences.d/zz-acme-release", "/etc/apt/sources.list.d/acme-stable.sources"]
            .map(String::from)
            .into()
    );
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
