//! What a host without a network lacks for a release, of its distribution's own packages: found out by what it has,
//! mirrored from Debian's archive, and installed with Debian's signature.

use std::process::Command;
use std::time::Duration;

use consign_lab::{CANOPSIS, Host, Product, Release, Server, Vendor, lab};

const VENDOR: u16 = 8085;
const ACME: u16 = 8090;
const DEBIAN: u16 = 8091;
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

#[test]
fn what_a_host_without_a_network_lacks_for_a_release_is_mirrored_by_its_inventory_and_no_more() {
    lab!();
    let vendor = Vendor::new("acme").unwrap();
    vendor
        .release_edited(
            Product::canopsis("3.25.0"),
            &[("depends.deb = [\"python3\"]", "depends.deb = [\"python3\", \"cowsay\"]")],
        )
        .unwrap();
    let host = Host::boot("lacking", Release::Trixie).unwrap();
    let site = tempfile::tempdir().unwrap();
    let path = |name: &str| site.path().join(name).display().to_string();
    let certificate = vendor.keys().join("certificate.pgp").display().to_string();
    {
        let server = Server::start(&host, &vendor.repository(), VENDOR).unwrap();
        let sync = ["mirror", "sync", &server.url(), &path("acme"), "--certificate", &certificate];
        host.network().inside(|| vendor.consign(&sync)).unwrap().unwrap();
    }

    // All that the host has to give: a file that every host has.
    fs_err::write(site.path().join("inventory"), host.shell("cat /var/lib/dpkg/status")).unwrap();
    let suite = ["--suite", Release::Trixie.name(), "--keyring", KEYRING, "--json"];
    let [inventory, acme, debian] = ["inventory", "acme", "debian"].map(path);
    let by = ["--needed-by", &inventory, "--vendor", &acme, "--install", "canopsis"];
    let from = archive();
    let mirror = [&["mirror", "apt", &from, &debian], &suite[..], &by[..]].concat();
    let told = vendor.consign(&mirror).unwrap();
    let told: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    let carried = told["suite"]["carried"].as_u64().unwrap();
    assert!((1..40).contains(&carried), "cowsay and what it needs that the host has not: {told}");
    let record = fs_err::read_to_string(site.path().join("debian/.consign/archive.json")).unwrap();
    assert!(record.contains("\"cowsay\"") && !record.contains("\"libc6\""), "the host has libc6: {record}");

    let _acme = Server::start(&host, &site.path().join("acme"), ACME).unwrap();
    let _debian = Server::start(&host, &site.path().join("debian"), DEBIAN).unwrap();
    host.shell("rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*");
    let sources = format!(
        "Types: deb\nURIs: http://127.0.0.1:{DEBIAN}\nSuites: {}\nComponents: main\nSigned-By: {KEYRING}\n",
        Release::Trixie.name()
    );
    host.write("/etc/apt/sources.list.d/debian.sources", sources, 0o644);
    host.copy_in(site.path().join("acme/acme-release.deb"), "/root/vendor-release.deb");
    host.apt_get(&["install", "/root/vendor-release.deb"]).expect_ok();
    host.shell(&format!("sed -i s/127.0.0.1:8081/127.0.0.1:{ACME}/ /etc/apt/sources.list.d/acme-stable.sources"));
    host.apt_get(&["update"]).expect_ok();
    host.apt_get(&["install", "canopsis"]).expect_ok();
    host.wait_until("a finish", Duration::from_secs(120), || {
        (host.exec(&["consignee", "status", CANOPSIS]).code == 0).then_some(())
    });
    assert!(host.ok(&["/usr/games/cowsay", "moo"]).text().contains("moo"));
    host.assert_packages_sound();
}
