//! Wrong input to a build, by the real command: refused, with the file named and what to do.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};

use consign::sign::Algorithm;

use crate::sample::{Keys, Sample, run, text};

fn build(sample: &Sample, more: &[&str]) -> Output {
    let keys = Keys::new(Algorithm::Ed25519);
    let manifest = sample.manifest_path();
    let arguments = ["build", "--manifest", text(&manifest), "--key", text(&keys.files.package_secret)];
    Command::new(env!("CARGO_BIN_EXE_consign")).args(arguments).args(more).output().unwrap()
}

#[track_caller]
fn refused(sample: &Sample, reason: &str) {
    is_refusal(sample, &build(sample, &[]), reason);
}

#[track_caller]
fn is_refusal(sample: &Sample, output: &Output, reason: &str) {
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && errors.contains(reason), "{reason:?} is not in {errors}");
    let left = fs::read_dir(sample.path().join("dist")).map(|entries| entries.count()).unwrap_or(0);
    assert_eq!(left, 0, "nothing is left of it");
}

const SECOND: &str = "[[module]]\npackage = \"acme-data\"\n";

fn with_second(module: &str) -> Sample {
    let sample = Sample::new();
    sample.replace("[options", &format!("{SECOND}{module}\n\n[options"));
    sample
}

#[test]
fn two_modules_with_one_file_are_refused() {
    let both = "cannot build a release in which acme-erp and acme-data both have";
    let by_file = with_second("files = [{ from = \"erp.conf\", to = \"/opt/acme-erp/bin/init\" }]");
    refused(&by_file, &format!("{both} /opt/acme-erp/bin/init: dpkg lets no two packages have one file"));
    let by_folder = with_second("files = [{ from = \"tree/\", to = \"/opt/acme-erp\" }]");
    refused(&by_folder, &format!("{both} /opt/acme-erp/bin/init"));
    let by_unit = with_second("units = [\"erp.service\"]");
    refused(&by_unit, &format!("{both} /usr/lib/systemd/system/erp.service"));
    let a_folder_for_a_file = with_second(
        "files = [{ from = \"erp.conf\", to = \"/opt/data\" }]\nfolders = [{ path = \"/opt/acme-erp/bin/init\" }]",
    );
    refused(&a_folder_for_a_file, &format!("{both} /opt/acme-erp/bin/init"));
}

#[test]
fn two_modules_share_a_folder_of_one_owner_only() {
    let files = "files = [{ from = \"erp.conf\", to = \"/opt/data\" }]\n";
    let folder = |owner: &str| format!("folders = [{{ path = \"/var/lib/erp\", owner = \"{owner}\" }}]");
    let sample = with_second(&format!("{files}{}", folder("games")));
    sample.replace("units = [", &format!("{}\nunits = [", folder("root")));
    refused(
        &sample,
        "acme-erp and acme-data both have /var/lib/erp: dpkg would give it the owner and mode of whichever comes last",
    );
    sample.replace("games", "root");
    assert!(build(&sample, &[]).status.success());

    let user = |home: &str| format!("users = [{{ name = \"erp\", home = \"{home}\" }}]");
    let sample = with_second(&format!("{files}{}", user("/var/lib/two")));
    sample.replace("units = [", &format!("{}\nunits = [", user("/var/lib/one")));
    refused(&sample, "line 20, column 33: user erp has another home or shell in another module");
}

#[test]
fn a_package_with_nothing_in_it_is_refused() {
    let sample = with_second("");
    refused(&sample, "cannot build package acme-data: it would install no file and need no other package");
    let sample = with_second("files = [{ from = \"built/\", to = \"/opt/data\" }]");
    fs::create_dir(sample.path().join("built")).unwrap();
    refused(&sample, "cannot build package acme-data: it would install no file");
    // One that is there for what it needs.
    assert!(build(&with_second("depends.deb = [\"python3\"]"), &[]).status.success());
}

/// Does something to a file again and again while a package is built from it.
fn refused_while(sample: &Sample, file: &Path, mut act: impl FnMut(&mut File) + Send) {
    let (mut open, done) = (OpenOptions::new().write(true).open(file).unwrap(), AtomicBool::new(false));
    let output = std::thread::scope(|scope| {
        let ends = &done;
        scope.spawn(move || {
            while !ends.load(Ordering::Relaxed) {
                act(&mut open);
            }
        });
        let output = build(sample, &[]);
        done.store(true, Ordering::Relaxed);
        output
    });
    is_refusal(sample, &output, &format!("cannot package {}: it changed while it was read", file.display()));
}

#[test]
fn a_file_that_changes_while_it_is_read_is_refused() {
    let sample = Sample::new();
    let file = sample.path().join("tree/log");
    let fresh = || File::create(&file).unwrap().set_len(64 * 1024 * 1024).unwrap();
    fresh();
    refused_while(&sample, &file, |log| {
        log.seek(SeekFrom::End(0)).unwrap();
        log.write_all(b"one more line\n").unwrap();
    });
    fresh();
    let mut state = 0;
    refused_while(&sample, &file, move |database| {
        state += 1;
        database.seek(SeekFrom::Start(state % 4096)).unwrap();
        database.write_all(&state.to_le_bytes()).unwrap();
    });
    fresh();
    assert!(build(&sample, &[]).status.success(), "once nobody writes to it");
}

