//! The packages to go back to: kept before an upgrade stops anything, and what can keep that from going well.

use std::time::Duration;

use consign_lab::{CANOPSIS, Product, Release, Site, Vendor, lab};

const PACKAGES: &str = "/var/lib/consignee/acme/canopsis/packages";
const OLD: &str = "canopsis_3.25.0-1_all.deb";
const NEW: &str = "canopsis_3.26.0-1_all.deb";
const SOON: Duration = Duration::from_secs(60);

/// The files that are kept, in order of name.
fn kept(site: &Site) -> Vec<String> {
    let all = site.host.shell(&format!("ls -A {PACKAGES} 2>/dev/null || true"));
    all.lines().map(str::to_owned).collect()
}

/// The very bytes that were published, and root's alone to change.
#[track_caller]
fn assert_published(vendor: &Vendor, site: &Site, file: &str) {
    let published = fs_err::read(vendor.repository().join("pool/main/c/canopsis").join(file)).unwrap();
    let kept = site.host.tree().read(&format!("{PACKAGES}/{file}")).unwrap();
    assert!(published == kept, "{file} is not what was published");
    let owner = site.host.shell(&format!("stat -c '%U %a' {PACKAGES}/{file}"));
    assert_eq!(owner.trim(), "root 644");
}

#[track_caller]
fn upgraded(site: &Site, version: &str) {
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis"), Some(format!("{version}-1")));
    site.host.assert_packages_sound();
}

fn with_defaults(name: &str, release: Release) {
    let (vendor, site) = Site::with_canopsis_cleared(name, release);
    let client = site.client();
    site.host.ok(&["apt-get", "clean"]);
    site.host.ok(&["env", "DEBIAN_FRONTEND=noninteractive", "apt", "-y", "upgrade"]);
    upgraded(&site, "3.26.0");
    assert_eq!(kept(&site), [OLD, NEW]);
    assert_published(&vendor, &site, OLD);
    assert_published(&vendor, &site, NEW);
    let status = site.status();
    assert_eq!(status["products"][0]["upgrade"]["previous_packages"]["missing"], serde_json::json!([]), "{status}");
    // The next one finds them there: the repository is not asked any more.
    vendor.release(Product::canopsis("3.26.1")).unwrap();
    fs_err::remove_file(vendor.repository().join("pool/main/c/canopsis").join(NEW)).unwrap();
    site.clear_canopsis();
    site.host.ok(&["apt-get", "clean"]);
    site.host.ok(&["env", "DEBIAN_FRONTEND=noninteractive", "apt", "-y", "upgrade"]);
    upgraded(&site, "3.26.1");
    assert_eq!(kept(&site), [NEW, "canopsis_3.26.1-1_all.deb"]);
    site.nothing_was_lost(client);
}

#[test]
fn the_previous_package_lies_there_after_an_upgrade_with_the_defaults_of_debian_12() {
    lab!();
    with_defaults("kept", Release::Bookworm);
}

#[test]
fn the_previous_package_lies_there_after_an_upgrade_with_the_defaults_of_debian_13() {
    lab!();
    with_defaults("kept", Release::Trixie);
}
