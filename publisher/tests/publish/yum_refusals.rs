//! What is never published of rpms, and what verifying finds.

use std::path::Path;

use crate::project::{Project, err, out};
use crate::yum::{hosted, publish};

#[track_caller]
fn refused(project: &Project, package: &Path, status: i32, reason: &str) {
    let before = project.files();
    let output = project.publish(&[package.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(status), "{}", err(&output));
    assert!(err(&output).contains(reason), "{}", err(&output));
    assert_eq!(project.files(), before, "something was written");
}

#[test]
fn an_rpm_of_another_key_is_refused_with_its_fingerprint() {
    let project = Project::new();
    project.keys("theirs", "acme", 365);
    let package = project.rpm("1.0.0", "theirs");
    refused(&project, &package, 3, "it is signed by key ");
}

#[test]
fn an_rpm_that_was_cut_short_or_changed_is_refused() {
    let project = Project::new();
    let package = project.rpm("1.0.0", "keys");
    let whole = std::fs::read(&package).unwrap();
    std::fs::write(&package, &whole[..whole.len() - 1]).unwrap();
    refused(&project, &package, 1, "its payload is not the one that was signed");
    std::fs::write(&package, &whole[..2000]).unwrap();
    refused(&project, &package, 1, "is cut short");
    let mut changed = whole.clone();
    let name = changed.windows(8).rposition(|bytes| bytes == b"acme-erp").unwrap();
    changed[name] = b'A';
    std::fs::write(&package, &changed).unwrap();
    let output = project.publish(&[package.to_str().unwrap()]);
    assert!(!output.status.success() && !project.public().join("dists").exists(), "{}", err(&output));
}

#[test]
fn the_same_version_with_other_content_is_refused_and_with_the_same_keeps_its_bytes() {
    let (project, _server) = hosted();
    publish(&project, &[&project.rpm("1.0.0", "keys")]);
    let before = project.files();
    // Signed anew, so other bytes.
    publish(&project, &[&project.rpm("1.0.0", "keys")]);
    let pool = |files: &std::collections::BTreeMap<String, Vec<u8>>| {
        files
            .iter()
            .filter(|(name, _)| name.starts_with("pool/"))
            .map(|(n, b)| (n.clone(), b.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(pool(&before), pool(&project.files()));
    project.write("app/erp", "#!/bin/sh\necho other\n");
    let other = project.rpm("1.0.0", "keys");
    refused(&project, &other, 3, "cannot publish acme-erp 1.0.0-1 (noarch) again: it was published with other content");
}

#[test]
fn an_order_that_rpm_does_not_share_is_refused() {
    let (project, _server) = hosted();
    publish(&project, &[&project.rpm("1.0.0", "keys")]);
    project.note("1.1.0", "The second release.");
    let lower = project.rpm_as("1.1.0", "0.9", "keys");
    refused(&project, &lower, 3, "cannot publish acme-erp 0.9-1: rpm does not order it after 1.0.0-1");
}

#[test]
fn verifying_finds_every_file_of_yum_that_was_changed_or_is_gone() {
    let (project, _server) = hosted();
    publish(&project, &[&project.rpm("1.0.0", "keys")]);
    assert!(project.verify(&[]).status.success());
    let names: Vec<String> = project.files().into_keys().filter(|name| is_read(name)).collect();
    assert!(names.len() >= 12, "{names:#?}");
    for name in names {
        let path = project.public().join(&name);
        let whole = std::fs::read(&path).unwrap();
        let mut changed = whole.clone();
        // The address in the list is whatever the vendor's is; the generation is at its end.
        let place = if name.ends_with("/mirrors") { changed.len() - 3 } else { changed.len() / 2 };
        changed[place] ^= 1;
        for bytes in [Some(changed), None] {
            std::fs::remove_file(&path).unwrap();
            if let Some(bytes) = bytes {
                std::fs::write(&path, bytes).unwrap();
            }
            let verified = project.verify(&[]);
            assert_eq!(verified.status.code(), Some(1), "{name}: {}", out(&verified));
            if !path.exists() {
                std::fs::write(&path, "").unwrap();
            }
        }
        std::fs::write(&path, whole).unwrap();
    }
    assert!(project.verify(&[]).status.success());
}

/// Everything of yum but the key, which is there for zypper and trusted by nobody who has not asked.
fn is_read(name: &str) -> bool {
    (name.starts_with("yum/") || name.ends_with(".rpm")) && !name.ends_with("repomd.xml.key")
}
