//! A product on a host with zypper, from the vendor's repository to the finish.
//!
//! zypper asks no plugin before it changes packages: what nobody has cleared is locked, and what comes all the
//! same is stopped and judged by the scripts of its packages.

use consign_lab::{CANOPSIS, Lab, Product, RpmSystem, Site, Vendor, lab};

const LOCKS: &str = "/etc/zypp/locks";

/// A host with 3.25.0 of the product, and its vendor.
fn installed(name: &str) -> (Vendor, Site) {
    let vendor = Vendor::new("acme").unwrap().with_rpms();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let site = Site::open(name, RpmSystem::Zypper, &vendor, CANOPSIS).unwrap();
    site.host.zypper(&["install", "canopsis"]).expect_ok();
    site.wait_status(0);
    (vendor, site)
}

/// A release comes out, and the host reads the lists anew.
fn released(vendor: &Vendor, site: &Site, version: &'static str) {
    vendor.release(Product::canopsis(version)).unwrap();
    site.refresh();
}

#[test]
fn zypper_update_finishes_what_was_acknowledged_once() {
    lab!(Lab::has_rpm());
    let (vendor, site) = installed("zypper");
    assert!(site.host.installed("consignee").is_some());
    assert_eq!(site.init_calls().len(), 1, "{:?}", site.init_calls());
    for engine in ["main", "worker", "web"] {
        assert_eq!(site.engine(engine), "active", "{engine}");
    }
    assert!(site.host.read(LOCKS).contains("version: > 3.25.0-1\n"), "held from the first day on");
    let client = site.client();

    released(&vendor, &site, "3.26.0");
    let offered = site.wait_status(3);
    assert!(offered.stdout.contains("3.26.0") && offered.stdout.contains("consignee notes acme/canopsis"), "{offered}");
    let held = site.host.zypper(&["update"]).expect_ok();
    assert!(held.text().contains("canopsis"), "zypper says what it keeps back: {held}");
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));

    site.consignee(&["ack", CANOPSIS, "--all", "--yes"]);
    let done = site.host.zypper(&["update"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"), "{done}");
    assert_eq!(site.init_calls().len(), 2, "{:?}", site.init_calls());
    let journals = site.host.shell("ls /var/lib/consignee/acme/canopsis/journal");
    assert_eq!(journals.lines().count(), 2, "one for the installation, one for the upgrade: {journals}");
    assert_eq!(site.announced().len(), 2, "the first install and the upgrade");
    assert!(site.host.read(LOCKS).contains("version: > 3.26.0-1\n"), "what comes next is held again");
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();
}
