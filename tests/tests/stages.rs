//! A host that changes to an older stage of the site's mirror: refused until a person says so, and good for that one
//! generation.

use std::path::Path;
use std::time::Duration;

use consign_lab::{CANOPSIS, Host, Product, Release, Server, Vendor, lab};

const VENDOR: u16 = 8085;
const SITE: u16 = 8090;
const SOURCES: &str = "/etc/apt/sources.list.d/acme-stable.sources";

/// What the vendor has published now, as a stage of the site's mirror.
fn stage(vendor: &Vendor, host: &Host, site: &Path, name: &str) {
    let server = Server::start(host, &vendor.repository(), VENDOR).unwrap();
    let path = |name: &str| site.join(name).display().to_string();
    let certificate = vendor.keys().join("certificate.pgp").display().to_string();
    let (mirror, stage) = (path("quarantine"), path(name));
    let sync = ["mirror", "sync", &server.url(), &mirror, "--certificate", &certificate];
    host.network().inside(|| vendor.consign(&sync)).unwrap().unwrap();
    vendor.consign(&["mirror", "stage", &mirror, &stage]).unwrap();
}

/// The host goes to another stage, as its administrator writes it.
fn change_to(host: &Host, name: &str) -> String {
    host.shell(&format!("sed -i 's,^URIs:.*,URIs: http://127.0.0.1:{SITE}/{name},' {SOURCES}"));
    host.apt_get(&["update"]).expect_ok().text()
}

#[track_caller]
fn finished(host: &Host) {
    host.wait_until("a finish", Duration::from_secs(120), || {
        (host.exec(&["consignee", "status", CANOPSIS]).code == 0).then_some(())
    });
}

#[track_caller]
fn feed(host: &Host, more: &[&str]) -> serde_json::Value {
    let outcome = host.exec(&[&["consignee", "feed", "acme", "--json"], more].concat());
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome}"))
}

#[test]
fn a_host_changes_to_an_older_stage_by_a_command_that_is_recorded_and_good_for_that_generation_alone() {
    lab!();
    let vendor = Vendor::new("acme").unwrap();
    let host = Host::boot("stages", Release::Trixie).unwrap();
    let site = tempfile::tempdir().unwrap();
    for (version, name) in [("3.25.0", "first"), ("3.26.0", "production"), ("3.26.1", "test")] {
        vendor.release(Product::canopsis(version)).unwrap();
        stage(&vendor, &host, site.path(), name);
    }
    let _server = Server::start(&host, site.path(), SITE).unwrap();
    host.copy_in(site.path().join("first/acme-release.deb"), "/root/vendor-release.deb");
    host.apt_get(&["install", "/root/vendor-release.deb"]).expect_ok();
    change_to(&host, "first");
    host.apt_get(&["install", "canopsis"]).expect_ok();
    finished(&host);

    // It has seen what the test sees; then it belongs to production.
    assert!(change_to(&host, "test").contains("3.26.1 is offered"));
    let told = change_to(&host, "production");
    assert!(told.contains("shows generation 2, and this host knows 3"), "{told}");
    host.apt_get(&["upgrade"]).expect_ok();
    assert_eq!(host.installed("canopsis").as_deref(), Some("3.25.0-1"), "not verified, and so not installed");
    let unasked = host.exec(&["consignee", "feed", "acme", "--accept-older"]);
    assert!(unasked.code == 1 && unasked.text().contains("say --yes"), "{unasked}");
    assert_eq!(host.exec(&["consignee", "feed", "acme"]).code, 3);

    let accepted = feed(&host, &["--accept-older", "--yes"]);
    assert_eq!((&accepted["feeds"][0]["known"], &accepted["accepted_now"]), (&2.into(), &1.into()), "{accepted}");
    assert!(host.apt_get(&["update"]).expect_ok().text().contains("3.26.0 is offered"));
    host.ok(&["consignee", "ack", CANOPSIS, "--all", "--yes"]);
    host.apt_get(&["upgrade"]).expect_ok();
    finished(&host);
    assert_eq!(host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    let history = host.ok(&["env", "LC_ALL=C.UTF-8", "consignee", "history"]).text();
    assert!(history.contains("accepted generation 2 of stable after 3"), "{history}");

    // What is older still is refused again, also where somebody shows it in production's own place.
    let (production, aside) = (site.path().join("production"), site.path().join("aside"));
    fs_err::rename(&production, &aside).unwrap();
    fs_err::rename(site.path().join("first"), &production).unwrap();
    let told = host.apt_get(&["update"]).text();
    assert!(told.contains("shows generation 1, and this host knows 2"), "{told}");
    assert_eq!(host.exec(&["consignee", "feed", "acme"]).code, 3);
    host.assert_packages_sound();
}
