//! Keys that GnuPG made, taken over or refused.

use std::path::Path;
use std::process::Output;

use consign::sign::KeyFiles;

use crate::apt::Apt;
use crate::gpg::Gpg;
use crate::project::{Project, consign, err, ok, out};

fn import(project: &Project, file: &Path, passphrase: &str, arguments: &[&str]) -> Output {
    let mut command = consign();
    command.current_dir(project.root()).env("CONSIGN_PASSPHRASE", passphrase);
    command.args(["key", "import", "--vendor", "acme", "--folder", "imported"]).arg(file).args(arguments);
    command.output().unwrap()
}

/// Refused, with each of these sentences, and nothing written.
#[track_caller]
fn refused(file: &Path, passphrase: &str, arguments: &[&str], reasons: &[&str]) -> String {
    let project = Project::bare();
    let output = import(&project, file, passphrase, arguments);
    let text = err(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    for reason in reasons {
        assert!(text.lines().any(|line| line.starts_with("wrong: ") && line.contains(reason)), "{reason:?} in {text}");
    }
    assert!(!project.path("imported").exists(), "something was written");
    assert!(passphrase.is_empty() || !text.contains(passphrase), "the passphrase is in {text}");
    text
}

/// Imported, and everything that a vendor does with keys works with it: build, publish, apt.
fn published(project: &Project, passphrase: &str) {
    let files = KeyFiles::in_folder(&project.path("imported"));
    project.manifest("erp", "1.0.0", "");
    for arguments in [
        &["build", "--key", "imported/package.secret.pgp"][..],
        &["publish", "--keys", "imported"],
        &["verify", "public", "--certificate", "imported/certificate.pgp"],
    ] {
        ok(consign().current_dir(project.root()).env("CONSIGN_PASSPHRASE", passphrase).args(arguments));
    }
    let url = format!("file:{}", project.public().display());
    let apt = Apt::new(&url, &files.certificate);
    apt.updated();
    assert_eq!(apt.candidate("acme-erp").as_deref(), Some("1.0.0-1"));
    let database = project.path("rpm");
    ok(std::process::Command::new("rpmkeys")
        .arg("--dbpath")
        .arg(&database)
        .arg("--import")
        .arg(&files.certificate_armored));
}

#[test]
fn the_plain_key_of_most_vendors_gets_two_subkeys() {
    let gpg = Gpg::new("open sesame");
    let primary = gpg.generate("rsa4096", "default", "3y");
    let project = Project::bare();
    let output = import(&project, &gpg.secret(), "open sesame", &[]);
    assert!(output.status.success(), "{}", err(&output));
    let text = out(&output);
    assert!(text.contains(&format!("primary {primary}")), "{text}");
    assert_eq!(text.matches("(made now)").count(), 2, "{text}");
    // What was made is protected as the key was.
    project.manifest("erp", "1.0.0", "");
    let mut wrong = consign();
    wrong.current_dir(project.root()).env("CONSIGN_PASSPHRASE", "close sesame");
    let wrong = wrong.args(["build", "--key", "imported/package.secret.pgp"]).output().unwrap();
    assert!(err(&wrong).contains("the passphrase is wrong"), "{}", err(&wrong));
    published(&project, "open sesame");
}

#[test]
fn a_signing_subkey_that_hosts_know_signs_the_indexes() {
    let gpg = Gpg::new("");
    gpg.generate("ed25519", "cert", "never");
    let subkey = gpg.add("ed25519", "1y");
    let project = Project::bare();
    let output = import(&project, &gpg.secret(), "", &[]);
    assert!(output.status.success(), "{}", err(&output));
    let text = out(&output);
    assert!(text.lines().any(|line| line.starts_with("index ") && line.contains(&subkey)), "{text}");
    assert!(text.lines().any(|line| line.starts_with("package ") && line.ends_with("(made now)")), "{text}");
    published(&project, "");
}

#[test]
fn subkeys_are_enough_without_the_primary() {
    let gpg = Gpg::new("open sesame");
    let primary = gpg.generate("ed25519", "cert", "never");
    let (one, two) = (gpg.add("ed25519", "1y"), gpg.add("ed25519", "1y"));
    let project = Project::bare();
    let file = gpg.export("--export-secret-subkeys");
    let output = import(&project, &file, "open sesame", &["--package-key", &one, "--index-key", &two.to_lowercase()]);
    assert!(output.status.success(), "{}", err(&output));
    assert!(out(&output).contains(&format!("primary {primary}  its secret was not in the file")), "{}", out(&output));
    assert!(out(&output).lines().any(|line| line.starts_with("package ") && line.contains(&one)));
    published(&project, "open sesame");
}

#[test]
fn an_expired_subkey_is_left_out_and_said_so() {
    let gpg = Gpg::new("").with("--faked-system-time=20260101T000000!");
    gpg.generate("ed25519", "cert", "never");
    let expired = gpg.add("ed25519", "30d");
    let project = Project::bare();
    let output = import(&project, &gpg.secret(), "", &[]);
    assert!(output.status.success(), "{}", err(&output));
    assert!(err(&output).contains(&format!("note: the subkey {expired} expired on 2026-01-31")), "{}", err(&output));
    assert_eq!(out(&output).matches("(made now)").count(), 2, "{}", out(&output));
    let wanted = refused(&gpg.secret(), "", &["--index-key", &expired], &["expired on 2026-01-31"]);
    assert!(wanted.contains("gpg --quick-set-expire"), "{wanted}");
}

#[test]
fn a_revoked_key_is_refused() {
    let gpg = Gpg::new("");
    let primary = gpg.generate("ed25519", "default", "1y");
    gpg.revoke();
    refused(&gpg.secret(), "", &[], &[&format!("the primary key {primary} is revoked")]);
}

#[test]
fn an_expired_key_is_refused_with_what_to_type() {
    let gpg = Gpg::new("").with("--faked-system-time=20250101T000000!");
    let primary = gpg.generate("ed25519", "default", "1y");
    let text = refused(&gpg.secret(), "", &[], &[&format!("the primary key {primary} expired on 2026-01-01")]);
    assert!(text.contains(&format!("gpg --quick-set-expire {primary} 5y")), "{text}");
}

#[test]
fn a_public_key_is_refused_with_what_to_type() {
    let gpg = Gpg::new("");
    let primary = gpg.generate("ed25519", "default", "1y");
    let text = refused(&gpg.export("--export"), "", &[], &["it is a public key, and signing needs the secret one"]);
    assert!(text.contains(&format!("gpg --armor --export-secret-keys {primary}")), "{text}");
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let gpg = Gpg::new("open sesame").with("--cert-digest-algo=SHA1").with("--enable-large-rsa");
    let primary = gpg.generate("dsa1024", "default", "1y");
    refused(
        &gpg.secret(),
        "close sesame",
        &["--index-key", &primary],
        &[
            "is a DSA key, which apt of Debian 13 refuses since 2024-02-01",
            "is made with SHA1, which apt of Debian 13 refuses since 2026-02-01",
            &format!("the passphrase of the primary key {primary} is wrong"),
            "the primary key cannot have a role",
        ],
    );
}

#[test]
fn a_sha1_self_signature_is_refused_and_the_advice_mends_it() {
    let gpg = Gpg::new("");
    let primary = gpg.generate("rsa3072", "cert", "1y");
    gpg.add("rsa3072", "1y");
    // GnuPG makes no SHA-1 signature of a subkey any more, but keys that have one live on.
    let gpg = gpg.with("--cert-digest-algo=SHA1");
    gpg.run(&["--quick-set-expire", &primary, "2y"]);
    let text = refused(&gpg.secret(), "", &[], &["self-signature on the primary key"]);
    assert!(text.contains("gpg --cert-digest-algo SHA512 --quick-set-expire"), "{text}");
    let gpg = gpg.with("--cert-digest-algo=SHA512");
    gpg.run(&["--quick-set-expire", &primary, "5y"]);
    gpg.run(&["--quick-set-expire", &primary, "5y", "*"]);
    let project = Project::bare();
    let output = import(&project, &gpg.secret(), "", &[]);
    assert!(output.status.success(), "{}", err(&output));
    published(&project, "");
}

#[test]
fn a_short_rsa_key_is_refused_and_a_middling_one_noted() {
    let gpg = Gpg::new("");
    gpg.generate("rsa1024", "default", "1y");
    refused(&gpg.secret(), "", &[], &["has RSA with 1024 bits"]);
    let gpg = Gpg::new("");
    gpg.generate("rsa2048", "cert", "1y");
    let output = import(&Project::bare(), &gpg.secret(), "", &["--check"]);
    assert!(output.status.success(), "{}", err(&output));
    assert!(err(&output).contains("note: the primary key"), "{}", err(&output));
    assert!(err(&output).contains("refuses from 2030-02-01 on"), "{}", err(&output));
}

#[test]
fn what_is_no_key_is_said_to_be_none() {
    let project = Project::bare();
    project.write("note.txt", "not a key\n");
    let output = import(&project, &project.path("note.txt"), "", &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("cannot use the key in"), "{}", err(&output));
}

#[test]
fn an_imported_key_is_extended_and_rotated_like_any_other() {
    let gpg = Gpg::new("open sesame");
    gpg.generate("ed25519", "default", "30d");
    let project = Project::bare();
    assert!(import(&project, &gpg.secret(), "open sesame", &[]).status.success());
    for arguments in [&["extend", "--valid-days", "400"][..], &["rotate", "add"], &["rotate", "both"]] {
        let mut command = consign();
        command.current_dir(project.root()).env("CONSIGN_PASSPHRASE", "open sesame");
        ok(command.args(["key"]).args(arguments).args(["--folder", "imported"]));
    }
    let listed = ok(consign().current_dir(project.root()).args(["key", "list", "--folder", "imported"]));
    assert!(!err(&listed).contains("expires in"), "{}", err(&listed));
    published(&project, "open sesame");
}
