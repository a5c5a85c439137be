//! A host that changes to an older stage of the site's mirror: refused until a person says so, and good for that one
//! generation.

use std::path::Path;

use consign_lab::{CANOPSIS, MIRROR, Product, Release, SITE, Server, Site, Vendor, lab};
use serde_json::Value;

/// What the vendor has published now, as a stage of the site's mirror.
fn stage(vendor: &Vendor, site: &Site, folder: &Path, name: &str) {
    let mirror = folder.join("quarantine");
    vendor.carry(&site.host, &mirror).unwrap();
    let stage = folder.join(name).display().to_string();
    vendor.consign(&["mirror", "stage", &mirror.display().to_string(), &stage]).unwrap();
}

/// The host goes to another stage, as its administrator writes it.
fn change_to(site: &Site, name: &str) -> String {
    site.host.shell(&format!("sed -i 's,^URIs:.*,URIs: http://{SITE}/{name},' {}", site.sources()));
    site.look()
}

#[track_caller]
fn feed(site: &Site, more: &[&str]) -> Value {
    let outcome = site.host.exec(&[&["consignee", "feed", "acme", "--json"], more].concat());
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome}"))
}

#[test]
fn a_host_changes_to_an_older_stage_by_a_command_that_is_recorded_and_good_for_that_generation_alone() {
    lab!();
    let vendor = Vendor::new("acme").unwrap();
    let site = Site::bare("stages", Release::Trixie, CANOPSIS).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (version, name) in [("3.25.0", "first"), ("3.26.0", "production"), ("3.26.1", "test")] {
        vendor.release(Product::canopsis(version)).unwrap();
        stage(&vendor, &site, folder.path(), name);
    }
    let _server = Server::start(&site.host, folder.path(), MIRROR).unwrap();
    site.introduce_from(&path("first"));
    change_to(&site, "first");
    site.install(&["canopsis"]).expect_ok();
    site.wait_status(0);

    // It has seen what the test sees; then it belongs to production.
    assert!(change_to(&site, "test").contains("3.26.1 is offered"));
    let told = change_to(&site, "production");
    assert!(told.contains("shows generation 2, and this host knows 3"), "{told}");
    site.upgrade().expect_ok();
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"), "not verified, and so not installed");
    let unasked = site.host.exec(&["consignee", "feed", "acme", "--accept-older"]);
    assert!(unasked.code == 1 && unasked.text().contains("say --yes"), "{unasked}");
    assert_eq!(site.host.exec(&["consignee", "feed", "acme"]).code, 3);

    let accepted = feed(&site, &["--accept-older", "--yes"]);
    assert_eq!((&accepted["feeds"][0]["known"], &accepted["accepted_now"]), (&2.into(), &1.into()), "{accepted}");
    assert!(site.look().contains("3.26.0 is offered"));
    site.go_on("canopsis", "3.26.0-1");
    let history = site.consignee(&["history"]).text();
    assert!(history.contains("accepted generation 2 of stable after 3"), "{history}");

    // What is older still is refused again, also where somebody shows it in production's own place.
    fs_err::rename(path("production"), path("aside")).unwrap();
    fs_err::rename(path("first"), path("production")).unwrap();
    let told = site.refresh().text();
    assert!(told.contains("shows generation 1, and this host knows 2"), "{told}");
    assert_eq!(site.host.exec(&["consignee", "feed", "acme"]).code, 3);
    site.host.assert_packages_sound();
}
