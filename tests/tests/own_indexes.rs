//! Hosts of a site whose server carries a vendor's packages and not its feed: the index is the site's own, and signed
//! by the site. Signed packages and their plans are then all that an upgrade is gated and finished by.

use consign_lab::{
    BaseSystem, CANOPSIS, Lab, MIRROR, Manager, OwnIndex, Product, Release, RpmSystem, SITE, Server, Site, Vendor, lab,
};
use serde_json::Value;

/// What the site's server takes over of what the vendor has published.
fn carry(index: &OwnIndex, vendor: &Vendor, site: &Site) {
    let carried = match site.manager() {
        Manager::Apt => index.carry(&vendor.repository()),
        _ => index.carry_rpms(&vendor.repository()),
    };
    carried.unwrap();
}

/// Points the host at the site's server, as its administrator writes it.
fn point(index: &OwnIndex, site: &Site) {
    site.host.write("/etc/site.asc", index.certificate().unwrap(), 0o644);
    if site.manager() == Manager::Apt {
        let sources =
            format!("Types: deb\nURIs: http://{SITE}\nSuites: site\nComponents: main\nSigned-By: /etc/site.asc\n");
        return site.host.write(&site.sources(), sources, 0o644);
    }
    let edit = format!("-e 's,^mirrorlist=.*,baseurl=http://{SITE}/,' -e 's,^gpgkey=,&file:///etc/site.asc ,'");
    site.host.shell(&format!("sed -i {edit} {}", site.sources()));
}

fn lives_on_packages_alone(system: impl Into<BaseSystem>, vendor: &Vendor) {
    let site = Site::bare("own-index", system, CANOPSIS).unwrap();
    let index = OwnIndex::new().unwrap();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    carry(&index, vendor, &site);
    let served = if site.manager() == Manager::Apt { index.apt() } else { index.rpms() };
    let _server = Server::start(&site.host, &served, MIRROR).unwrap();
    site.introduce_from(&vendor.repository());
    point(&index, &site);
    site.begin("canopsis");
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    carry(&index, vendor, &site);

    // Before the site has said that there is no feed: held, since nobody can tell that from somebody who hides it.
    let looked = site.look();
    assert!(looked.contains("canopsis 3.26.0-1 could not be verified"), "{looked}");
    site.host.write("/etc/consign/policy.toml", "without_feed = [\"acme\"]\n", 0o644);
    let looked = site.look();
    assert!(looked.contains("acme/canopsis 3.25.0: 3.26.0 is offered"), "{looked}");
    assert!(looked.contains("has no feed of this vendor") && !looked.contains("not be verified"), "{looked}");
    let notes = site.consignee(&["notes", CANOPSIS]);
    assert!(notes.text().contains("3.26.0") && !notes.text().contains("not on this host"), "{notes}");
    site.upgrade().expect_ok();
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"), "its note is not acknowledged");
    site.go_on("canopsis", "3.26.0-1");
    says_what_it_lacks(&site);
}

/// To people, and to programs.
fn says_what_it_lacks(site: &Site) {
    let french = site.consignee(&["--language", "fr", "status"]);
    assert!(french.text().contains("n'a pas de flux de cet éditeur"), "{french}");
    let status: Value = serde_json::from_str(&site.consignee(&["status", "--json"]).stdout).unwrap();
    assert_eq!(status["notices"][0]["notice"], "without-feed", "{status}");
    let doctor = site.host.exec(&["consignee", "doctor", "--json"]);
    let doctor: Value = serde_json::from_str(&doctor.stdout).unwrap();
    assert!(doctor["findings"].to_string().contains("without-feed"), "{doctor}");
    assert!(!doctor["findings"].to_string().contains("feed-missing"), "{doctor}");
}

#[test]
fn a_host_of_apt_upgrades_by_signed_packages_where_the_sites_server_has_no_feed() {
    lab!();
    lives_on_packages_alone(Release::Trixie, &Vendor::new("acme").unwrap());
}

#[test]
fn a_host_of_dnf_upgrades_by_signed_packages_where_the_sites_server_has_no_feed() {
    lab!(Lab::has_rpm());
    lives_on_packages_alone(RpmSystem::Dnf5, &Vendor::new("acme").unwrap().with_rpms());
}
