//! Scriptlets of others that fail while a product is upgraded: rpm goes on without the package, or as if nothing
//! were wrong.

use std::time::Duration;

use consign_lab::{CANOPSIS, Lab, Product, RpmSystem, Shelf, Site, ThirdParty, TinyRpm, Vendor, lab};

mod wrapped;

use wrapped::{LEDGER, client, nothing_was_lost, publish_wrapped_rpms, service};

const SOON: Duration = Duration::from_secs(60);
const REPORTS: &str = "acme-ledger-reports";

#[test]
fn a_post_of_another_package_that_fails_under_dnf_4_is_nothing_to_the_product() {
    lab!(Lab::has_rpm());
    anothers_post_fails(RpmSystem::Dnf4Trixie);
}

#[test]
fn a_post_of_another_package_that_fails_under_zypper_is_nothing_to_the_product() {
    lab!(Lab::has_rpm());
    anothers_post_fails(RpmSystem::Zypper);
}

/// rpm counts a package as installed whose `%post` has failed.
fn anothers_post_fails(system: RpmSystem) {
    let vendor = Vendor::new("acme").unwrap().with_rpms_only();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let site = Site::open("post-fails", system, &vendor, CANOPSIS).unwrap();
    site.install(&["canopsis"]).expect_ok();
    site.wait_status(0);
    let shelf = Shelf::new().unwrap();
    shelf.offer(&site, &[ThirdParty::new("beside", "1")]).unwrap();
    site.install(&["beside"]).expect_ok();
    let client = site.client();
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    site.refresh().expect_ok();
    site.consignee(&["ack", CANOPSIS, "--all", "--yes"]);
    shelf.offer(&site, &[ThirdParty::new("beside", "2").after("touch /srv/failed; exit 1")]).unwrap();

    let typed = site.upgrade();
    assert!(site.host.exists("/srv/failed"), "{typed}");
    site.host.wait_until("a finish", SOON, || (site.init_calls().len() > 1).then_some(()));
    site.wait_status(0);
    assert_eq!(site.init_calls().len(), 2, "{:?}", site.init_calls());
    assert_eq!(site.announced().len(), 2, "the first install and the upgrade");
    assert_eq!(site.host.rpm_versions("canopsis"), ["3.26.0-1"]);
    assert_eq!(site.host.rpm_versions("beside"), ["2-1"]);
    site.upgrade().expect_ok();
    assert_eq!(site.init_calls().len(), 2, "{:?}", site.init_calls());
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();
}

#[test]
fn a_wrapped_module_whose_own_pre_fails_under_dnf_4_halts_the_product() {
    lab!(Lab::has_rpm());
    own_pre_fails(RpmSystem::Dnf4Bookworm);
}

#[test]
fn a_wrapped_module_whose_own_pre_fails_under_dnf_5_halts_the_product() {
    lab!(Lab::has_rpm());
    own_pre_fails(RpmSystem::Dnf5);
}

#[test]
fn a_wrapped_module_whose_own_pre_fails_under_zypper_halts_the_product() {
    lab!(Lab::has_rpm());
    own_pre_fails(RpmSystem::Zypper);
}

/// rpm leaves the package out and changes the others.
fn own_pre_fails(system: RpmSystem) {
    let vendor = Vendor::new("acme").unwrap().with_rpms_only();
    publish_wrapped_rpms(&vendor, "1.0.0", 1, &TinyRpm::new(REPORTS, "1.0.0"));
    let site = Site::open("pre-fails", system, &vendor, LEDGER).unwrap();
    site.install(&["acme-ledger", REPORTS]).expect_ok();
    site.wait_status(0);
    let client = client(&site);
    let refusing = TinyRpm::new(REPORTS, "1.1.0").script("%pre", "test -e /srv/mended");
    publish_wrapped_rpms(&vendor, "1.1.0", 2, &refusing);
    site.refresh().expect_ok();
    site.consignee(&["ack", LEDGER, "--all", "--yes"]);

    let typed = site.upgrade();
    assert_ne!(typed.code, 0, "{typed}");
    halted(&site);
    // Nothing is repaired by trying again with the cause still there.
    site.host.exec(&["consignee", "retry", LEDGER]).expect_code(1);
    halted(&site);
    site.host.write("/srv/mended", "", 0o644);
    site.consignee(&["retry", LEDGER]);
    site.wait_status(0);
    assert_eq!(site.host.rpm_versions("acme-ledger"), ["1.1.0-1"]);
    assert_eq!(site.host.rpm_versions(REPORTS), ["1.1.0-1"]);
    assert_eq!(site.host.shell("curl -sf http://127.0.0.1:8321/health | grep -o 'schema\": 2'"), "schema\": 2");
    assert_eq!(site.announced().len(), 2, "the first install and the upgrade");
    nothing_was_lost(&site, client);
    site.host.assert_packages_sound();
}

/// One package is there and one is not; nothing starts, and what is missing and what to type is said.
#[track_caller]
fn halted(site: &Site) {
    let status = site.wait_status(4).stdout;
    assert!(status.contains("some packages changed and others not"), "{status}");
    assert!(status.contains(&format!("{REPORTS} 1.0.0-1, not 1.1.0-1")), "{status}");
    assert!(status.contains(&format!("consignee retry {LEDGER}")), "{status}");
    assert_eq!(site.host.rpm_versions("acme-ledger"), ["1.1.0-1"]);
    assert_eq!(site.host.rpm_versions(REPORTS), ["1.0.0-1"]);
    site.host.exec(&["systemctl", "start", "acme-ledger.service"]);
    assert_eq!(service(site), "inactive", "it was started by hand");
}
