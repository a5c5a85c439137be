//! Packages as others build them, by their own programs; shared by the suites that wrap one.
//!
//! `scripts/packagers` installs the programs. One that is missing fails the test.

#![allow(dead_code, reason = "each suite uses what it needs")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Relative to the crate that includes this file: both lie side by side.
const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Runs a program that must succeed.
pub fn run(program: &str, arguments: &[&str], folder: &Path) {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env("SOURCE_DATE_EPOCH", "1785585600").env_remove("MAKEFLAGS");
    let output = command.output().unwrap_or_else(|cause| panic!("cannot run {program}: {cause} (scripts/packagers)"));
    let text = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&text));
}

/// The ledger of `consign new`, whose database has this schema, and its unit.
fn ledger(schema: u32, folder: &Path) {
    let template = Path::new(REPOSITORY).join("repo-template");
    fs::create_dir_all(folder.join("app/bin")).unwrap();
    let program = fs::read_to_string(template.join("app/bin/ledger")).unwrap();
    let program = program.replace("\nSCHEMA = 1\n", &format!("\nSCHEMA = {schema}\n"));
    fs::write(folder.join("app/bin/ledger"), program).unwrap();
    run("chmod", &["755", "app/bin/ledger"], folder);
    fs::copy(template.join("units/acme-ledger.service"), folder.join("acme-ledger.service")).unwrap();
    fs::write(folder.join("ledger.conf"), "port = 8321\n").unwrap();
}

/// The ledger as debhelper and dpkg-buildpackage make it, with an `edit` of the folder `debian` before.
pub fn debhelper(version: &str, schema: u32, folder: &Path, edit: impl Fn(&Path)) -> PathBuf {
    let source = folder.join(format!("acme-ledger-{version}"));
    fs::create_dir_all(&source).unwrap();
    ledger(schema, &source);
    let debian = source.join("debian");
    let fixture = format!("{REPOSITORY}/tests/fixtures/ledger-debian");
    run("cp", &["-a", "-T", &fixture, debian.to_str().unwrap()], folder);
    fs::rename(source.join("acme-ledger.service"), debian.join("acme-ledger.service")).unwrap();
    let changelog = fs::read_to_string(debian.join("changelog")).unwrap().replace("@VERSION@", version);
    fs::write(debian.join("changelog"), changelog).unwrap();
    edit(&debian);
    run("dpkg-buildpackage", &["--build=binary", "--no-sign"], &source);
    let found = folder.join(format!("acme-ledger_{version}_all.deb"));
    if found.exists() { found } else { folder.join(format!("acme-ledger_{version}_amd64.deb")) }
}

/// The same as nfpm makes it: no `./` in its archive, gzip, scripts as given.
pub fn nfpm(version: &str, schema: u32, folder: &Path) -> PathBuf {
    nfpm_as("deb", version, schema, folder);
    folder.join(format!("acme-ledger_{version}-1_amd64.deb"))
}

/// The same as nfpm makes it for rpm.
pub fn nfpm_rpm(version: &str, schema: u32, folder: &Path) -> PathBuf {
    nfpm_as("rpm", version, schema, folder);
    folder.join(format!("acme-ledger-{version}-1.x86_64.rpm"))
}

fn nfpm_as(format: &str, version: &str, schema: u32, folder: &Path) {
    ledger(schema, folder);
    let manifest = format!(
        "name: acme-ledger\narch: amd64\nversion: {version}\nrelease: 1\nmaintainer: Acme <packages@acme.example>\n\
         description: numbered entries\ndepends: [python3]\n\
         contents:\n  - {{src: app/bin/ledger, dst: /opt/acme-ledger/bin/ledger}}\n  \
         - {{src: acme-ledger.service, dst: /usr/lib/systemd/system/acme-ledger.service}}\n  \
         - {{src: ledger.conf, dst: /etc/acme/ledger.conf, type: config}}\n\
         scripts: {{postinstall: postinstall.sh}}\n"
    );
    fs::write(folder.join("nfpm.yaml"), manifest).unwrap();
    fs::write(folder.join("postinstall.sh"), "#!/bin/bash\nset -u\necho installed \"$1\"\n").unwrap();
    let lab = std::env::var("CONSIGN_LAB").unwrap_or_else(|_| format!("{REPOSITORY}/target/lab"));
    run(&format!("{lab}/packagers/nfpm"), &["package", "--packager", format, "--target", "."], folder);
}

/// The ledger as rpmbuild makes it, with an `edit` of the spec before.
pub fn rpmbuild(version: &str, schema: u32, folder: &Path, edit: impl Fn(String) -> String) -> PathBuf {
    ledger(schema, folder);
    let spec = fs::read_to_string(format!("{REPOSITORY}/tests/fixtures/ledger-rpm/acme-ledger.spec")).unwrap();
    let spec = edit(spec.replace("@VERSION@", version));
    fs::write(folder.join("acme-ledger.spec"), spec).unwrap();
    build_rpm("acme-ledger.spec", None, folder);
    folder.join(format!("acme-ledger-{version}-1.noarch.rpm"))
}

/// Runs rpmbuild on a spec whose sources are beside it, for another processor where one is named; the
/// packages come there, too.
pub fn build_rpm(spec: &str, target: Option<&str>, folder: &Path) {
    let top = folder.to_str().unwrap();
    let definitions = [
        format!("_topdir {top}"),
        format!("_sourcedir {top}"),
        format!("_rpmdir {top}"),
        "_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm".to_owned(),
        "_build_id_links none".to_owned(),
        "use_source_date_epoch_as_buildtime 1".to_owned(),
        "clamp_mtime_to_source_date_epoch 1".to_owned(),
    ];
    let defined = definitions.iter().flat_map(|definition| ["--define", definition]);
    let target = target.iter().flat_map(|target| ["--target", target]);
    let arguments: Vec<&str> = ["--quiet", "-bb"].into_iter().chain(target).chain(defined).chain([spec]).collect();
    run("rpmbuild", &arguments, folder);
}

/// A program with a unit as cargo-deb makes it: no `md5sums`, no `./`, owners without names.
pub fn cargo_deb(version: &str, folder: &Path) -> PathBuf {
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::create_dir_all(folder.join("units")).unwrap();
    let manifest = format!(
        "[package]\nname = \"acme-ledger\"\nversion = \"{version}\"\nedition = \"2021\"\nlicense = \"MIT\"\n\
         description = \"numbered entries\"\nauthors = [\"Acme <packages@acme.example>\"]\n[workspace]\n\
         [package.metadata.deb]\nmaintainer-scripts = \"units/\"\nsystemd-units = {{ unit-scripts = \"units/\" }}\n\
         assets = [[\"target/release/acme-ledger\", \"opt/acme/bin/\", \"755\"]]\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("src/main.rs"), "fn main() {}\n").unwrap();
    fs::write(folder.join("units/service"), "[Service]\nExecStart=/opt/acme/bin/acme-ledger\n").unwrap();
    let lab = std::env::var("CONSIGN_LAB").unwrap_or_else(|_| format!("{REPOSITORY}/target/lab"));
    // Where this machine's builds go is not where this one looks.
    let target = format!("CARGO_TARGET_DIR={}", folder.join("target").display());
    run("env", &[&target, &format!("{lab}/packagers/cargo-deb"), "--output", "."], folder);
    folder.join(format!("acme-ledger_{version}-1_amd64.deb"))
}
