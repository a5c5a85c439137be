//! Hosts of a site that has no network but its own: what they live on is carried there by hand.

use std::path::{Path, PathBuf};

use consign_lab::{BaseSystem, CANOPSIS, Lab, MIRROR, Product, Release, RpmSystem, SITE, Server, Site, Vendor, lab};

const SUPPORTED: &str = "supported_from = \"3.25.0\"\n";
const STOP: &str = "supported_from = \"3.25.0\"\nrequired_stops = [\"3.26.0\"]\n";

/// From the vendor to the mirror of a site, by way of a mirror that asks the vendor, and of a stick.
fn carry(vendor: &Vendor, site: &Site, folder: &Path, since: &[&str]) -> PathBuf {
    let [connected, stick, mirror] = ["connected", "stick", "site"].map(|name| folder.join(name));
    vendor.carry(&site.host, &connected).unwrap();
    let [from, stick, to] = [&connected, &stick, &mirror].map(|path| path.display().to_string());
    vendor.consign(&[&["mirror", "export", &from, "--to", &stick], since].concat()).unwrap();
    let (certificate, url) = (vendor.keys().join("certificate.pgp").display().to_string(), format!("http://{SITE}"));
    vendor.consign(&["mirror", "import", &stick, &to, "--certificate", &certificate, "--url", &url]).unwrap();
    mirror
}

/// From the first installation over a stop that may not be jumped to the newest release.
fn lives_on_media(system: impl Into<BaseSystem>, vendor: &Vendor) {
    let site = Site::bare("media", system, CANOPSIS).unwrap();
    let folder = tempfile::tempdir().unwrap();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let mirror = carry(vendor, &site, folder.path(), &[]);
    let server = Server::start(&site.host, &mirror, MIRROR).unwrap();
    site.introduce_from(&mirror);
    site.point_at(SITE);
    site.begin("canopsis");

    vendor.release(Product::canopsis("3.26.0")).unwrap();
    vendor.release_edited(Product::canopsis("3.26.1"), &[(SUPPORTED, STOP)]).unwrap();
    carry(vendor, &site, folder.path(), &["--since", "1"]);
    let looked = site.look();
    assert!(looked.contains("3.26.0"), "{looked}");
    let notes = site.consignee(&["notes", CANOPSIS]);
    assert!(notes.text().contains("3.26.0"), "{notes}");
    site.consignee(&["upgrade", CANOPSIS, "--yes"]);
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.1-1"));
    // Once for the installation, and once for each of the two releases.
    let inits = site.host.read("/var/lib/canopsis/init.log");
    assert_eq!(inits.lines().filter(|line| line.contains("\"started\"")).count(), 3, "{inits}");
    let asked = server.requests();
    assert!(asked.iter().any(|request| request.path == "/consign/stable/feed.pgp"), "{asked:?}");
    assert!(asked.iter().all(|request| request.status != 404), "{asked:?}");
    site.host.assert_packages_sound();
}

#[test]
fn a_host_of_apt_goes_from_a_stick_over_a_stop_to_the_newest_release() {
    lab!();
    lives_on_media(Release::Trixie, &Vendor::new("acme").unwrap());
}

#[test]
fn a_host_of_dnf_goes_from_a_stick_over_a_stop_to_the_newest_release() {
    lab!(Lab::has_rpm());
    lives_on_media(RpmSystem::Dnf5, &Vendor::new("acme").unwrap().with_rpms());
}
