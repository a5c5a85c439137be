//! Hosts that are pointed at a mirror by the two ways that the guide names: a list of mirrors for apt, a variable for
//! dnf. Neither is touched when the vendor replaces its keys, and with them its release package.

use consign_lab::{BaseSystem, CANOPSIS, Lab, MIRROR, Product, Release, RpmSystem, SITE, Server, Site, Vendor, lab};

/// A host that is pointed there as somebody does it, while the vendor goes through these phases of its new keys, those
/// that the package manager follows.
fn stays_with_the_mirror(system: impl Into<BaseSystem>, vendor: &Vendor, point: impl Fn(&Site), phases: &[&str]) {
    let site = Site::bare("pointed", system, CANOPSIS).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mirror = folder.path().join("mirror");
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let project = vendor.project(Product::canopsis("3.25.0")).unwrap();
    vendor.carry(&site.host, &mirror).unwrap();
    let _server = Server::start(&site.host, &mirror, MIRROR).unwrap();
    site.introduce_from(&mirror);
    point(&site);
    let written = site.host.read(&site.sources());
    site.begin("canopsis");
    for phase in phases {
        vendor.key(&["rotate", phase]).unwrap();
        vendor.renew(&project).unwrap();
        vendor.carry(&site.host, &mirror).unwrap();
        site.look();
        site.upgrade().expect_ok();
    }
    let keyring = site.host.installed("acme-release").unwrap();
    assert_ne!(keyring.split('-').next(), Some("1"), "the release package is the one with the new keys");
    assert_eq!(site.host.read(&site.sources()), written, "its file is the site's");

    vendor.release(Product::canopsis("3.26.0")).unwrap();
    vendor.carry(&site.host, &mirror).unwrap();
    let looked = site.look();
    assert!(looked.contains("acme/canopsis 3.25.0: 3.26.0 is offered"), "by the new key: {looked}");
    site.go_on("canopsis", "3.26.0-1");
}

#[test]
fn a_list_of_mirrors_and_the_longer_life_of_indexes_survive_new_keys_on_a_host_of_apt() {
    lab!();
    let by_a_list = |site: &Site| {
        site.host.write("/etc/apt/mirrors/acme.list", format!("http://{SITE}\n"), 0o644);
        let edit = "s,^URIs:.*,URIs: mirror+file:/etc/apt/mirrors/acme.list\\nValid-Until-Min: 17280000,";
        site.host.shell(&format!("sed -i '{edit}' {}", site.sources()));
    };
    let vendor = Vendor::new("acme").unwrap();
    stays_with_the_mirror(Release::Trixie, &vendor, by_a_list, &["add", "both", "new", "drop"]);
}

#[test]
fn a_variable_that_names_the_mirror_survives_new_keys_on_a_host_of_dnf() {
    lab!(Lab::has_rpm());
    let by_a_variable = |site: &Site| {
        site.host.write("/etc/dnf/vars/acme_mirror", format!("http://{SITE}\n"), 0o644);
        let edit = "s,^mirrorlist=.*,mirrorlist=$acme_mirror/yum/stable/mirrors,";
        site.host.shell(&format!("sed -i '{edit}' {}", site.sources()));
    };
    let vendor = Vendor::new("acme").unwrap().with_rpms();
    stays_with_the_mirror(RpmSystem::Dnf5, &vendor, by_a_variable, &["add", "both"]);
}
