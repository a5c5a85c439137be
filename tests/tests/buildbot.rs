//! A real program from PyPI, upgraded over a change of its database schema.
//!
//! Buildbot 4.3.0 refuses the database of 3.11.9 and *exits with 0*: a step left out does not show in
//! systemd, only in the health check.

use std::time::Duration;

use consign_lab::{Lab, Product, Release, Site, Vendor, lab};

const PRODUCT: &str = "acme/buildbot";
const SOON: Duration = Duration::from_secs(60);

#[test]
fn buildbot_is_upgraded_with_its_database_and_its_records_on_debian_12() {
    lab!(Lab::has_buildbot());
    upgraded_on(Release::Bookworm);
}

#[test]
fn buildbot_is_upgraded_with_its_database_and_its_records_on_debian_13() {
    lab!(Lab::has_buildbot());
    upgraded_on(Release::Trixie);
}

/// By the build for that release of Debian, in the channel of its name.
fn upgraded_on(release: Release) {
    let vendor = Vendor::new("acme").unwrap().for_release(release);
    vendor.release(Product::buildbot("3.11.9")).unwrap();
    let site = Site::open("buildbot", release, &vendor, PRODUCT).unwrap();
    site.host.apt_get(&["install", "acme-buildbot"]).expect_ok();
    site.wait_status(0);
    let native = |version: &str| Some(format!("{version}-1~{}", release.build()));
    assert_eq!(site.host.installed("acme-buildbot"), native("3.11.9"));
    assert_eq!(site.host.buildbot_schema(), "64");

    let client = site.host.buildbot_client();
    client.wait_acknowledged(SOON).unwrap();
    let before = site.host.buildbot_records();
    assert!(!before.is_empty());

    vendor.release(Product::buildbot("4.3.0")).unwrap();
    site.host.apt_get(&["update"]).expect_ok();
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.installed("acme-buildbot"), native("4.3.0"));
    assert_eq!(site.host.buildbot_schema(), "67");
    assert!(site.host.shell("curl -sf http://127.0.0.1:8010/").contains("Buildbot"));
    let after = site.host.buildbot_records();
    assert!(before.is_subset(&after), "{before:?} {after:?}");
    client.wait_acknowledged(SOON).unwrap();
    client.stop().assert_kept(&site.host.buildbot_records(), &site.announced());
}
