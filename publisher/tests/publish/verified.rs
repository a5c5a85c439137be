//! `consign verify` finds what a client would trip over, and what no client would notice.

use std::fs;

use crate::project::{Project, err, out};

fn published() -> Project {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.published(&[]);
    let verified = project.verify(&[]);
    assert!(verified.status.success(), "{}", out(&verified));
    project
}

/// Damages a file of the repository and looks for what is said about it.
#[track_caller]
fn found(project: &Project, place: &str, damage: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>, finding: &str) {
    let path = project.public().join(place);
    let bytes = fs::read(&path).unwrap();
    match damage(bytes.clone()) {
        Some(damaged) => fs::write(&path, damaged).unwrap(),
        None => fs::remove_file(&path).unwrap(),
    }
    let verified = project.verify(&[]);
    assert_eq!(verified.status.code(), Some(1));
    let said = out(&verified);
    let line = said.lines().find(|line| line.contains(place) && line.contains(finding));
    assert!(line.is_some(), "{place}: {finding:?} is not in\n{said}");
    fs::write(&path, bytes).unwrap();
}

fn name_of(project: &Project, part: &str) -> String {
    project.files().into_keys().find(|name| name.contains(part)).unwrap()
}

fn gone(_: Vec<u8>) -> Option<Vec<u8>> {
    None
}

fn flipped(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    Some(bytes)
}

fn longer(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    bytes.extend_from_slice(b"Package: evil\n");
    Some(bytes)
}

#[test]
fn every_file_that_is_missing_is_found() {
    let project = published();
    // Repositories that were published before there was a certificate in them, or a file for mirrors, are in order.
    let since = ["consign/certificate.pgp", "consign/stable/changes.tar.gz"];
    let names = project.files().into_keys().filter(|name| !since.contains(&name.as_str()));
    for name in names {
        let place = if name.contains("binary-") && name.contains("by-hash") { "by-hash" } else { &name };
        let path = project.public().join(&name);
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let verified = project.verify(&[]);
        assert_eq!(verified.status.code(), Some(1), "{name}");
        assert!(out(&verified).contains(place), "{name}: {}", out(&verified));
        fs::write(&path, bytes).unwrap();
    }
}

#[test]
fn every_file_that_was_changed_is_found() {
    let project = published();
    for name in project.files().into_keys() {
        let path = project.public().join(&name);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, flipped(bytes.clone()).unwrap()).unwrap();
        let verified = project.verify(&[]);
        assert_eq!(verified.status.code(), Some(1), "{name} may be changed: {}", out(&verified));
        fs::write(&path, bytes).unwrap();
    }
}

#[test]
fn damage_is_told_by_place_and_kind() {
    let project = published();
    found(&project, "dists/stable/InRelease", longer, "it is not one cleartext-signed message and nothing else");
    found(&project, "dists/stable/InRelease", gone, "it is not there");
    found(&project, "dists/stable/Release", longer, "it says something else than InRelease");
    found(&project, "dists/stable/Release.gpg", gone, "it is not there");
    found(&project, "dists/stable/main/binary-amd64/Packages.gz", gone, "it is not the index that the release lists");
    found(&project, "pool/main/a/acme-erp/acme-erp_1.0.0-1_all.deb", gone, "although an index lists it");
    found(&project, "pool/main/a/acme-erp/acme-erp_1.0.0-1_all.deb", longer, "more than the");
    found(&project, "pool/main/a/acme-erp/acme-erp_1.0.0-1_all.deb", flipped, "no good signature");
    found(&project, "consign/stable/feed.pgp", flipped, "cannot trust");
    found(&project, "consign/stable/feed.pgp", gone, "it is not there");
    found(&project, &name_of(&project, "consign/shards/"), flipped, "its content is not what the feed says");
    found(&project, &name_of(&project, "consign/plans/"), gone, "although the feed names it");
    found(&project, "consign/certificate.pgp", flipped, "it is not the certificate that hosts are given");
    found(&project, "acme-release.deb", gone, "not the acme-release that an index lists");
}

#[test]
fn an_entry_point_that_the_feed_does_not_name_is_found() {
    let project = published();
    let feed = fs::read(project.public().join("consign/stable/feed.pgp")).unwrap();
    project.published(&["--renew"]);
    // As after a publish that was killed just before its end.
    found(
        &project,
        "consign/stable/feed.pgp",
        |_| Some(feed),
        "does not name dists/stable/InRelease as it is: publish again",
    );
}

#[test]
fn a_feed_of_another_channel_or_vendor_is_found() {
    let project = published();
    project.published(&["--channel", "testing"]);
    let testing = fs::read(project.public().join("consign/testing/feed.pgp")).unwrap();
    found(&project, "consign/stable/feed.pgp", |_| Some(testing), "belongs to acme testing, not to acme stable");
    let release = fs::read(project.public().join("dists/testing/InRelease")).unwrap();
    found(&project, "dists/stable/InRelease", |_| Some(release), "it is the entry point of testing");
    project.keys("theirs", "acme", 365);
    let verified = project.verify(&["--certificate", "theirs/certificate.pgp"]);
    assert!(out(&verified).contains("carries no good signature"), "{}", out(&verified));
}

#[test]
fn findings_are_given_to_programs_too() {
    let project = published();
    fs::remove_file(project.public().join("consign/stable/feed.pgp")).unwrap();
    let verified = project.verify(&["--json"]);
    let report: serde_json::Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!(report["findings"][0]["place"], "consign/stable/feed.pgp");
    assert_eq!(report["findings"][0]["problem"], "it is not there");
}

#[test]
fn a_channel_of_products_without_an_agent_is_warned_of() {
    let project = published();
    let verified = project.verify(&[]);
    assert!(err(&verified).contains("warning: no package consignee is published here"), "{}", err(&verified));
    let report: serde_json::Value = serde_json::from_slice(&project.verify(&["--json"]).stdout).unwrap();
    assert!(report["warnings"][0].as_str().unwrap().contains("consign publish --agent"), "{report}");
}
