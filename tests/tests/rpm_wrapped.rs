//! Packages for rpm that others build, wrapped: installed, upgraded over an ordinary version, and finished.

use std::path::{Path, PathBuf};
use std::time::Duration;

use consign_lab::{Lab, RpmSystem, Site, Vendor, lab};

mod wrapped;

use wrapped::{LEDGER, client, nothing_is_missing, nothing_was_lost, packagers, publish_wrapped_rpm, service};

const SOON: Duration = Duration::from_secs(60);

fn spec(text: String) -> String {
    text
}

fn ordinary(folder: &Path) -> PathBuf {
    packagers::rpmbuild("1.0.0", 1, folder, spec)
}

/// Its scriptlets are Python's, a shell's and Lua's, and one restarts the service as soon as it can.
#[test]
fn dnf_4_upgrades_a_wrapped_product_and_finishes_it_once() {
    lab!(Lab::has_rpm());
    let vendor = Vendor::new("acme").unwrap().with_rpms();
    publish_wrapped_rpm(&vendor, "1.0.0", 1, spec);
    let site = Site::open("wrapped", RpmSystem::Dnf4Bookworm, &vendor, LEDGER).unwrap();
    site.host.dnf(&["install", "acme-ledger"]).expect_ok();
    site.wait_status(0);
    let client = client(&site);

    publish_wrapped_rpm(&vendor, "1.1.0", 2, spec);
    // On a busy machine a look may run out of time, and says so: then another one is due.
    site.host.wait_until("what keeps it back is said", SOON, || {
        let held = site.host.dnf(&["--refresh", "upgrade"]).expect_ok();
        held.text().contains("consignee notes acme/ledger").then_some(())
    });
    assert_eq!(site.host.installed("acme-ledger").as_deref(), Some("1.0.0-1"));
    site.consignee(&["ack", LEDGER, "--all", "--yes"]);
    site.host.dnf(&["upgrade"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.installed("acme-ledger").as_deref(), Some("1.1.0-1"));
    assert_eq!(site.host.shell("curl -sf http://127.0.0.1:8321/health | grep -o 'schema\": 2'"), "schema\": 2");
    let journals = site.host.shell("ls /var/lib/consignee/acme/ledger/journal");
    assert_eq!(journals.lines().count(), 2, "one for the installation, one for the upgrade: {journals}");
    assert_eq!(site.announced().len(), 2, "{:?}", site.events());
    let calls = site.host.read("/var/log/acme-ledger.calls");
    let first = "pre ['1']\npost 1\nposttrans 1\n";
    assert_eq!(calls, format!("{first}pre ['2']\npost 2\npreun 1\npostun 1\nposttrans 2\n"));
    nothing_was_lost(&site, client);
    site.host.assert_packages_sound();
    site.host.rpm(&["-V", "--nomtime", "acme-ledger"]).expect_ok();
}

/// The agent comes in the same run: `%pre` of the wrapped package waits until it has stopped the engine.
#[test]
fn an_ordinary_rpm_is_taken_over_by_its_next_version_wrapped() {
    lab!(Lab::has_rpm());
    let vendor = Vendor::new("acme").unwrap().with_rpms();
    publish_wrapped_rpm(&vendor, "1.1.0", 2, spec);
    let site = Site::open("adopted", RpmSystem::Dnf4Bookworm, &vendor, LEDGER).unwrap();
    let folder = tempfile::tempdir().unwrap();
    site.host.copy_in(ordinary(folder.path()), "/root/acme-ledger.rpm");
    site.host.rpm(&["--install", "/root/acme-ledger.rpm"]).expect_ok();
    site.host.ok(&["runuser", "-u", "acme-ledger", "--", "/opt/acme-ledger/bin/ledger", "migrate"]);
    site.host.ok(&["systemctl", "restart", "acme-ledger.service"]);
    let client = client(&site);

    site.host.dnf(&["upgrade"]).expect_ok();
    let halted = site.wait_status(4).text();
    assert!(halted.contains("1.0.0 to 1.1.0") && halted.contains("consignee ack acme/ledger"), "{halted}");
    assert_eq!(service(&site), "inactive", "its own %postun has started it");
    site.host.exec(&["consignee", "ack", LEDGER, "--all", "--yes"]).expect_code(4);
    site.consignee(&["retry", LEDGER]);
    site.wait_status(0);
    nothing_is_missing(&site, client);
    assert_eq!(site.host.shell("curl -sf http://127.0.0.1:8321/health | grep -o 'schema\": 2'"), "schema\": 2");
    site.host.assert_packages_sound();
}
