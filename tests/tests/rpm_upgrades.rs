//! A product on hosts of rpm: what `apt upgrade` finishes, `dnf upgrade` finishes.

use consign_lab::{CANOPSIS, Lab, Product, RpmSystem, Site, Vendor, lab};

#[test]
fn dnf_4_upgrades_and_finishes_once() {
    lab!(Lab::has_rpm());
    upgraded(RpmSystem::Dnf4Bookworm, ["dnf", "upgrade"]);
}

/// On Enterprise Linux 8 and 9 `yum` is a link to dnf 4, which has another command of that name for `upgrade`.
#[test]
fn yum_update_on_dnf_4_of_debian_13_upgrades_and_finishes_once() {
    lab!(Lab::has_rpm());
    upgraded(RpmSystem::Dnf4Trixie, ["yum", "update"]);
}

#[test]
fn dnf_5_upgrades_and_finishes_once() {
    lab!(Lab::has_rpm());
    upgraded(RpmSystem::Dnf5, ["dnf5", "upgrade"]);
}

/// Installed, held until it is acknowledged, upgraded by what is typed here, and nothing that was acknowledged
/// is lost.
fn upgraded(system: RpmSystem, [program, word]: [&str; 2]) {
    let vendor = Vendor::new("acme").unwrap().with_rpms();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let site = Site::open("upgraded", system, &vendor, CANOPSIS).unwrap();
    if program == "yum" {
        site.host.shell("ln -s dnf-3 /usr/bin/yum");
    }
    site.host.manager(&["install", "canopsis"]).expect_ok();
    site.wait_status(0);
    assert!(site.host.installed("consignee").is_some());
    assert_eq!(site.init_calls().len(), 1, "{:?}", site.init_calls());
    for engine in ["main", "worker", "web"] {
        assert_eq!(site.engine(engine), "active", "{engine}");
    }
    let client = site.client();

    vendor.release(Product::canopsis("3.26.0")).unwrap();
    let held = site.host.exec(&[program, "-y", "--refresh", word]).expect_ok();
    assert!(held.text().contains("3.26.0") && held.text().contains("consignee notes acme/canopsis"), "{held}");
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));

    site.consignee(&["ack", CANOPSIS, "--all", "--yes"]);
    let done = site.host.exec(&[program, "-y", word]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"), "{done}");
    assert_eq!(site.init_calls().len(), 2, "{:?}", site.init_calls());
    let journals = site.host.shell("ls /var/lib/consignee/acme/canopsis/journal");
    assert_eq!(journals.lines().count(), 2, "one for the installation, one for the upgrade: {journals}");
    assert_eq!(site.announced().len(), 2, "the first install and the upgrade");
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();
}
