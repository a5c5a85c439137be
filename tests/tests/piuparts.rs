//! piuparts, Debian's own test of installing, upgrading, removing and purging, on what we build.
//!
//! Its chroot has neither systemd nor a network, only the vendor's repository: what the agent would do
//! waits for a first boot that never comes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use consign_lab::{AgentPackage, Lab, Product, Release, Vendor, lab};

/// What stays after a purge, and why.
const STAYS: [(&str, &str); 2] = [
    ("^/var/lib/canopsis(/.*)?$", "users are never removed, and their home holds a product's data"),
    ("^/var/cache/debconf/tmp.ci/$", "made by apt-utils, whatever is installed"),
];

/// Runs piuparts on packages together: once from nothing, once from what the repository has.
#[track_caller]
fn passes(release: Release, vendor: &Vendor, packages: &[PathBuf]) {
    let (repository, hooks) = (vendor.repository(), hooks(vendor));
    let mut command = Command::new("piuparts");
    command.arg("--existing-chroot").arg(release.tree().unwrap()).args(["--distribution", release.name()]);
    command.arg("--mirror").arg(format!("file:{} main", repository.display())).arg("--bindmount").arg(&repository);
    command.arg("--scriptsdir").arg(&hooks).args(["--no-eatmydata", "--no-adequate"]);
    for (path, _why) in STAYS {
        command.args(["--ignore-regex", path]);
    }
    // Its default is about usrmerge, which both base roots have had from the beginning.
    command.args(["--warn-on-usr-move", "disabled"]).args(packages);
    let output = command.output().expect("piuparts (scripts/test installs it)");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success()
            && ["PASS: Installation, upgrade and purging tests.", "PASS: All tests."]
                .iter()
                .all(|passed| said.contains(passed)),
        "{}:\n{}",
        release.name(),
        wrong(&said)
    );
}

/// The entries of its log that are no detail. An entry begins with minutes and seconds.
fn wrong(log: &str) -> String {
    let mut shown = false;
    let is_of_interest = |line: &&str| {
        if line.starts_with(|first: char| first.is_ascii_digit()) {
            shown = [" ERROR: ", " FAIL: ", " WARN: "].iter().any(|word| line.contains(word));
        }
        shown
    };
    log.lines().filter(is_of_interest).collect::<Vec<_>>().join("\n")
}

/// Makes the chroot trust the vendor before it reads the repository.
fn hooks(vendor: &Vendor) -> PathBuf {
    let certificate = vendor.repository().join("certificate.gpg");
    fs::copy(vendor.keys().join("certificate.pgp"), &certificate).unwrap();
    let folder = vendor.keys().join("../piuparts");
    fs::create_dir_all(&folder).unwrap();
    let script = folder.join("post_chroot_unpack_trust");
    let text = format!("#!/bin/sh\ncp {} /etc/apt/trusted.gpg.d/acme.gpg\n", certificate.display());
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    folder
}

/// Builds and publishes the product; to piuparts a repository is a release of Debian.
fn published(version: &'static str, vendor: &Vendor, release: Release) {
    let project = vendor.project(Product::canopsis(version)).unwrap();
    let packages = vendor.build(&project).unwrap();
    let mut arguments = vendor.publish_arguments(&project, &AgentPackage::current().unwrap());
    arguments.extend(["--channel".to_owned(), release.name().to_owned()]);
    arguments.extend(packages.iter().map(|package| package.display().to_string()));
    vendor.consign(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
}

fn everything_passes(release: Release) {
    let vendor = Vendor::new("acme").unwrap();
    published("3.25.0", &vendor, release);
    let project = vendor.project(Product::canopsis("3.26.0")).unwrap();
    let mut packages = vendor.build(&project).unwrap();
    packages.push(AgentPackage::version("0.1.0-2").unwrap().package);
    packages.push(introduction(&vendor, release));
    passes(release, &vendor, &packages);
}

fn introduction(vendor: &Vendor, release: Release) -> PathBuf {
    let name = format!("acme-release-{}.deb", release.name());
    let found: &Path = &vendor.repository().join(name);
    assert!(found.exists(), "{}", found.display());
    found.to_owned()
}

#[test]
fn a_product_the_agent_and_a_release_package_pass_piuparts_on_debian_12() {
    lab!(Lab::can_host(Release::Bookworm));
    everything_passes(Release::Bookworm);
}

#[test]
fn a_product_the_agent_and_a_release_package_pass_piuparts_on_debian_13() {
    lab!(Lab::can_host(Release::Trixie));
    everything_passes(Release::Trixie);
}