#[test]
fn a_secret_that_everybody_can_read_is_told_and_refused_when_strict() {
    let sample = Sample::new();
    sample.write("tree/tls.pem", "-----BEGIN CERTIFICATE-----\nx\n-----BEGIN PRIVATE KEY-----\nx\n");
    sample.write("tree/.env", "PASSWORD=x\n");
    sample.write("tree/keys.py", "MARK = '-----BEGIN PRIVATE KEY-----'\n");
    sample.write("tree/private/id_ed25519", "x\n");
    let private = sample.path().join("tree/private/id_ed25519");
    fs::set_permissions(private, PermissionsExt::from_mode(0o640)).unwrap();
    let output = build(&sample, &[]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    assert!(errors.contains("warning: /opt/acme-erp/tls.pem of acme-erp looks like a private key"), "{errors}");
    assert!(errors.contains("warning: /opt/acme-erp/.env of acme-erp looks like a secret by its name"), "{errors}");
    assert!(!errors.contains("keys.py") && !errors.contains("id_ed25519"), "{errors}");
    sample.replace("[[health]]", "on_interrupt = \"rerun\"\nundo = \"harmless\"\n[[health]]");
    let output = build(&sample, &["--strict"]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{errors}");
    assert!(errors.contains("cannot build with --strict: /opt/acme-erp/.env"), "{errors}");
}

#[test]
fn a_file_that_runs_as_its_owner_is_refused_unless_the_manifest_says_so() {
    let sample = Sample::new();
    let path = sample.path().join("tree/bin/init");
    for mode in [0o4755, 0o2755] {
        fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        refused(
            &sample,
            &format!("tree/bin/init: with mode {mode:04o} whoever runs it on a host becomes its owner or group"),
        );
    }
    fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    sample.write("helper", "#!/bin/sh\n");
    sample.replace("files = [", "files = [{ from = \"helper\", to = \"/opt/helper\", mode = \"4755\" }, ");
    let output = build(&sample, &[]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && errors.contains("warning: /opt/helper has mode 4755"), "{errors}");
}

#[test]
fn names_that_no_package_can_hold_are_refused() {
    for name in [&b"two\nlines"[..], b"bell\x07", b"latin\xe9", b"delete\x7f"] {
        let sample = Sample::new();
        fs::write(sample.path().join("tree").join(OsStr::from_bytes(name)), "x").unwrap();
        refused(&sample, "its name is not UTF-8 or has a control character");
    }
    let sample = Sample::new();
    symlink(OsStr::from_bytes(b"a\nb"), sample.path().join("tree/link")).unwrap();
    refused(&sample, "it points to a name that is no text");
    for (part, with, reason) in [
        (
            "\"/opt/acme-erp\" }",
            "\"/opt/acme-erp/../../etc\" }",
            "line 13, column 33: \"/opt/acme-erp/../../etc\" has a part '..'",
        ),
        ("\"tree/\"", "\"tree/../../\"", "line 13, column 19: \"tree/../../\" is outside the project"),
        ("\"/opt/acme-erp\" }", "\"/opt/a\\u0007\" }", "has a line break or another control character"),
    ] {
        let sample = Sample::new();
        sample.replace(part, with);
        refused(&sample, reason);
    }
}

/// Five gigabytes take minutes: `CONSIGN_LONG=1` runs it with them, else a twentieth has to do.
#[test]
fn a_file_of_five_gigabytes_takes_no_more_memory_and_dpkg_reads_it() {
    let parts = if std::env::var_os("CONSIGN_LONG").is_some() { 20 } else { 1 };
    let size: u64 = parts * 256 * 1024 * 1024;
    let sample = Sample::new();
    File::create(sample.path().join("tree/large")).unwrap().set_len(size).unwrap();
    let keys = Keys::new(Algorithm::Ed25519);
    let measured = run(
        "/usr/bin/time",
        &[
            "--format=%M",
            env!("CARGO_BIN_EXE_consign"),
            "build",
            "--manifest",
            text(&sample.manifest_path()),
            "--key",
            text(&keys.files.package_secret),
        ],
    );
    let errors = String::from_utf8_lossy(&measured.stderr).into_owned();
    assert!(measured.status.success(), "{errors}");
    let peak: u64 = errors.lines().last().unwrap().parse().unwrap();
    assert!(peak < 48 * 1024, "{peak} KiB");
    let package = sample.path().join("dist/acme-erp_1.1.0-1_all.deb");
    let listed = run("dpkg-deb", &["--contents", text(&package)]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.lines().any(|line| line.contains(&format!(" {size} ")) && line.ends_with("/large")), "{listed}");
}
