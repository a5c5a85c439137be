//! Hosts of a site that has no network but its own: what they live on is carried there by hand.

use std::path::{Path, PathBuf};
use std::time::Duration;

use consign_lab::{CANOPSIS, Host, Lab, Product, Release, RpmSystem, Server, Vendor, lab};

/// Where the vendor answers while the connected mirror asks; hosts are told of another address, where nobody is.
const VENDOR: u16 = 8085;
const MIRROR: u16 = 8090;
const SUPPORTED: &str = "supported_from = \"3.25.0\"\n";
const STOP: &str = "supported_from = \"3.25.0\"\nrequired_stops = [\"3.26.0\"]\n";
/// Where hosts find the mirror of their site.
const SITE: &str = "http://127.0.0.1:8090";

/// A mirror that asks the vendor, a stick, and a mirror that nobody asks for.
struct Journey<'a> {
    vendor: &'a Vendor,
    folder: tempfile::TempDir,
}

impl Journey<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// From the vendor to the site, by way of the stick.
    fn carry(&self, host: &Host, since: Option<u64>) {
        let text = |name: &str| self.path(name).display().to_string();
        let (connected, stick, site) = (text("connected"), text("stick"), text("site"));
        let certificate = self.vendor.keys().join("certificate.pgp").display().to_string();
        let server = Server::start(host, &self.vendor.repository(), VENDOR).unwrap();
        let sync = ["mirror", "sync", &server.url(), &connected, "--certificate", &certificate];
        host.network().inside(|| self.vendor.consign(&sync)).unwrap().unwrap();
        drop(server);
        let since = since.map(|since| since.to_string());
        let since = since.iter().flat_map(|since| ["--since", since]);
        let export: Vec<_> = ["mirror", "export", &connected, "--to", &stick].into_iter().chain(since).collect();
        self.vendor.consign(&export).unwrap();
        let import = ["mirror", "import", &stick, &site, "--certificate", &certificate, "--url", SITE];
        self.vendor.consign(&import).unwrap();
    }
}

#[track_caller]
fn finished(host: &Host) {
    host.wait_until("a finish", Duration::from_secs(120), || {
        (host.exec(&["consignee", "status", CANOPSIS]).code == 0).then_some(())
    });
}

/// What an administrator types on hosts of one package manager.
struct Typed<'a> {
    introduce: &'a dyn Fn(&Host, &Path),
    /// The file that says where the repository is.
    sources: &'a str,
    install: &'a dyn Fn(&Host),
    look: &'a dyn Fn(&Host) -> String,
}

/// From the first installation over a stop that may not be jumped to the newest release.
fn lives_on_media(host: &Host, vendor: &Vendor, typed: &Typed<'_>) {
    let journey = Journey { vendor, folder: tempfile::tempdir().unwrap() };
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    journey.carry(host, None);
    let server = Server::start(host, &journey.path("site"), MIRROR).unwrap();
    (typed.introduce)(host, &journey.path("site"));
    host.shell(&format!("sed -i s/127.0.0.1:8081/127.0.0.1:{MIRROR}/ {}", typed.sources));
    (typed.install)(host);
    finished(host);
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    vendor.release_edited(Product::canopsis("3.26.1"), &[(SUPPORTED, STOP)]).unwrap();
    journey.carry(host, Some(1));
    let looked = (typed.look)(host);
    assert!(looked.contains("3.26.0"), "{looked}");
    let notes = host.ok(&["env", "LC_ALL=C.UTF-8", "consignee", "notes", CANOPSIS]);
    assert!(notes.text().contains("3.26.0"), "{notes}");
    host.ok(&["consignee", "upgrade", CANOPSIS, "--yes"]);
    finished(host);
    assert_eq!(host.installed("canopsis").as_deref(), Some("3.26.1-1"));
    // Once for the installation, and once for each of the two releases.
    let inits = host.read("/var/lib/canopsis/init.log");
    assert_eq!(inits.lines().filter(|line| line.contains("\"started\"")).count(), 3, "{inits}");
    let asked = server.requests();
    assert!(asked.iter().any(|request| request.path == "/consign/stable/feed.pgp"), "{asked:?}");
    assert!(asked.iter().all(|request| request.status != 404), "{asked:?}");
    host.assert_packages_sound();
}

#[test]
fn a_host_of_apt_goes_from_a_stick_over_a_stop_to_the_newest_release() {
    lab!();
    let vendor = Vendor::new("acme").unwrap();
    let host = Host::boot("media-trixie", Release::Trixie).unwrap();
    let introduce = |host: &Host, mirror: &Path| {
        host.copy_in(mirror.join("acme-release.deb"), "/root/vendor-release.deb");
        host.apt_get(&["install", "/root/vendor-release.deb"]).expect_ok();
    };
    let install = |host: &Host| {
        host.apt_get(&["update"]).expect_ok();
        host.apt_get(&["install", "canopsis"]).expect_ok();
    };
    let typed = Typed {
        introduce: &introduce,
        sources: "/etc/apt/sources.list.d/acme-stable.sources",
        install: &install,
        look: &|host| host.apt_get(&["update"]).expect_ok().text(),
    };
    lives_on_media(&host, &vendor, &typed);
}

#[test]
fn a_host_of_dnf_goes_from_a_stick_over_a_stop_to_the_newest_release() {
    lab!(Lab::has_rpm());
    let vendor = Vendor::new("acme").unwrap().with_rpms();
    let host = Host::boot("media-dnf5", RpmSystem::Dnf5).unwrap();
    let introduce = |host: &Host, mirror: &Path| {
        host.copy_in(mirror.join("acme-release.rpm"), "/root/vendor-release.rpm");
        host.dnf(&["install", "/root/vendor-release.rpm"]).expect_ok();
    };
    let typed = Typed {
        introduce: &introduce,
        sources: "/etc/yum.repos.d/acme-stable.repo",
        install: &|host| drop(host.dnf(&["install", "canopsis"]).expect_ok()),
        look: &|host| host.dnf(&["--refresh", "upgrade"]).expect_ok().text(),
    };
    lives_on_media(&host, &vendor, &typed);
}
