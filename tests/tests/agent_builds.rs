//! The agent's programs as customers get them: one build for old and new hosts, for both processors.
//!
//! `scripts/agent` builds those for 64-bit PCs, without which nothing here passes, and `scripts/agent --all` those for
//! 64-bit ARM as well, without which a long run (`CONSIGN_LONG`) is not whole, and says so. What is for other
//! processors than this machine's runs in an emulator (qemu-user, libc6-arm64-cross), where there is one.

use std::path::{Path, PathBuf};
use std::process::Command;

use consign_lab::{AgentPackage, Lab, Product, Vendor, program};

#[path = "../../publisher/tests/rpmlint/mod.rs"]
mod rpmlint;

/// The C library of EL 8, the oldest host that is promised.
const EL_8: [u32; 2] = [2, 28];
const PROGRAMS: [&str; 2] = ["consignee", "consignee-hook"];

/// What is for one kind of processor.
struct Build {
    folder: PathBuf,
    machine: &'static str,
    deb: &'static str,
    rpm: &'static str,
}

/// That for 64-bit PCs, and where it is there that for 64-bit ARM.
fn builds() -> Vec<Build> {
    let folder = Lab::agent("x86_64").unwrap_or_else(|absent| panic!("{absent}"));
    let mut found = vec![Build { folder, machine: "X86-64", deb: "amd64", rpm: "x86_64" }];
    match Lab::agent("aarch64") {
        Ok(folder) => found.push(Build { folder, machine: "AArch64", deb: "arm64", rpm: "aarch64" }),
        Err(not_run) if std::env::var_os("CONSIGN_LONG").is_some() => not_run.report(),
        // Only the long run builds it.
        Err(_) => {}
    }
    found
}

fn said(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// The highest version of a symbol that a program asks the C library for.
fn glibc(program: &Path) -> Vec<u32> {
    let versions = said(Command::new("readelf").args(["--version-info", "--wide"]).arg(program));
    let names = versions.split_whitespace().filter_map(|word| word.strip_prefix("GLIBC_"));
    let newest = names.map(|name| name.split('.').filter_map(|part| part.parse().ok()).collect::<Vec<u32>>()).max();
    newest.unwrap_or_else(|| panic!("{} asks for no version: {versions}", program.display()))
}

#[test]
fn the_agents_programs_ask_for_no_newer_c_library_than_that_of_el_8() {
    for build in builds() {
        for name in PROGRAMS {
            let program = build.folder.join(name);
            let header = said(Command::new("readelf").arg("--file-header").arg(&program));
            assert!(header.contains(build.machine), "{header}");
            let newest = glibc(&program);
            assert!(newest[..] <= EL_8[..], "{} asks for glibc {newest:?}; scripts/agent builds it", program.display());
            let needs = said(Command::new("readelf").arg("--dynamic").arg(&program));
            assert!(
                !needs.contains("libgcc_s") && !needs.contains("libssl"),
                "a library that a host may lack: {needs}"
            );
        }
    }
}

/// What a program of a build says.
fn run(runner: &[String], build: &Build, name: &str, argument: &str) -> String {
    let program = build.folder.join(name).display().to_string();
    let words: Vec<&str> = runner.iter().map(String::as_str).chain([program.as_str(), argument]).collect();
    said(Command::new(words[0]).args(&words[1..]))
}

#[test]
fn the_agents_programs_start_on_both_processors() {
    for build in builds() {
        match Lab::runner(build.rpm) {
            Ok(runner) => {
                let version = run(&runner, &build, "consignee", "--version");
                assert!(version.starts_with("consignee "), "{}: {version}", build.rpm);
                // Nothing of this machine is managed: it looks, and lets everything pass.
                run(&runner, &build, "consignee-hook", "wake");
            }
            Err(not_run) => not_run.report(),
        }
    }
}

/// The agent's packages of both formats for a build, made on this machine.
fn packages(vendor: &Vendor, build: &Build, into: &Path) -> Vec<PathBuf> {
    let here = Lab::repository().join("target/agent/consignee");
    for format in ["deb", "rpm"] {
        let mut consign = Command::new(program("consign"));
        consign.args(["agent-package", "--version", "0.1.0-1", "--format", format]);
        consign.arg("--binaries").arg(&build.folder).arg("--manual").arg(&here);
        consign.arg("--dist").arg(Lab::repository().join("client/dist"));
        consign.arg("--key").arg(vendor.keys().join("package.secret.pgp")).arg("--output").arg(into);
        said(&mut consign);
    }
    let (deb, rpm) = (build.deb, build.rpm);
    vec![into.join(format!("consignee_0.1.0-1_{deb}.deb")), into.join(format!("consignee-0.1.0-1.{rpm}.rpm"))]
}

#[test]
fn rpmlint_finds_nothing_in_the_agents_rpm_without_a_reason() {
    assert_eq!(rpmlint::complaints(&AgentPackage::rpm().unwrap().package), [""; 0]);
}

#[test]
fn the_agents_packages_say_which_processor_they_are_for_and_are_published_together() {
    let consign = Vendor::new("consign").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut agents = Vec::new();
    for build in builds() {
        let made = packages(&consign, &build, folder.path());
        let deb = said(Command::new("dpkg-deb").arg("--field").arg(&made[0]).arg("Architecture"));
        assert_eq!(deb.trim(), build.deb);
        let rpm = said(Command::new("rpm").args(["--query", "--queryformat", "%{ARCH}", "--package"]).arg(&made[1]));
        assert_eq!(rpm, build.rpm);
        agents.extend(made);
    }
    let acme = Vendor::new("acme").unwrap();
    let project = acme.project(Product::canopsis("3.25.0")).unwrap();
    let given: Vec<String> =
        agents.iter().flat_map(|agent| ["--agent".to_owned(), agent.display().to_string()]).collect();
    let text = |path: PathBuf| path.display().to_string();
    let (manifest, certificate) = (text(project.join("consign.toml")), text(consign.keys().join("certificate.pgp")));
    let (repository, keys) = (text(acme.repository()), text(acme.keys()));
    let built = acme.build(&project).unwrap();
    let mut arguments = vec!["publish", "--manifest", &manifest, "--folder", &repository, "--keys", &keys];
    arguments.extend(given.iter().map(String::as_str));
    arguments.extend(["--agent-certificate", &certificate]);
    let built: Vec<String> = built.into_iter().map(text).collect();
    arguments.extend(built.iter().map(String::as_str));
    acme.consign(&arguments).unwrap();
    for agent in agents {
        let published = acme.repository().join("pool/main/c/consignee").join(agent.file_name().unwrap());
        assert!(published.exists(), "{} is not published", published.display());
    }
}
