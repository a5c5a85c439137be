//! An older version by hand, on hosts of rpm: refused where anybody is asked, else found and halted until the
//! finished version is there again.

use std::time::Duration;

use consign_lab::{CANOPSIS, Lab, Product, RecordClient, RpmSystem, Site, Vendor, lab};

const OLDER: &str = "/root/older.rpm";
const NEWER: &str = "/root/newer.rpm";
const SOON: Duration = Duration::from_secs(60);

/// 3.26.0 is finished, 3.25.0 is still in the repository, and the files of both are on the host; and who worked with
/// it meanwhile.
#[track_caller]
fn upgraded(name: &str, system: RpmSystem) -> (Vendor, Site, RecordClient) {
    let vendor = Vendor::new("acme").unwrap().with_rpms_only();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let site = Site::open(name, system, &vendor, CANOPSIS).unwrap();
    site.host.manager(&["install", "canopsis"]).expect_ok();
    site.wait_status(0);
    let client = site.client();
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    site.refresh().expect_ok();
    site.consignee(&["ack", CANOPSIS, "--all", "--yes"]);
    site.upgrade().expect_ok();
    site.wait_status(0);
    for (version, file) in [("3.25.0", OLDER), ("3.26.0", NEWER)] {
        let rpm = vendor.repository().join(format!("pool/main/c/canopsis/canopsis-{version}-1.noarch.rpm"));
        site.host.copy_in(rpm, file);
    }
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    (vendor, site, client)
}

/// What dnf is asked for by number it does not see, and what it is given as a file the gate refuses.
#[track_caller]
fn refused(system: RpmSystem) {
    let (_vendor, site, client) = upgraded("older-dnf", system);
    let by_version = site.host.dnf(&["downgrade", "canopsis-3.25.0"]).expect_code(1);
    assert!(by_version.text().contains("No package canopsis-3.25.0 available"), "{by_version}");
    let installed = site.host.dnf(&["install", "canopsis-3.25.0"]).expect_code(1);
    assert!(installed.text().contains("exclude filtering"), "{installed}");
    let by_file = site.host.dnf(&["downgrade", OLDER]).expect_code(1);
    assert!(by_file.text().contains("older than"), "{by_file}");
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    site.wait_status(0);
    assert_eq!(client.ledger().outages().len(), 1, "that of the upgrade: {:?}", client.ledger().outages());
    site.nothing_was_lost(client);
}

/// The older packages are there, and nothing of them runs; with the finished version back the engines do, and no
/// step is repeated.
#[track_caller]
fn halts_until_it_is_put_back(site: &Site, client: RecordClient, put_back: &[&str]) {
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    let status = site.wait_status(4).text();
    assert!(status.contains("3.25.0") && status.contains("3.26.0"), "{status}");
    site.host.wait_until("its engines stopped", SOON, || (site.engine("main") == "inactive").then_some(()));
    site.assert_canopsis_stopped();
    site.host.ok(put_back);
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    site.host.wait_until("its engines run", SOON, || (site.engine("web") == "active").then_some(()));
    assert_eq!(site.init_calls().len(), 2, "putting it back runs nothing: {:?}", site.init_calls());
    site.nothing_is_missing(client);
    site.host.assert_packages_sound();
}

#[test]
fn dnf_4_of_debian_12_refuses_an_older_version() {
    lab!(Lab::has_rpm());
    refused(RpmSystem::Dnf4Bookworm);
}

#[test]
fn dnf_4_of_debian_13_refuses_an_older_version() {
    lab!(Lab::has_rpm());
    refused(RpmSystem::Dnf4Trixie);
}

#[test]
fn an_older_version_that_zypper_installs_halts() {
    lab!(Lab::has_rpm());
    let (_vendor, site, client) = upgraded("older-zypper", RpmSystem::Zypper);
    site.host.zypper(&["install", "--oldpackage", "canopsis=3.25.0-1"]).expect_ok();
    halts_until_it_is_put_back(&site, client, &["zypper", "--non-interactive", "install", "canopsis=3.26.0-1"]);
}

#[test]
fn an_older_version_that_rpm_installs_halts() {
    lab!(Lab::has_rpm());
    let (_vendor, site, client) = upgraded("older-rpm", RpmSystem::Dnf4Trixie);
    site.host.rpm(&["--upgrade", "--oldpackage", OLDER]).expect_ok();
    halts_until_it_is_put_back(&site, client, &["rpm", "--upgrade", NEWER]);
}
