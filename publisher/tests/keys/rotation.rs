//! The drill: old key, both, new key, old dropped; and hosts of every age in each phase.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::apt::Apt;
use crate::project::{Project, consign, err, ok, out};

fn key(project: &Project, arguments: &[&str]) -> String {
    let output = ok(consign().current_dir(project.root()).arg("key").args(arguments));
    format!("{}{}", out(&output), err(&output))
}

/// The keyring that the `<vendor>-release` of this moment gives to apt.
fn keyring(project: &Project, name: &str) -> PathBuf {
    let folder = project.path(name);
    ok(Command::new("dpkg-deb").arg("-x").arg(project.public().join("acme-release.deb")).arg(&folder));
    folder.join("usr/share/keyrings/acme-archive-keyring.pgp")
}

fn accepts(project: &Project, keyring: &std::path::Path) -> bool {
    let apt = Apt::new(&format!("file:{}", project.public().display()), keyring);
    let output = apt.update();
    let accepted = apt.candidate("acme-erp").is_some();
    assert_eq!(output.status.success(), accepted, "{}{}", out(&output), err(&output));
    accepted
}

#[test]
fn every_host_can_follow_and_who_was_away_cannot_be_misled() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.published(&[]);
    let old = keyring(&project, "before");

    key(&project, &["rotate", "add"]);
    project.published(&["--renew"]);
    let both = keyring(&project, "added");
    assert!(accepts(&project, &old) && accepts(&project, &both));

    key(&project, &["rotate", "both"]);
    project.published(&["--renew"]);
    assert!(accepts(&project, &old) && accepts(&project, &both));

    key(&project, &["rotate", "new"]);
    project.build("erp", "1.1.0");
    project.published(&[]);
    let new = keyring(&project, "new");
    assert!(accepts(&project, &both) && accepts(&project, &new));
    assert!(!accepts(&project, &old), "a host that was away follows a key that it never heard of");

    key(&project, &["rotate", "drop"]);
    project.published(&["--renew"]);
    let alone = keyring(&project, "alone");
    assert!(accepts(&project, &alone) && accepts(&project, &both));
    let verified = project.verify(&[]);
    assert!(verified.status.success(), "{}{}", out(&verified), err(&verified));
    // What the old key signed of the packages is still good: 1.0.0 is offered beside 1.1.0.
    assert!(key(&project, &["list"]).contains("no rotation is under way"));
}

#[test]
fn two_signatures_are_on_the_indexes_in_the_second_phase_only() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.published(&[]);
    let signatures = || {
        let text = fs::read_to_string(project.public().join("dists/stable/InRelease")).unwrap();
        fs::write(project.path("signature.asc"), &text[text.find("-----BEGIN PGP SIGNATURE").unwrap()..]).unwrap();
        let packets = ok(Command::new("gpg").arg("--list-packets").arg(project.path("signature.asc")));
        out(&packets).matches(":signature packet:").count()
    };
    assert_eq!(signatures(), 1);
    for (phase, count) in [("add", 1), ("both", 2), ("new", 1)] {
        key(&project, &["rotate", phase]);
        project.published(&["--renew"]);
        assert_eq!(signatures(), count, "{phase}");
    }
}

#[test]
fn the_phases_come_in_their_order() {
    let project = Project::new();
    let refused = |arguments: &[&str], reason: &str| {
        let output = consign().current_dir(project.root()).args(["key", "rotate"]).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{}", err(&output));
        assert!(err(&output).contains(reason), "{}", err(&output));
    };
    for phase in ["both", "new", "drop"] {
        refused(&[phase], "no rotation is under way");
    }
    let text = key(&project, &["rotate", "add"]);
    assert!(text.contains("hosts get to know the new keys") && text.contains("consign key rotate both"), "{text}");
    refused(&["add"], "hosts get to know the new keys, and the old ones sign");
    refused(&["new"], "hosts get to know the new keys, and the old ones sign");
    project.keys("other", "acme", 365);
    key(&project, &["rotate", "both"]);
    refused(&["drop"], "indexes are signed by the old and the new key");
    assert!(key(&project, &["rotate"]).contains("then: consign key rotate new"));
}

#[test]
fn the_primary_of_others_changes_nothing() {
    let project = Project::new();
    project.keys("other", "acme", 365);
    let before = fs::read(project.certificate()).unwrap();
    for command in [&["extend"][..], &["rotate", "add"]] {
        let mut consign = consign();
        consign.current_dir(project.root()).arg("key").args(command).args(["--primary", "other/primary.secret.pgp"]);
        let output = consign.output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{}", err(&output));
        assert!(err(&output).contains("the primary key in the file is"), "{}", err(&output));
    }
    assert_eq!(fs::read(project.certificate()).unwrap(), before);
    assert!(!project.path("keys/index.next.secret.pgp").exists());
}

#[test]
fn a_missing_primary_is_asked_for() {
    let project = Project::new();
    fs::rename(project.path("keys/primary.secret.pgp"), project.path("safe.pgp")).unwrap();
    let output = consign().current_dir(project.root()).args(["key", "extend"]).output().unwrap();
    assert!(err(&output).contains("--primary"), "{}", err(&output));
    key(&project, &["extend", "--primary", "safe.pgp"]);
}

#[test]
fn an_extended_certificate_is_enough_for_a_pipeline_and_read_by_every_tool() {
    let project = Project::new();
    fs::remove_dir_all(project.path("keys")).unwrap();
    project.keys("keys", "acme", 20);
    let secret = fs::read(project.path("keys/index.secret.pgp")).unwrap();
    project.build("erp", "1.0.0");
    project.published(&[]);
    let before = keyring(&project, "before");
    key(&project, &["extend", "--valid-days", "400"]);
    assert_eq!(fs::read(project.path("keys/index.secret.pgp")).unwrap(), secret, "the secret file was changed");
    let published = project.published(&["--renew"]);
    assert!(published["add"].to_string().contains("acme-release_2_all.deb"), "{published}");
    assert!(accepts(&project, &before) && accepts(&project, &keyring(&project, "after")));
    let armored = project.path("keys/certificate.asc");
    ok(Command::new("rpmkeys").arg("--dbpath").arg(project.path("rpm")).arg("--import").arg(&armored));
    let listed = ok(Command::new("gpg").args(["--show-keys", "--with-colons"]).arg(&armored));
    let until = jiff::Timestamp::now().as_second() + 399 * 86400;
    let listed = out(&listed);
    let subkeys = listed.lines().filter(|line| line.starts_with("sub:"));
    for line in subkeys {
        let expires: i64 = line.split(':').nth(6).unwrap().parse().unwrap();
        assert!(expires > until, "{listed}");
    }
    let packets = out(&ok(Command::new("gpg").arg("--list-packets").arg(&armored)));
    assert!(!packets.contains("critical"), "{packets}");
}

#[test]
fn the_list_says_what_signs() {
    let project = Project::new();
    key(&project, &["rotate", "add"]);
    let listed = ok(consign().current_dir(project.root()).args(["key", "list", "--json"]));
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed["phase"], "added");
    let turns: Vec<_> = listed["keys"].as_array().unwrap().iter().map(|key| key["turn"].as_str().unwrap()).collect();
    assert!(turns[..2].contains(&"current") && turns[..2].contains(&"next"), "{listed}");
    assert!(turns[2..].contains(&"current") && turns[2..].contains(&"next"), "{listed}");
}
