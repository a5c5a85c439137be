//! What Debian's own checker says of our packages.

use std::collections::BTreeMap;
use std::path::Path;

use consign::package::{Packager, deb::Deb};
use consign::sign::Algorithm;

use crate::sample::{Keys, Sample, have, output_of, run, text};

/// Tags we accept, each with its reason: `tag: reason`.
const ALLOWED: &str = include_str!("../../lintian-allowed");

fn allowed() -> BTreeMap<&'static str, &'static str> {
    let lines = ALLOWED.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_once(": ").expect("every tag has a reason")).collect()
}

/// The errors and warnings that nobody has given a reason for.
fn complaints(package: &Path) -> Vec<String> {
    let output = run("lintian", &["--no-cfg", "--allow-root", "--tag-display-limit", "0", text(package)]);
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.code().is_some_and(|code| code <= 2), "{report}{}", String::from_utf8_lossy(&output.stderr));
    let allowed = allowed();
    let of_interest = |line: &&str| line.starts_with("E: ") || line.starts_with("W: ");
    let tag = |line: &str| {
        line.split_once(": ")
            .and_then(|(_, rest)| rest.split_once(": "))
            .map(|(_, rest)| rest.split(' ').next().unwrap_or_default().to_owned())
    };
    report
        .lines()
        .filter(of_interest)
        .filter(|line| !tag(line).is_some_and(|tag| allowed.contains_key(&*tag)))
        .map(str::to_owned)
        .collect()
}

#[test]
fn lintian_finds_nothing_without_a_reason() {
    if !have("lintian") {
        return;
    }
    let sample = Sample::new();
    sample.replace("units =", "folders = [{ path = \"/var/lib/erp\", owner = \"erp\", mode = \"0750\" }]\nusers = [{ name = \"erp\", home = \"/var/lib/erp\", groups = [\"adm\"] }]\nunits =");
    let built = sample.build(&Keys::new(Algorithm::Ed25519).package());
    assert_eq!(complaints(built.package.path()), [""; 0]);
}

#[test]
fn the_template_passes_too() {
    if !have("lintian") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("acme");
    consign::template::lay_down(&"acme".parse().unwrap(), &project).unwrap();
    let project =
        consign::manifest::Project::load(&project.join("consign.toml"), consign::manifest::Strictness::Strict).unwrap();
    let release = consign::build::Release::prepare(&project).unwrap();
    let keys = Keys::new(Algorithm::Ed25519);
    let time = jiff::Timestamp::from_second(1_700_000_000).unwrap();
    let built = release.build(&keys.package(), time, folder.path(), &mut |_| {}).unwrap();
    assert_eq!(complaints(built[0].package.path()), [""; 0]);
}

#[test]
fn the_agents_package_is_built_from_programs_and_dist() {
    let folder = tempfile::tempdir().unwrap();
    for program in ["consignee", "consignee-hook"] {
        std::fs::copy("/bin/true", folder.path().join(program)).unwrap();
    }
    let from = consign::build::AgentPackage {
        binaries: folder.path().to_owned(),
        dist: Path::new(env!("CARGO_MANIFEST_DIR")).join("../client/dist"),
        version: "0.1.0".parse().unwrap(),
        revision: 1,
    };
    let contents = consign::build::agent_package(&from).unwrap();
    let keys = Keys::new(Algorithm::Ed25519);
    let unsigned = Deb.build(&contents, jiff::Timestamp::from_second(1_700_000_000).unwrap(), folder.path()).unwrap();
    let package = unsigned.sign(&keys.package()).unwrap();
    assert_eq!(package.version(), "0.1.0-1");
    assert!(package.plan().is_none());
    assert!(package.control().get("Depends").unwrap().starts_with("libc6 (>= 2."));
    let files = output_of("dpkg-deb", &["--contents", text(package.path())]);
    for file in ["./usr/bin/consignee", "./usr/lib/consignee/consignee-hook", "./etc/apt/apt.conf.d/20consignee"] {
        assert!(files.lines().any(|line| line.ends_with(file)), "{files}");
    }
    assert!(!files.contains("DEBIAN"), "{files}");
    let conffiles = output_of("dpkg-deb", &["--info", text(package.path()), "conffiles"]);
    assert_eq!(conffiles, "/etc/apt/apt.conf.d/20consignee\n");
    if have("lintian") {
        assert_eq!(complaints(package.path()), [""; 0]);
    }
}
