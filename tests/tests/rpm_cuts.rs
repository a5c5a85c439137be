//! A power cut in the middle of a transaction of rpm leaves two versions. The upgrade waits, engines stopped,
//! until they are one again: by a person, or by the agent where the site lets it.

use std::time::Duration;

use consign_lab::{CANOPSIS, Lab, Product, RecordClient, RpmSystem, Site, TinyRpm, Vendor, lab};

const SOON: Duration = Duration::from_secs(60);
const REPAIR: &str = "dnf remove --duplicates";

/// A package whose trigger holds the package manager up once the new version of the product is in the database.
fn holding_up() -> TinyRpm {
    let waits = "while [ -e /srv/hang ]; do touch /srv/waits; sleep .05; done";
    TinyRpm::new("watcher", "1").script("%triggerin -- canopsis", waits)
}

/// Installs a package of nobody's with rpm itself.
fn install(site: &Site, package: &TinyRpm) {
    let folder = tempfile::tempdir().unwrap();
    let file = package.build(folder.path()).unwrap();
    site.host.copy_in(&file, "/root/package.rpm");
    site.host.rpm(&["--install", "--force", "/root/package.rpm"]).expect_ok();
}

/// A host that was cut in the middle of the upgrade to 3.26.0 and has booted again.
fn cut(name: &str, system: RpmSystem, before: impl Fn(&Site)) -> (Vendor, Site, RecordClient) {
    let vendor = Vendor::new("acme").unwrap().with_rpms();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let mut site = Site::open(name, system, &vendor, CANOPSIS).unwrap();
    site.install(&["canopsis"]).expect_ok();
    site.wait_status(0);
    install(&site, &holding_up());
    let client = site.client();
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    site.refresh().expect_ok();
    site.upgrade().expect_ok();
    assert_eq!(site.host.rpm_versions("canopsis"), ["3.25.0-1"]);
    site.consignee(&["ack", CANOPSIS, "--all", "--yes"]);
    before(&site);
    cut_in_transaction(&site);
    site.host.tree().remove("/srv/hang").unwrap();
    site.host.boot_again().unwrap();
    site.serve_again(&vendor).unwrap();
    (vendor, site, client)
}

fn cut_in_transaction(site: &Site) {
    site.host.write("/srv/hang", "", 0o644);
    let (upgrade, entrance) = (site.manager().upgrade(), site.host.entrance());
    std::thread::scope(|scope| {
        let running = scope.spawn(move || entrance.exec(&upgrade.iter().map(String::as_str).collect::<Vec<_>>()));
        site.host.wait_until("the new version is there", SOON, || site.host.exists("/srv/waits").then_some(()));
        site.host.cut();
        assert_eq!(running.join().unwrap().code, 137);
    });
}

/// Nothing was run on two versions, nothing starts, and what to type is said.
fn asked(site: &Site) -> String {
    let status = site.wait_status(4).stdout;
    assert!(status.contains("two versions of canopsis are installed") && status.contains(REPAIR), "{status}");
    assert_eq!(site.host.rpm_versions("canopsis"), ["3.25.0-1", "3.26.0-1"]);
    site.assert_canopsis_stopped();
    assert_eq!(site.init_calls().len(), 1, "{:?}", site.init_calls());
    status
}

/// One finish of the upgrade, one version, nothing lost.
fn finished(site: &Site, client: RecordClient) {
    site.wait_status(0);
    assert_eq!(site.host.rpm_versions("canopsis"), ["3.26.0-1"]);
    assert_eq!(site.init_calls().len(), 2, "{:?}", site.init_calls());
    assert_eq!(site.announced().len(), 2, "the first install and the upgrade");
    assert_eq!(site.host.shell("rpm --verify canopsis || :"), "");
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();
}

fn repaired_by_a_person(system: RpmSystem) {
    let (_vendor, site, client) = cut("cut-ask", system, |_| {});
    asked(&site);
    let upgrade = site.host.dnf(&["upgrade"]).expect_ok();
    assert!(upgrade.text().contains("Nothing to do"), "{upgrade}");
    let retry = site.host.exec(&["consignee", "retry", CANOPSIS]);
    assert!(retry.code != 0 && retry.text().contains(REPAIR), "a retry removes nothing: {retry}");
    asked(&site);
    site.host.dnf(&["remove", "--duplicates"]).expect_ok();
    finished(&site, client);
}

fn let_the_agent(site: &Site) {
    site.host.write("/etc/consign/policy.toml", "repair = \"auto\"\n", 0o644);
}

fn repaired_by_the_agent(system: RpmSystem) {
    let (_vendor, site, client) = cut("cut-auto", system, let_the_agent);
    finished(&site, client);
    let history = site.consignee(&["history", CANOPSIS]).text();
    assert!(!history.contains("retry"), "nobody typed anything: {history}");
}

#[test]
fn dnf_4_of_debian_12_asks_a_person_after_a_cut() {
    lab!(Lab::has_rpm());
    repaired_by_a_person(RpmSystem::Dnf4Bookworm);
}

#[test]
fn dnf_4_of_debian_13_asks_a_person_after_a_cut() {
    lab!(Lab::has_rpm());
    repaired_by_a_person(RpmSystem::Dnf4Trixie);
}

#[test]
fn dnf_4_of_debian_12_is_repaired_without_a_person_where_the_site_says_so() {
    lab!(Lab::has_rpm());
    repaired_by_the_agent(RpmSystem::Dnf4Bookworm);
}

#[test]
fn dnf_4_of_debian_13_is_repaired_without_a_person_where_the_site_says_so() {
    lab!(Lab::has_rpm());
    repaired_by_the_agent(RpmSystem::Dnf4Trixie);
}

#[test]
fn dnf_5_is_repaired_without_a_person_where_the_site_says_so() {
    lab!(Lab::has_rpm());
    repaired_by_the_agent(RpmSystem::Dnf5);
}

#[test]
fn zypper_is_repaired_without_a_person_where_the_site_says_so() {
    lab!(Lab::has_rpm());
    repaired_by_the_agent(RpmSystem::Zypper);
}

#[test]
fn what_others_have_twice_is_named_and_left_to_a_person() {
    lab!(Lab::has_rpm());
    let (_vendor, site, client) = cut("cut-others", RpmSystem::Dnf4Trixie, |site| {
        install(site, &TinyRpm::new("neighbour", "1"));
        install(site, &TinyRpm::new("neighbour", "2"));
        let_the_agent(site);
    });
    let status = asked(&site);
    assert!(status.contains("also takes away the older versions of neighbour"), "{status}");
    assert_eq!(site.host.rpm_versions("neighbour").len(), 2);
    site.host.dnf(&["remove", "--duplicates"]).expect_ok();
    assert_eq!(site.host.rpm_versions("neighbour"), ["2-1"]);
    finished(&site, client);
}
