//! Hosts that are pointed at a mirror by the two ways that the guide names: a list of mirrors for apt, a variable for
//! dnf. Neither is touched when the vendor replaces its keys, and with them its release package.

use std::path::Path;
use std::time::Duration;

use consign_lab::{CANOPSIS, Host, Lab, Product, Release, RpmSystem, Server, Vendor, lab};

/// Where the vendor answers while somebody carries from there. Hosts are told of another address, where nobody is.
const VENDOR: u16 = 8085;
const MIRROR: u16 = 8090;

/// Brings the mirror up to what the vendor has published; then the vendor is out of reach again.
fn carry(vendor: &Vendor, host: &Host, mirror: &Path) {
    let server = Server::start(host, &vendor.repository(), VENDOR).unwrap();
    let (url, certificate) = (format!("http://127.0.0.1:{MIRROR}"), vendor.keys().join("certificate.pgp"));
    let (mirror, certificate) = (mirror.display().to_string(), certificate.display().to_string());
    let sync = ["mirror", "sync", &server.url(), &mirror, "--url", &url, "--certificate", &certificate];
    host.network().inside(|| vendor.consign(&sync)).unwrap().unwrap();
}

#[track_caller]
fn finished(host: &Host) {
    host.wait_until("a finish", Duration::from_secs(120), || {
        (host.exec(&["consignee", "status", CANOPSIS]).code == 0).then_some(())
    });
}

/// What an administrator does on one kind of host.
struct Typed<'a> {
    introduce: &'a dyn Fn(&Host, &Path),
    /// The file that says where the repository is.
    sources: &'a str,
    install: &'a dyn Fn(&Host),
    /// The phases of the vendor's new keys that this package manager follows.
    phases: &'a [&'a str],
    look: &'a dyn Fn(&Host) -> String,
    upgrade: &'a dyn Fn(&Host),
}

fn stays_with_the_mirror(host: &Host, vendor: &Vendor, typed: &Typed<'_>) {
    let folder = tempfile::tempdir().unwrap();
    let mirror = folder.path().join("mirror");
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let project = vendor.project(Product::canopsis("3.25.0")).unwrap();
    carry(vendor, host, &mirror);
    let _server = Server::start(host, &mirror, MIRROR).unwrap();
    (typed.introduce)(host, &mirror);
    let written = host.shell(&format!("cat {}", typed.sources));
    (typed.install)(host);
    finished(host);
    for phase in typed.phases {
        vendor.key(&["rotate", phase]).unwrap();
        vendor.renew(&project).unwrap();
        carry(vendor, host, &mirror);
        (typed.look)(host);
        (typed.upgrade)(host);
    }
    let keyring = host.installed("acme-release").unwrap();
    assert_ne!(keyring.split('-').next(), Some("1"), "the release package is the one with the new keys");
    assert_eq!(host.shell(&format!("cat {}", typed.sources)), written, "its file is the site's");

    vendor.release(Product::canopsis("3.26.0")).unwrap();
    carry(vendor, host, &mirror);
    let looked = (typed.look)(host);
    assert!(looked.contains("acme/canopsis 3.25.0: 3.26.0 is offered"), "by the new key: {looked}");
    host.ok(&["consignee", "ack", CANOPSIS, "--all", "--yes"]);
    (typed.upgrade)(host);
    finished(host);
    assert_eq!(host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    host.assert_packages_sound();
}

#[test]
fn a_list_of_mirrors_and_the_longer_life_of_indexes_survive_new_keys_on_a_host_of_apt() {
    lab!();
    let vendor = Vendor::new("acme").unwrap();
    let host = Host::boot("pointed-trixie", Release::Trixie).unwrap();
    let sources = "/etc/apt/sources.list.d/acme-stable.sources";
    let introduce = |host: &Host, mirror: &Path| {
        host.copy_in(mirror.join("acme-release.deb"), "/root/vendor-release.deb");
        host.apt_get(&["install", "/root/vendor-release.deb"]).expect_ok();
        host.shell("mkdir -p /etc/apt/mirrors");
        host.write("/etc/apt/mirrors/acme.list", format!("http://127.0.0.1:{MIRROR}\n"), 0o644);
        let edit = "s,^URIs:.*,URIs: mirror+file:/etc/apt/mirrors/acme.list\\nValid-Until-Min: 17280000,";
        host.shell(&format!("sed -i '{edit}' {sources}"));
    };
    let install = |host: &Host| {
        host.apt_get(&["update"]).expect_ok();
        host.apt_get(&["install", "canopsis"]).expect_ok();
    };
    let typed = Typed {
        introduce: &introduce,
        sources,
        install: &install,
        phases: &["add", "both", "new", "drop"],
        look: &|host| host.apt_get(&["update"]).expect_ok().text(),
        upgrade: &|host| drop(host.apt_get(&["upgrade"]).expect_ok()),
    };
    stays_with_the_mirror(&host, &vendor, &typed);
}

#[test]
fn a_variable_that_names_the_mirror_survives_new_keys_on_a_host_of_dnf() {
    lab!(Lab::has_rpm());
    let vendor = Vendor::new("acme").unwrap().with_rpms();
    let host = Host::boot("pointed-dnf5", RpmSystem::Dnf5).unwrap();
    let sources = "/etc/yum.repos.d/acme-stable.repo";
    let introduce = |host: &Host, mirror: &Path| {
        host.copy_in(mirror.join("acme-release.rpm"), "/root/vendor-release.rpm");
        host.dnf(&["install", "/root/vendor-release.rpm"]).expect_ok();
        host.shell("mkdir -p /etc/dnf/vars");
        host.write("/etc/dnf/vars/acme_mirror", format!("http://127.0.0.1:{MIRROR}\n"), 0o644);
        host.shell(&format!("sed -i 's,^mirrorlist=.*,mirrorlist=$acme_mirror/yum/stable/mirrors,' {sources}"));
    };
    let typed = Typed {
        introduce: &introduce,
        sources,
        install: &|host| drop(host.dnf(&["install", "canopsis"]).expect_ok()),
        phases: &["add", "both"],
        look: &|host| host.dnf(&["--refresh", "upgrade"]).expect_ok().text(),
        upgrade: &|host| drop(host.dnf(&["upgrade"]).expect_ok()),
    };
    stays_with_the_mirror(&host, &vendor, &typed);
}
