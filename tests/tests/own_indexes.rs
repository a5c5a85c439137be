//! Hosts of a site whose server carries a vendor's packages and not its feed: the index is the site's own, and signed
//! by the site. Signed packages and their plans are then all that an upgrade is gated and finished by.

use std::path::Path;
use std::time::Duration;

use consign_lab::{CANOPSIS, Host, Lab, OwnIndex, Product, Release, RpmSystem, Server, Vendor, lab};

const SITE: u16 = 8090;

#[track_caller]
fn finished(host: &Host) {
    host.wait_until("a finish", Duration::from_secs(120), || {
        (host.exec(&["consignee", "status", CANOPSIS]).code == 0).then_some(())
    });
}

/// What an administrator types on one kind of host.
struct Typed<'a> {
    carry: &'a dyn Fn(&OwnIndex, &Path),
    served: &'a dyn Fn(&OwnIndex) -> std::path::PathBuf,
    introduce: &'a dyn Fn(&Host, &Path),
    install: &'a dyn Fn(&Host),
    look: &'a dyn Fn(&Host) -> String,
    upgrade: &'a dyn Fn(&Host),
}

fn lives_on_packages_alone(host: &Host, vendor: &Vendor, typed: &Typed<'_>) {
    let index = OwnIndex::new().unwrap();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    (typed.carry)(&index, &vendor.repository());
    let _server = Server::start(host, &(typed.served)(&index), SITE).unwrap();
    host.write("/root/site.asc", index.certificate().unwrap(), 0o644);
    (typed.introduce)(host, &vendor.repository());
    (typed.install)(host);
    finished(host);
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    (typed.carry)(&index, &vendor.repository());

    // Before the site has said that there is no feed: held, since nobody can tell that from somebody who hides it.
    let looked = (typed.look)(host);
    assert!(looked.contains("canopsis 3.26.0-1 could not be verified"), "{looked}");
    host.shell("mkdir -p /etc/consign && echo 'without_feed = [\"acme\"]' > /etc/consign/policy.toml");
    let looked = (typed.look)(host);
    assert!(looked.contains("acme/canopsis 3.25.0: 3.26.0 is offered"), "{looked}");
    assert!(looked.contains("has no feed of this vendor") && !looked.contains("not be verified"), "{looked}");
    let notes = host.ok(&["env", "LC_ALL=C.UTF-8", "consignee", "notes", CANOPSIS]);
    assert!(notes.text().contains("3.26.0") && !notes.text().contains("not on this host"), "{notes}");
    (typed.upgrade)(host);
    assert_eq!(host.installed("canopsis").as_deref(), Some("3.25.0-1"), "its note is not acknowledged");
    host.ok(&["consignee", "ack", CANOPSIS, "--all", "--yes"]);
    (typed.upgrade)(host);
    finished(host);
    assert_eq!(host.installed("canopsis").as_deref(), Some("3.26.0-1"));

    let french = host.ok(&["consignee", "--language", "fr", "status"]);
    assert!(french.text().contains("n'a pas de flux de cet éditeur"), "{french}");
    let status: serde_json::Value = serde_json::from_str(&host.ok(&["consignee", "status", "--json"]).stdout).unwrap();
    assert_eq!(status["notices"][0]["notice"], "without-feed", "{status}");
    let doctor = host.exec(&["consignee", "doctor", "--json"]);
    let doctor: serde_json::Value = serde_json::from_str(&doctor.stdout).unwrap();
    assert!(doctor["findings"].to_string().contains("without-feed"), "{doctor}");
    assert!(!doctor["findings"].to_string().contains("feed-missing"), "{doctor}");
    host.assert_packages_sound();
}

#[test]
fn a_host_of_apt_upgrades_by_signed_packages_where_the_sites_server_has_no_feed() {
    lab!();
    let vendor = Vendor::new("acme").unwrap();
    let host = Host::boot("own-index-apt", Release::Trixie).unwrap();
    let introduce = |host: &Host, repository: &Path| {
        host.copy_in(repository.join("acme-release.deb"), "/root/vendor-release.deb");
        host.apt_get(&["install", "/root/vendor-release.deb"]).expect_ok();
        let sources = format!(
            "Types: deb\nURIs: http://127.0.0.1:{SITE}\nSuites: site\nComponents: main\nSigned-By: /root/site.asc\n"
        );
        host.write("/etc/apt/sources.list.d/acme-stable.sources", sources, 0o644);
        host.shell("chmod 755 /root");
    };
    let install = |host: &Host| {
        host.apt_get(&["update"]).expect_ok();
        host.apt_get(&["install", "canopsis"]).expect_ok();
    };
    let typed = Typed {
        carry: &|index, repository| index.carry(repository).unwrap(),
        served: &OwnIndex::apt,
        introduce: &introduce,
        install: &install,
        look: &|host| host.apt_get(&["update"]).expect_ok().text(),
        upgrade: &|host| drop(host.apt_get(&["upgrade"]).expect_ok()),
    };
    lives_on_packages_alone(&host, &vendor, &typed);
}

#[test]
fn a_host_of_dnf_upgrades_by_signed_packages_where_the_sites_server_has_no_feed() {
    lab!(Lab::has_rpm());
    let vendor = Vendor::new("acme").unwrap().with_rpms();
    let host = Host::boot("own-index-dnf5", RpmSystem::Dnf5).unwrap();
    let introduce = |host: &Host, repository: &Path| {
        host.copy_in(repository.join("acme-release.rpm"), "/root/vendor-release.rpm");
        host.dnf(&["install", "/root/vendor-release.rpm"]).expect_ok();
        let file = "/etc/yum.repos.d/acme-stable.repo";
        host.shell(&format!(
            "sed -i -e 's,^mirrorlist=.*,baseurl=http://127.0.0.1:{SITE}/,' -e 's,^gpgkey=,&file:///root/site.asc ,' {file}"
        ));
    };
    let typed = Typed {
        carry: &|index, repository| index.carry_rpms(repository).unwrap(),
        served: &OwnIndex::rpms,
        introduce: &introduce,
        install: &|host| drop(host.dnf(&["install", "canopsis"]).expect_ok()),
        look: &|host| host.dnf(&["--refresh", "upgrade"]).expect_ok().text(),
        upgrade: &|host| drop(host.dnf(&["upgrade"]).expect_ok()),
    };
    lives_on_packages_alone(&host, &vendor, &typed);
}
