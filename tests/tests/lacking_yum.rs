//! What a host of rpm without a network lacks for a release, of its distribution's own packages: found out by what it
//! says that it has, mirrored from a repository that others have signed, and installed with their signature.

use std::time::Duration;

use consign_lab::{CANOPSIS, Host, Lab, Product, RpmSystem, Server, TinyRpm, Vendor, YumRepository, lab};

const VENDOR: u16 = 8085;
const ACME: u16 = 8090;
const DISTRIBUTION: u16 = 8091;
const SOURCES: &str = "/etc/yum.repos.d/acme-stable.repo";
const DEPENDS: (&str, &str) =
    ("depends.deb = [\"python3\"]", "depends.deb = [\"python3\"]\ndepends.rpm = [\"cow >= 2\", \"calendar\"]");

/// Its hosts have some of it, one of them in a version that will not do.
fn distribution() -> YumRepository {
    let cow = TinyRpm::new("cow", "2").field("Requires", "libcow >= 2").field("Requires", "/usr/bin/herd");
    let herd = TinyRpm::new("herd", "1").file("/usr/bin/herd", "#!/bin/sh\n");
    let mut packages = vec![cow, herd];
    packages.extend(["1", "2"].map(|version| TinyRpm::new("libcow", version)));
    packages.extend(["calendar", "sheep"].map(|name| TinyRpm::new(name, "1")));
    YumRepository::of(&packages).unwrap()
}

/// The line that the help has for that.
fn line(vendor: &Vendor) -> String {
    let help = vendor.consign(&["mirror", "yum", "--help"]).unwrap().stdout;
    help.lines().map(str::trim).find(|line| line.starts_with("rpm -qa")).unwrap().to_owned()
}

fn lives_on_what_it_lacked(system: RpmSystem) {
    let vendor = Vendor::new("acme").unwrap().with_rpms();
    vendor.release_edited(Product::canopsis("3.25.0"), &[DEPENDS]).unwrap();
    let (distribution, site) = (distribution(), tempfile::tempdir().unwrap());
    let certificate = distribution.certificate().unwrap();
    let path = |name: &str| site.path().join(name).display().to_string();
    let host = Host::boot(&format!("lacking-{}", system.name()), system).unwrap();
    {
        let server = Server::start(&host, &distribution.path(), DISTRIBUTION).unwrap();
        host.add_yum_repository("distribution", &server.url(), &certificate);
        host.manager(&["install", "libcow-1", "calendar"]).expect_ok();
    }

    // All that the host has to give.
    host.shell(&format!("cd /root && {}", line(&vendor)));
    fs_err::write(site.path().join("inventory"), host.read("/root/inventory")).unwrap();
    fs_err::write(site.path().join("key"), &certificate).unwrap();
    let [inventory, acme, slice, key] = ["inventory", "acme", "slice", "key"].map(path);
    let known = vendor.keys().join("certificate.pgp").display().to_string();
    {
        let [vendors, others] = [(vendor.repository(), VENDOR), (distribution.path(), DISTRIBUTION)]
            .map(|(folder, port)| Server::start(&host, &folder, port).unwrap());
        let here = format!("http://127.0.0.1:{ACME}");
        let sync = ["mirror", "sync", &vendors.url(), &acme, "--certificate", &known, "--url", &here];
        let by = ["--needed-by", &inventory, "--vendor", &acme, "--install", "canopsis"];
        let from = others.url();
        let mirror = [&["mirror", "yum", &from, &slice, "--keyring", &key], &by[..]].concat();
        host.network().inside(|| vendor.consign(&sync)).unwrap().unwrap();
        host.network().inside(|| vendor.consign(&mirror)).unwrap().unwrap();
    }
    let record = fs_err::read_to_string(site.path().join("slice/.consign/archive.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let packages = &record["suites"]["repodata"]["slice"]["packages"];
    assert_eq!(*packages, serde_json::json!(["cow", "herd", "libcow"]), "the host has the others");

    let _acme = Server::start(&host, &site.path().join("acme"), ACME).unwrap();
    let slice = Server::start(&host, &site.path().join("slice"), DISTRIBUTION).unwrap();
    host.copy_in(site.path().join("acme/acme-release.rpm"), "/root/vendor-release.rpm");
    host.manager(&["install", "/root/vendor-release.rpm"]).expect_ok();
    host.shell(&format!("sed -i s/127.0.0.1:8081/127.0.0.1:{ACME}/ {SOURCES}"));
    host.manager(&["--refresh", "install", "canopsis"]).expect_ok();
    host.wait_until("a finish", Duration::from_secs(120), || {
        (host.exec(&["consignee", "status", CANOPSIS]).code == 0).then_some(())
    });
    assert_eq!(host.installed("libcow").as_deref(), Some("2-1"));
    assert!(slice.requests().iter().all(|request| request.status != 404), "{:?}", slice.requests());
    host.assert_packages_sound();
}

#[test]
fn what_a_host_of_dnf_5_lacks_for_a_release_is_mirrored_by_its_inventory_and_no_more() {
    lab!(Lab::has_rpm());
    lives_on_what_it_lacked(RpmSystem::Dnf5);
}

#[test]
fn what_a_host_of_dnf_4_lacks_for_a_release_is_mirrored_by_its_inventory_and_no_more() {
    lab!(Lab::has_rpm());
    lives_on_what_it_lacked(RpmSystem::Dnf4Trixie);
}
