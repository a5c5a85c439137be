//! Hosts that know nothing but a mirror, from the first installation to the end of an upgrade.

use consign_lab::{BaseSystem, CANOPSIS, Lab, MIRROR, Product, Release, RpmSystem, SITE, Server, Site, Vendor, lab};

fn lives_on_a_mirror(system: impl Into<BaseSystem>, vendor: &Vendor) {
    let site = Site::bare("mirror", system, CANOPSIS).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mirror = folder.path().join("mirror");
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    vendor.carry(&site.host, &mirror).unwrap();
    let server = Server::start(&site.host, &mirror, MIRROR).unwrap();
    site.introduce_from(&mirror);
    site.point_at(SITE);
    site.begin("canopsis");

    vendor.release(Product::canopsis("3.26.0")).unwrap();
    assert!(!site.look().contains("3.26.0 is offered"), "nobody has carried it yet");
    vendor.carry(&site.host, &mirror).unwrap();
    let looked = site.look();
    assert!(looked.contains("acme/canopsis 3.25.0: 3.26.0 is offered"), "{looked}");
    let notes = site.consignee(&["notes", CANOPSIS]);
    assert!(notes.text().contains("3.26.0"), "{notes}");
    site.go_on("canopsis", "3.26.0-1");
    assert!(site.host.read(&site.sources()).contains(SITE));
    let asked = server.requests();
    assert!(
        asked.iter().any(|request| request.path == "/consign/stable/feed.pgp" && request.status == 200),
        "{asked:?}"
    );
    assert!(asked.iter().all(|request| request.status != 404), "{asked:?}");
}

#[test]
fn a_host_of_apt_is_installed_and_upgraded_from_a_mirror_alone() {
    lab!();
    lives_on_a_mirror(Release::Trixie, &Vendor::new("acme").unwrap());
}

#[test]
fn a_host_of_dnf_is_installed_and_upgraded_from_a_mirror_alone() {
    lab!(Lab::has_rpm());
    lives_on_a_mirror(RpmSystem::Dnf5, &Vendor::new("acme").unwrap().with_rpms());
}
