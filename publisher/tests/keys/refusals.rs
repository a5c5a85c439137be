//! Keys that publishing does not take, and what it says about each.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use consign::sign::{Algorithm, KeyRequest, VendorKeys, write_keys};

use crate::project::{Project, consign, err, ok};

/// A project with a built release whose index key is then replaced.
fn built() -> Project {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project
}

#[track_caller]
fn refused(project: &Project, passphrase: &str, code: i32, reasons: &[&str]) {
    let mut command = consign();
    command.current_dir(project.root()).env("CONSIGN_PASSPHRASE", passphrase).arg("publish");
    let output = command.output().unwrap();
    let text = err(&output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    for reason in reasons {
        assert!(text.contains(reason), "{reason:?} in {text}");
    }
    assert!(!text.contains("sesame"), "{text}");
    assert!(!project.public().join("dists").exists(), "something was written");
}

fn keys(folder: &Path, days_ago: u64, passphrase: Option<&str>) {
    let request = KeyRequest {
        user_id: "Acme".to_owned(),
        algorithm: Algorithm::Ed25519,
        valid_for: Duration::from_secs(86400),
        now: SystemTime::now() - Duration::from_secs(days_ago * 86400 + 60),
    };
    let keys = VendorKeys::generate(&request).unwrap();
    write_keys(folder, &"acme".parse().unwrap(), &keys, passphrase.map(Into::into).as_ref()).unwrap();
}

#[test]
fn an_expired_key_is_told_with_what_to_type() {
    let project = built();
    fs::remove_dir_all(project.path("keys")).unwrap();
    keys(&project.path("keys"), 2, None);
    refused(&project, "", 3, &["package.secret.pgp: key ", " expired on 20", "consign key extend"]);

    // The advice helps, and the secret files on the runners stay what they are.
    let secret = fs::read(project.path("keys/index.secret.pgp")).unwrap();
    ok(consign().current_dir(project.root()).args(["key", "extend"]));
    assert_eq!(fs::read(project.path("keys/index.secret.pgp")).unwrap(), secret);
    project.build("erp", "1.0.0");
    project.published(&[]);
}

#[test]
fn a_revoked_key_is_refused_by_what_the_certificate_beside_it_says() {
    let project = built();
    let home = crate::gpg::Gpg::new("");
    let keys = project.path("keys");
    for name in ["primary.secret.pgp", "index.secret.pgp"] {
        home.run(&["--import", &keys.join(name).display().to_string()]);
    }
    let roles: serde_json::Value = serde_json::from_slice(&fs::read(keys.join("roles.json")).unwrap()).unwrap();
    let index = roles["roles"]["index"][0].as_str().unwrap();
    let answers = format!("key {index}\nrevkey\ny\n1\n\ny\nsave\n");
    home.answer(&["--edit-key", &home.primary()], &answers);
    let certificate = home.export("--export");
    fs::copy(certificate, keys.join("certificate.pgp")).unwrap();
    refused(&project, "", 3, &[&format!("index.secret.pgp: key {index} is revoked")]);
}

#[test]
fn a_public_key_where_a_secret_one_is_needed_is_told_so() {
    let project = built();
    fs::copy(project.path("keys/certificate.pgp"), project.path("keys/index.secret.pgp")).unwrap();
    refused(&project, "", 1, &["index.secret.pgp: it is a public key, and signing needs the secret one"]);
}

#[test]
fn a_wrong_passphrase_is_told_before_anything_is_written() {
    let project = built();
    fs::remove_dir_all(project.path("keys")).unwrap();
    keys(&project.path("keys"), 0, Some("open sesame"));
    refused(&project, "close sesame", 1, &["cannot unlock", "package.secret.pgp: the passphrase is wrong"]);
}

#[test]
fn the_key_of_another_role_is_refused() {
    let project = built();
    fs::copy(project.path("keys/package.secret.pgp"), project.path("keys/index.secret.pgp")).unwrap();
    refused(&project, "", 3, &["it has not the role \"index\""]);
}

#[test]
fn a_key_that_expires_soon_is_announced_with_its_role_and_what_to_type() {
    let project = Project::new();
    project.keys("short", "acme", 30);
    project.build_with("erp", "1.0.0", "", &["--key", "short/package.secret.pgp"]);
    let output = ok(&mut project.command("publish", &["--keys", "short", "--plan"]));
    let text = err(&output);
    for role in ["(index) expires in 29 days", "(package) expires in 29 days", "consign key extend"] {
        assert!(text.contains(role), "{role} in {text}");
    }
    ok(consign().current_dir(project.root()).args(["key", "extend", "--folder", "short"]));
    let output = ok(&mut project.command("publish", &["--keys", "short", "--plan"]));
    assert!(!err(&output).contains("expires in"), "{}", err(&output));
}
