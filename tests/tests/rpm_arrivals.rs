//! Where no gate can stand before the packages, dnf 5 without its plugin and plain rpm: the script of the package
//! stops the engines, and what nobody has cleared waits, halted.

use consign_lab::{CANOPSIS, Lab, Product, RpmSystem, Site, Vendor, lab};

#[test]
fn what_dnf_5_without_its_plugin_installs_uncleared_waits_with_its_engines_stopped() {
    lab!(Lab::has_rpm());
    // Of the plugin that is missing status says so to the end.
    comes_uncleared(RpmSystem::Dnf5, 3, |_, site| {
        site.host.shell("rm /usr/lib/*/libdnf5/plugins/actions.so /etc/dnf/libdnf5-plugins/actions.conf");
        site.host.dnf(&["--refresh", "upgrade"]).expect_ok();
        let status = site.host.exec(&["consignee", "status", "--language", "en"]).stdout;
        assert!(status.contains("dnf install libdnf5-plugin-actions"), "{status}");
    });
}

#[test]
fn what_rpm_installs_uncleared_waits_with_its_engines_stopped() {
    lab!(Lab::has_rpm());
    comes_uncleared(RpmSystem::Dnf4Trixie, 0, past_everything);
}

#[test]
fn what_comes_past_the_lock_of_zypper_waits_with_its_engines_stopped() {
    lab!(Lab::has_rpm());
    comes_uncleared(RpmSystem::Zypper, 0, past_everything);
}

/// The file that a customer was given by hand.
fn past_everything(vendor: &Vendor, site: &Site) {
    let dist = vendor.project(Product::canopsis("3.26.0")).unwrap().join("dist");
    site.host.copy_in(dist.join("canopsis-3.26.0-1.noarch.rpm"), "/root/canopsis-3.26.0-1.noarch.rpm");
    site.host.rpm(&["--upgrade", "/root/canopsis-3.26.0-1.noarch.rpm"]).expect_ok();
}

fn comes_uncleared(system: RpmSystem, in_the_end: i32, upgrade: impl Fn(&Vendor, &Site)) {
    let vendor = Vendor::new("acme").unwrap().with_rpms();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let site = Site::open("uncleared", system, &vendor, CANOPSIS).unwrap();
    site.host.manager(&["install", "canopsis"]).expect_ok();
    site.wait_status(0);
    let client = site.client();

    vendor.release(Product::canopsis("3.26.0")).unwrap();
    upgrade(&vendor, &site);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    let halted = site.wait_status(4);
    assert!(halted.stdout.contains("consignee notes acme/canopsis"), "{halted}");
    site.assert_canopsis_stopped();
    assert_eq!(site.init_calls().len(), 1, "{:?}", site.init_calls());

    site.host.exec(&["consignee", "ack", CANOPSIS, "--all", "--yes"]).expect_code(4);
    site.consignee(&["retry", CANOPSIS]);
    site.wait_status(in_the_end);
    assert_eq!(site.init_calls().len(), 2, "{:?}", site.init_calls());
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();
}
