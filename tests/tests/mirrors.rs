//! Hosts that know nothing but a mirror, from the first installation to the end of an upgrade.

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

/// Reads and accepts what the notes of the release say.
#[track_caller]
fn acknowledge(host: &Host) {
    let notes = host.ok(&["env", "LC_ALL=C.UTF-8", "consignee", "notes", CANOPSIS]);
    assert!(notes.text().contains("3.26.0"), "{notes}");
    host.ok(&["consignee", "ack", CANOPSIS, "--all", "--yes"]);
}

/// From the first look at the mirror to the end of an upgrade, by what an administrator types.
struct Typed<'a> {
    introduce: &'a dyn Fn(&Host, &Path),
    /// The files that say where the repository is.
    sources: &'a str,
    install: &'a dyn Fn(&Host),
    look: &'a dyn Fn(&Host) -> String,
    upgrade: &'a dyn Fn(&Host),
}

fn lives_on_a_mirror(host: &Host, vendor: &Vendor, typed: &Typed<'_>) {
    let folder = tempfile::tempdir().unwrap();
    let mirror = folder.path().join("mirror");
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    carry(vendor, host, &mirror);
    let server = Server::start(host, &mirror, MIRROR).unwrap();
    (typed.introduce)(host, &mirror);
    host.shell(&format!("sed -i s/127.0.0.1:8081/127.0.0.1:{MIRROR}/ {}", typed.sources));
    (typed.install)(host);
    finished(host);
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    assert!(!(typed.look)(host).contains("3.26.0 is offered"), "nobody has carried it yet");
    carry(vendor, host, &mirror);
    let looked = (typed.look)(host);
    assert!(looked.contains("acme/canopsis 3.25.0: 3.26.0 is offered"), "{looked}");
    acknowledge(host);
    (typed.upgrade)(host);
    finished(host);
    assert_eq!(host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    assert!(host.shell(&format!("cat {}", typed.sources)).contains(&format!("127.0.0.1:{MIRROR}")));
    let asked = server.requests();
    assert!(
        asked.iter().any(|request| request.path == "/consign/stable/feed.pgp" && request.status == 200),
        "{asked:?}"
    );
    assert!(asked.iter().all(|request| request.status != 404), "{asked:?}");
    host.assert_packages_sound();
}

#[test]
fn a_host_of_apt_is_installed_and_upgraded_from_a_mirror_alone() {
    lab!();
    let vendor = Vendor::new("acme").unwrap();
    let host = Host::boot("mirror-trixie", Release::Trixie).unwrap();
    let introduce = |host: &Host, mirror: &Path| {
        host.copy_in(mirror.join("acme-release.deb"), "/root/vendor-release.deb");
        host.apt_get(&["install", "/root/vendor-release.deb"]).expect_ok();
    };
    let install = |host: &Host| {
        host.apt_get(&["update"]).expect_ok();
        host.apt_get(&["install", "canopsis"]).expect_ok();
    };
    let typed = Typed {
        introduce: &introduce,
        sources: "/etc/apt/sources.list.d/acme-stable.sources",
        install: &install,
        look: &|host| host.apt_get(&["update"]).expect_ok().text(),
        upgrade: &|host| drop(host.apt_get(&["upgrade"]).expect_ok()),
    };
    lives_on_a_mirror(&host, &vendor, &typed);
}

#[test]
fn a_host_of_dnf_is_installed_and_upgraded_from_a_mirror_alone() {
    lab!(Lab::has_rpm());
    let vendor = Vendor::new("acme").unwrap().with_rpms();
    let host = Host::boot("mirror-dnf5", RpmSystem::Dnf5).unwrap();
    let introduce = |host: &Host, mirror: &Path| {
        host.copy_in(mirror.join("acme-release.rpm"), "/root/vendor-release.rpm");
        host.dnf(&["install", "/root/vendor-release.rpm"]).expect_ok();
    };
    let typed = Typed {
        introduce: &introduce,
        sources: "/etc/yum.repos.d/acme-stable.repo",
        install: &|host| drop(host.dnf(&["install", "canopsis"]).expect_ok()),
        look: &|host| host.dnf(&["--refresh", "upgrade"]).expect_ok().text(),
        upgrade: &|host| drop(host.dnf(&["upgrade"]).expect_ok()),
    };
    lives_on_a_mirror(&host, &vendor, &typed);
}
