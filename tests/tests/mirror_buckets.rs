//! Hosts that know nothing but a bucket of an object store, from the first installation to the end of an upgrade.

use std::path::Path;
use std::time::Duration;

use consign_lab::{Bucket, CANOPSIS, Host, Lab, Product, Release, RpmSystem, Server, Vendor, lab};

/// Where the vendor answers while somebody carries from there. Hosts are told of another address, where nobody is.
const VENDOR: u16 = 8085;
const PREFIX: &str = "acme";

/// Brings the mirror up to what the vendor has published, and the bucket to what the mirror shows.
fn carry(vendor: &Vendor, host: &Host, mirror: &Path, bucket: &Bucket) {
    let server = Server::start(host, &vendor.repository(), VENDOR).unwrap();
    let certificate = vendor.keys().join("certificate.pgp").display().to_string();
    let sync = ["mirror", "sync", &server.url(), &mirror.display().to_string(), "--certificate", &certificate];
    host.network().inside(|| vendor.consign(&sync)).unwrap().unwrap();
    bucket.push(host, vendor, mirror, PREFIX).unwrap();
}

#[track_caller]
fn finished(host: &Host) {
    host.wait_until("a finish", Duration::from_secs(120), || {
        (host.exec(&["consignee", "status", CANOPSIS]).code == 0).then_some(())
    });
}

/// What an administrator types on a host of one package manager.
struct Typed<'a> {
    /// The vendor's package, by which a host gets to know it, and the file that says where the repository is.
    format: &'a str,
    sources: &'a str,
    install: &'a dyn Fn(&Host, &str),
    look: &'a dyn Fn(&Host) -> String,
    upgrade: &'a dyn Fn(&Host),
}

fn lives_on_a_bucket(host: &Host, vendor: &Vendor, typed: &Typed<'_>) {
    let folder = tempfile::tempdir().unwrap();
    let mirror = folder.path().join("mirror");
    let bucket = Bucket::start(host).unwrap();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    carry(vendor, host, &mirror, &bucket);
    let introduction = format!("/root/vendor-release.{}", typed.format);
    host.copy_in(mirror.join(format!("acme-release.{}", typed.format)), &introduction);
    (typed.install)(host, &introduction);
    host.shell(&format!("sed -i s#127.0.0.1:8081#{}# {}", bucket.address(PREFIX), typed.sources));
    (typed.look)(host);
    (typed.install)(host, "canopsis");
    finished(host);
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    carry(vendor, host, &mirror, &bucket);
    let looked = (typed.look)(host);
    assert!(looked.contains("acme/canopsis 3.25.0: 3.26.0 is offered"), "{looked}");
    host.ok(&["consignee", "ack", CANOPSIS, "--all", "--yes"]);
    (typed.upgrade)(host);
    finished(host);
    assert_eq!(host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    host.assert_packages_sound();
}

#[test]
fn a_host_of_apt_is_installed_and_upgraded_from_a_bucket_alone() {
    lab!();
    let vendor = Vendor::new("acme").unwrap();
    let host = Host::boot("bucket-trixie", Release::Trixie).unwrap();
    let typed = Typed {
        format: "deb",
        sources: "/etc/apt/sources.list.d/acme-stable.sources",
        install: &|host, package| drop(host.apt_get(&["install", package]).expect_ok()),
        look: &|host| host.apt_get(&["update"]).expect_ok().text(),
        upgrade: &|host| drop(host.apt_get(&["upgrade"]).expect_ok()),
    };
    lives_on_a_bucket(&host, &vendor, &typed);
}

#[test]
fn a_host_of_dnf_is_installed_and_upgraded_from_a_bucket_alone() {
    lab!(Lab::has_rpm());
    let vendor = Vendor::new("acme").unwrap().with_rpms();
    let host = Host::boot("bucket-dnf5", RpmSystem::Dnf5).unwrap();
    let typed = Typed {
        format: "rpm",
        sources: "/etc/yum.repos.d/acme-stable.repo",
        install: &|host, package| drop(host.dnf(&["install", package]).expect_ok()),
        // dnf takes a list of this very second for fresh, whatever it is told.
        look: &|host| {
            host.shell("find /var/cache/libdnf5 -type f -path '*/repodata/*' -exec touch -d '1 hour ago' {} + || :");
            host.dnf(&["--refresh", "upgrade"]).expect_ok().text()
        },
        upgrade: &|host| drop(host.dnf(&["upgrade"]).expect_ok()),
    };
    lives_on_a_bucket(&host, &vendor, &typed);
}
