//! The packages to go back to: kept before an upgrade stops anything, and what can keep that from going well.

use std::time::{Duration, SystemTime};

use consign_lab::{CANOPSIS, Product, Release, Site, Vendor, lab};

const PACKAGES: &str = "/var/lib/consignee/acme/canopsis/packages";
const OLD: &str = "canopsis_3.25.0-1_all.deb";
const NEW: &str = "canopsis_3.26.0-1_all.deb";
const STATE: &str = "/var/lib/consignee";
const SOON: Duration = Duration::from_secs(60);
/// Of a package that does not fit, in MiB.
const LARGE: usize = 20;

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

/// Nothing was unpacked and nothing stopped.
#[track_caller]
fn untouched(site: &Site) {
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    assert_eq!(["main", "worker", "web"].map(|name| site.engine(name)), ["active"; 3]);
    assert_eq!(site.init_calls().len(), 1, "{:?}", site.init_calls());
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
    // What the hold excludes can be had all the same.
    site.host.ok(&["sh", "-c", "cd /srv && apt-get -qq download canopsis=3.25.0-1 && rm canopsis_*"]);
    // The next one finds them there: the repository is not asked any more.
    vendor.release(Product::canopsis("3.26.1")).unwrap();
    fs_err::remove_file(vendor.repository().join("pool/main/c/canopsis").join(NEW)).unwrap();
    site.clear_canopsis();
    site.host.ok(&["apt-get", "clean"]);
    site.host.ok(&["env", "DEBIAN_FRONTEND=noninteractive", "apt", "-y", "upgrade"]);
    upgraded(&site, "3.26.1");
    // What goes does so when the upgrade is over.
    site.host.wait_until("what is not gone back to any more goes", SOON, || {
        (kept(&site) == [NEW, "canopsis_3.26.1-1_all.deb"]).then_some(())
    });
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

/// A release that cannot be compressed.
fn release_large(vendor: &Vendor, version: &'static str) {
    let project = vendor.project(Product::canopsis(version)).unwrap();
    let mut state = 1_u64;
    let noise = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    let noise: Vec<u8> = noise.take(LARGE * 1024 * 1024 / 8).flatten().collect();
    fs_err::write(project.join("tree/ballast"), noise).unwrap();
    vendor.release_project(&project).unwrap();
}

#[test]
fn without_space_for_the_previous_package_nothing_stops() {
    lab!();
    let vendor = Vendor::new("acme").unwrap();
    release_large(&vendor, "3.25.0");
    let site = Site::open("kept-full", Release::Trixie, &vendor, CANOPSIS).unwrap();
    site.host.apt_get(&["install", "canopsis"]).expect_ok();
    site.wait_status(0);
    release_large(&vendor, "3.26.0");
    site.clear_canopsis();
    let client = site.client();
    site.host.shell(&format!(
        "cp -a {STATE} /srv/state && mount -t tmpfs -o size=30M,mode=755 small {STATE} && cp -a /srv/state/. {STATE}/"
    ));
    // On another file system than the cache: 20 MiB to keep of each, and 8 of the agent's own.
    for (language, said) in [
        (
            "en",
            format!("there is no room for the upgrade: in {PACKAGES} 29 MiB are free, 49 are needed (previous pack"),
        ),
        ("fr", format!("il n'y a pas assez de place pour la mise à niveau : dans {PACKAGES} 29 Mio libres, 49")),
    ] {
        site.host.write("/etc/consign/policy.toml", format!("language = \"{language}\"\n"), 0o644);
        let refused = site.host.apt_get(&["upgrade"]).expect_code(100);
        assert!(refused.text().contains(&said), "{refused}");
        assert!(refused.text().contains(&format!("df -h {PACKAGES}")), "{refused}");
        untouched(&site);
        assert_eq!(kept(&site), [""; 0]);
    }
    assert_eq!(client.ledger().outages().len(), 0, "{:?}", client.ledger().outages());
    site.host.ok(&["mount", "-o", "remount,size=60M", STATE]);
    site.host.apt_get(&["upgrade"]).expect_ok();
    upgraded(&site, "3.26.0");
    assert_eq!(kept(&site), [OLD, NEW]);
    assert_published(&vendor, &site, OLD);
    assert_published(&vendor, &site, NEW);
    site.nothing_was_lost(client);
}

#[test]
fn a_repository_that_has_the_old_version_no_more_stops_no_upgrade() {
    lab!();
    let (vendor, site) = Site::with_canopsis_cleared("kept-gone", Release::Bookworm);
    let client = site.client();
    site.host.ok(&["apt-get", "clean"]);
    fs_err::remove_file(vendor.repository().join("pool/main/c/canopsis").join(OLD)).unwrap();
    site.host.apt_get(&["upgrade"]).expect_ok();
    upgraded(&site, "3.26.0");
    assert_eq!(kept(&site), [NEW]);
    let status = site.host.exec(&["consignee", "status", "--language", "en", CANOPSIS]).expect_ok();
    let said = format!("previous packages: missing in {PACKAGES}: canopsis 3.25.0-1");
    assert!(status.text().contains(&said), "{status}");
    let missing = &site.status()["products"][0]["upgrade"]["previous_packages"]["missing"];
    assert_eq!(*missing, serde_json::json!([{"package": "canopsis", "version": "3.25.0-1"}]));
    site.nothing_was_lost(client);
}

#[test]
fn a_cached_file_that_is_not_the_vendors_is_not_taken_for_the_previous_package() {
    lab!();
    let (vendor, site) = Site::with_canopsis_cleared("kept-false", Release::Trixie);
    let client = site.client();
    let cached = format!("/var/cache/apt/archives/{OLD}");
    site.host.shell(&format!("dpkg-deb -R {cached} /srv/other && dpkg-deb -b /srv/other {cached}"));
    site.host.apt_get(&["upgrade"]).expect_ok();
    upgraded(&site, "3.26.0");
    assert_published(&vendor, &site, OLD);
    site.nothing_was_lost(client);
}

#[test]
fn kept_packages_stay_with_the_product_and_go_with_its_purge() {
    lab!();
    let (_vendor, site) = Site::with_canopsis_cleared("kept-purged", Release::Bookworm);
    let client = site.client();
    site.host.apt_get(&["upgrade"]).expect_ok();
    upgraded(&site, "3.26.0");
    site.nothing_was_lost(client);
    site.host.apt_get(&["remove", "canopsis"]).expect_ok();
    assert_eq!(kept(&site), [OLD, NEW]);
    site.host.apt_get(&["purge", "canopsis"]).expect_ok();
    assert!(!site.host.exists(PACKAGES));
}

/// What the guide says about going back by hand, word by word.
#[test]
fn after_a_failed_step_the_previous_packages_can_be_put_back_by_hand() {
    lab!();
    let vendor = Vendor::new("acme").unwrap();
    vendor.release(Product::canopsis("3.25.0").in_three_packages()).unwrap();
    let site = Site::open("kept-back", Release::Trixie, &vendor, CANOPSIS).unwrap();
    site.host.apt_get(&["install", "canopsis-connectors", "canopsis-reports"]).expect_ok();
    site.wait_status(0);
    vendor.release(Product::canopsis("3.26.0").in_three_packages()).unwrap();
    site.clear_canopsis();
    site.host.ok(&["cp", "-a", "/var/lib/canopsis", "/srv/backup"]);
    let (client, begun) = (site.client(), SystemTime::now());
    site.trouble("fail");
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(4);
    site.assert_canopsis_stopped();
    let halted = site.wait_status(4).text();
    assert!(halted.contains(&format!("previous packages: kept in {PACKAGES}")), "{halted}");
    site.host.shell("rm -r /var/lib/canopsis && cp -a /srv/backup /var/lib/canopsis");
    site.host.ok(&["systemctl", "stop", "consignee.socket", "consignee.service", "consignee-reconcile.timer"]);
    site.host.shell(&format!("dpkg -i {PACKAGES}/*_3.25.0-1_*.deb"));
    site.host.ok(&["systemctl", "start", "consignee.socket", "consignee-reconcile.timer"]);
    site.assert_canopsis_stopped();
    site.consignee(&["rescue", CANOPSIS, "--version", "3.25.0", "--yes"]);
    for name in ["main", "worker", "web"] {
        site.host.ok(&["systemctl", "start", &format!("canopsis-engine@{name}.service")]);
    }
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    assert_eq!(site.status()["products"][0]["finished"], "3.25.0");
    client.wait_acknowledged(SOON).unwrap();
    let ledger = client.stop();
    ledger.assert_given_up(&site.canopsis_records(), &[(begun, SystemTime::now())]);
    let client = site.client();
    site.host.assert_packages_sound();
    site.host.ok(&["apt-mark", "hold", "canopsis"]);
    site.clear_canopsis();
    site.host.apt_get(&["upgrade"]).expect_ok();
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    site.host.ok(&["apt-mark", "unhold", "canopsis"]);
    // Later upgrades start from there.
    site.clear_canopsis();
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.host.wait_until("it is finished", SOON * 2, || {
        (site.status()["products"][0]["finished"] == "3.26.0").then_some(())
    });
    upgraded(&site, "3.26.0");
    site.nothing_was_lost(client);
}
