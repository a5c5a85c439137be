//! A slice of Debian's own archive, mirrored, carried by hand to a site without a network, and a host that has nothing
//! else: what it installs from there is signed by Debian.

use std::process::Command;

use consign_lab::{Host, Release, Server, Vendor, lab};

const PORT: u16 = 8091;
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The archive that this machine has its own packages from, as the roots of the lab have.
fn archive() -> String {
    let mut command = Command::new("apt-get");
    command.args(["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]);
    let known = command.output().unwrap();
    let known = String::from_utf8_lossy(&known.stdout).into_owned();
    let found = known.lines().map(|line| line.trim_end_matches('/')).find(|line| line.ends_with("/debian"));
    found.unwrap_or("http://deb.debian.org/debian").to_owned()
}

fn sources(host: &Host, server: &Server, keyring: &str) {
    let (url, suite) = (server.url(), Release::Trixie.name());
    let text = format!("Types: deb\nURIs: {url}\nSuites: {suite}\nComponents: main\nSigned-By: {keyring}\n");
    host.write("/etc/apt/sources.list.d/debian.sources", text, 0o644);
}

#[test]
fn what_is_installed_from_a_slice_of_debian_is_verified_by_debians_key() {
    lab!();
    let vendor = Vendor::new("acme").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mirror = folder.path().join("debian").display().to_string();
    let sync = ["mirror", "apt", &archive(), &mirror, "--suite", Release::Trixie.name()];
    let whose = ["--keyring", KEYRING, "--package", "hello", "--dependencies", "--json"];
    let told = vendor.consign(&[&sync[..], &whose].concat()).unwrap();
    let told: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    assert!(told["suite"]["listed"].as_u64() > Some(10_000) && told["suite"]["carried"].as_u64() < Some(20), "{told}");
    let again = vendor.consign(&[&sync[..], &["--json"]].concat()).unwrap();
    let again: serde_json::Value = serde_json::from_str(&again.stdout).unwrap();
    // Some of Debian's servers know no conditions, and send the same once more.
    assert_eq!((&again["requests"], &again["suite"]["changed"]), (&1.into(), &false.into()));

    // By hand, to where no network leads.
    let [stick, site] = ["stick", "site"].map(|name| folder.path().join(name).display().to_string());
    vendor.consign(&["mirror", "export", &mirror, "--to", &stick]).unwrap();
    vendor.consign(&["mirror", "import", &stick, &site, "--keyring", KEYRING]).unwrap();

    let host = Host::boot("mirror-debian", Release::Trixie).unwrap();
    host.shell("rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*");
    let server = Server::start(&host, folder.path().join("site").as_path(), PORT).unwrap();
    host.copy_in(vendor.keys().join("certificate.pgp"), "/root/stranger.pgp");
    sources(&host, &server, "/root/stranger.pgp");
    let refused = host.apt_get(&["update"]);
    assert!(refused.code != 0 && refused.text().contains("is not signed"), "{refused}");
    sources(&host, &server, KEYRING);
    host.apt_get(&["update"]).expect_ok();
    host.apt_get(&["install", "hello"]).expect_ok();
    assert_eq!(host.ok(&["hello"]).stdout.trim(), "Hello, world!");
    host.assert_packages_sound();
}
