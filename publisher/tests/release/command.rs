//! The command as a pipeline uses it: exit status, output, and examples that work.

use std::fs;
use std::process::Output;

use assert_cmd::Command;
use consign::sign::Algorithm;

use crate::sample::{Keys, Sample, text};

fn consign(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_consign"));
    command.args(arguments).env_remove("CONSIGN_PASSPHRASE").env_remove("SOURCE_DATE_EPOCH");
    command
}

fn text_of(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn an_evening_from_new_to_build() {
    let folder = tempfile::tempdir().unwrap();
    let at = |arguments: &[&str]| {
        let mut command = consign(arguments);
        command.current_dir(folder.path().join("beta"));
        command
    };
    consign(&["new", "beta"]).current_dir(folder.path()).assert().success();
    at(&["key", "new", "--vendor", "beta", "--algorithm", "ed25519"])
        .env("CONSIGN_PASSPHRASE", "x y")
        .assert()
        .success();
    let plan = at(&["build", "--plan", "--strict"]).assert().success().get_output().clone();
    let (plan, _) = text_of(&plan);
    assert!(plan.contains("beta/ledger 1.0.0 revision 1"), "{plan}");
    assert!(plan.contains("4. migrate        /opt/beta-ledger/bin/ledger migrate as beta-ledger"), "{plan}");
    at(&["build", "--strict"]).env("CONSIGN_PASSPHRASE", "x y").assert().success();
    assert!(folder.path().join("beta/dist/beta-ledger_1.0.0-1_all.deb").exists());

    let unlocked = at(&["build"]).env("CONSIGN_PASSPHRASE", "wrong").assert().code(1).get_output().clone();
    assert!(text_of(&unlocked).1.contains("the passphrase is wrong"));
    let nobody = at(&["build"]).write_stdin("").assert().code(1).get_output().clone();
    assert!(text_of(&nobody).1.contains("no terminal to ask on; use --passphrase-fd or CONSIGN_PASSPHRASE"));
    let index = at(&["build", "--key", "keys/index.secret.pgp"]).env("CONSIGN_PASSPHRASE", "x y").assert().code(3);
    assert!(text_of(index.get_output()).1.contains("it has not the role \"package\""));
}

#[test]
fn a_passphrase_comes_through_a_file_descriptor() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("secret"), "open sesame\n").unwrap();
    let line = format!(
        "{} key new --vendor acme --algorithm ed25519 --passphrase-fd 3 3< secret",
        env!("CARGO_BIN_EXE_consign")
    );
    Command::new("sh").args(["-c", &line]).current_dir(folder.path()).assert().success();
    let key = folder.path().join("keys/package.secret.pgp");
    consign::sign::KeyFile::open(&key, || Ok("open sesame".into())).unwrap();
    let empty = Command::new("sh")
        .args(["-c", &line.replace("< secret", "< /dev/null")])
        .current_dir(folder.path())
        .assert()
        .code(1);
    assert!(text_of(empty.get_output()).1.contains("the passphrase is empty"));
}

#[test]
fn a_fault_in_the_manifest_shows_its_place_and_what_to_do() {
    let sample = Sample::new();
    sample.replace("version =", "versoin =");
    let output = consign(&["build", "--manifest", text(&sample.manifest_path())]).assert().code(1).get_output().clone();
    let (out, errors) = text_of(&output);
    assert_eq!(out, "");
    assert!(errors.contains("consign.toml, line 5, column 1: unknown key `versoin`"), "{errors}");
    assert!(errors.contains("consign schema"), "{errors}");
}

#[test]
fn the_result_is_for_programs_too() {
    let sample = Sample::new();
    let keys = Keys::new(Algorithm::Ed25519);
    let key = text(&keys.files.package_secret).to_owned();
    let manifest = text(&sample.manifest_path()).to_owned();
    let output = consign(&["build", "--manifest", &manifest, "--key", &key, "--json"]).assert().success();
    let result: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!(result["packages"][0]["package"], "acme-erp");
    assert_eq!(result["packages"][0]["plan"].as_str().unwrap().len(), 64);
    let output = consign(&["build", "--manifest", &manifest, "--plan", "--json"]).assert().success();
    let result: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!(result["plan"]["body"]["steps"][3]["kind"], "run");
}

#[test]
fn completions_and_manual_pages_are_written() {
    let completions = consign(&["completions", "bash"]).assert().success().get_output().clone();
    assert!(text_of(&completions).0.contains("complete -F _consign"));
    let folder = tempfile::tempdir().unwrap();
    consign(&["man", text(&folder.path().join("man"))]).assert().success();
    assert!(folder.path().join("man/consign-build.1").exists());
}

#[test]
fn keys_of_another_vendor_are_told_at_the_build() {
    let folder = tempfile::tempdir().unwrap();
    let run = |at: &str, arguments: &[&str]| {
        let output = consign(arguments).current_dir(folder.path().join(at)).assert().success().get_output().clone();
        text_of(&output).1
    };
    run("", &["new", "beta"]);
    for (vendor, keys) in [("acme", "theirs"), ("beta", "keys")] {
        let key = ["key", "new", "--vendor", vendor, "--folder", keys, "--algorithm", "ed25519", "--no-passphrase"];
        run("beta", &key);
    }
    let said = run("beta", &["build", "--key", "theirs/package.secret.pgp"]);
    assert!(said.contains("warning: the keys in theirs are acme's, and hosts expect those of beta"), "{said}");
    assert!(!run("beta", &["build"]).contains("warning"));
}

#[test]
fn outside_of_a_project_it_is_said_where_to_run_it() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["build", "publish"] {
        let mut consign = Command::new(env!("CARGO_BIN_EXE_consign"));
        let output = consign.arg(command).current_dir(folder.path()).assert().failure().get_output().stderr.clone();
        let told = String::from_utf8_lossy(&output);
        assert!(told.contains("or name the manifest with --manifest"), "{command}: {told}");
    }
}
