//! A site of two hosts: one has the mirror and serves it by the unit that `consign mirror serve` writes, the other
//! one lives on it and knows nothing else.

use std::time::Duration;

use consign_lab::{CANOPSIS, Host, NEAR, Product, Release, Server, Vendor, lab, program};

const VENDOR: u16 = 8085;
const UNIT: &str = "consign-mirror.service";

/// Brings the mirror up to what the vendor has published; then the vendor is out of reach again.
fn carry(vendor: &Vendor, site: &Host) {
    let server = Server::start(site, &vendor.repository(), VENDOR).unwrap();
    let url = format!("http://{NEAR}/acme");
    let sync = ["consign", "mirror", "sync", &server.url(), "/srv/mirror/acme", "--url", &url];
    site.ok(&[&sync[..], &["--certificate", "/root/keys/certificate.pgp"]].concat());
}

#[track_caller]
fn finished(host: &Host) {
    host.wait_until("a finish", Duration::from_secs(120), || {
        (host.exec(&["consignee", "status", CANOPSIS]).code == 0).then_some(())
    });
}

/// The service, made of what the command writes, and confined as it says.
fn serve(site: &Host) {
    let unit = site.ok(&["consign", "mirror", "serve", "/srv/mirror", "--listen", "0.0.0.0:80", "--unit"]);
    site.write(&format!("/etc/systemd/system/{UNIT}"), &unit.stdout, 0o644);
    let verified = site.ok(&["systemd-analyze", "verify", UNIT]);
    assert!(!verified.text().contains(UNIT), "{verified}");
    site.ok(&["systemd-analyze", "security", "--threshold=20", "--no-pager", UNIT]);
    site.ok(&["systemctl", "enable", "--now", UNIT]);
    site.wait_until("an answer", Duration::from_secs(30), || {
        site.network()
            .get("http://127.0.0.1:80/acme/consign/stable/feed.pgp")
            .ok()
            .filter(|answer| answer.status == 200)
    });
}

#[test]
fn a_host_lives_on_what_the_unit_of_another_host_serves() {
    lab!();
    let vendor = Vendor::new("acme").unwrap();
    let site = Host::boot("mirror-site", Release::Trixie).unwrap();
    let host = Host::boot("mirror-client", Release::Trixie).unwrap();
    site.network().join(&host.network()).unwrap();
    site.copy_in(program("consign"), "/usr/bin/consign");
    site.copy_in(vendor.keys(), "/root/keys");
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    carry(&vendor, &site);
    serve(&site);

    host.copy_in(vendor.release_package(), "/root/vendor-release.deb");
    host.apt_get(&["install", "/root/vendor-release.deb"]).expect_ok();
    host.shell(&format!("sed -i s,127.0.0.1:8081,{NEAR}/acme, /etc/apt/sources.list.d/acme-stable.sources"));
    host.apt_get(&["update"]).expect_ok();
    host.apt_get(&["install", "canopsis"]).expect_ok();
    finished(&host);
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    carry(&vendor, &site);
    let looked = host.apt_get(&["update"]).expect_ok().text();
    assert!(looked.contains("acme/canopsis 3.25.0: 3.26.0 is offered"), "{looked}");
    host.ok(&["consignee", "ack", CANOPSIS, "--all", "--yes"]);
    host.apt_get(&["upgrade"]).expect_ok();
    finished(&host);
    assert_eq!(host.installed("canopsis").as_deref(), Some("3.26.0-1"));

    // What it did is in the journal; what is its own, nobody sees; and it goes when it is told.
    site.ok(&["systemctl", "stop", UNIT]);
    let log = site.ok(&["journalctl", "-u", UNIT, "-o", "cat", "--no-pager"]).text();
    assert!(log.contains("\"GET /acme/pool/") && !log.contains("\" 500 "), "{log}");
    assert_eq!(site.ok(&["systemctl", "show", "-P", "Result", UNIT]).stdout.trim(), "success");
    site.ok(&["consign", "mirror", "status", "/srv/mirror/acme"]);
}

/// As the guide has it: the mirror is a user's of its own.
#[test]
fn root_hears_whose_the_mirror_is_and_its_user_hears_what_root_left_there() {
    lab!();
    let vendor = Vendor::new("acme").unwrap();
    let site = Host::boot("mirror-user", Release::Trixie).unwrap();
    site.copy_in(program("consign"), "/usr/bin/consign");
    site.copy_in(vendor.keys(), "/srv/keys");
    site.ok(&["useradd", "--system", "--home-dir", "/srv/mirror", "--shell", "/usr/sbin/nologin", "mirror"]);
    site.ok(&["install", "-d", "-o", "mirror", "/srv/mirror"]);
    site.ok(&["chown", "-R", "mirror", "/srv/keys"]);
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let server = Server::start(&site, &vendor.repository(), VENDOR).unwrap();
    let url = server.url();
    let sync = ["consign", "mirror", "sync", &url, "/srv/mirror/acme", "--certificate", "/srv/keys/certificate.pgp"];
    let sync_as_mirror = || site.exec(&[&["runuser", "-u", "mirror", "--"], &sync[..]].concat());

    let by_root = site.ok(&sync).text();
    let warning = "warning: /srv/mirror belongs to mirror, who may not go on with what root leaves there";
    assert!(by_root.contains(warning) && by_root.contains("runuser -u mirror -- consign mirror"), "{by_root}");
    let refused = sync_as_mirror();
    assert!(refused.code == 1 && refused.text().contains("Permission denied"), "{refused}");
    let help =
        "help: /srv/mirror/acme/.consign/lock belongs to root; all of a mirror belongs to the user who works on it";
    assert!(refused.text().contains(help), "{refused}");

    site.ok(&["chown", "-R", "mirror", "/srv/mirror/acme"]);
    let mended = sync_as_mirror().expect_ok().text();
    assert!(mended.contains("nothing is newer") && !mended.contains("warning"), "{mended}");
}
