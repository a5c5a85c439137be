//! What an administrator does to packages by hand: another version back, away, and changes beside them.

use consign_lab::{Archive, CANOPSIS, Product, RecordClient, Release, Site, TinyPackage, Vendor, lab};

/// 3.26.0 is finished, 3.25.0 is still in the repository; and who worked with it meanwhile.
fn upgraded(name: &str, release: Release) -> (Vendor, Site, RecordClient) {
    let (vendor, site) = Site::with_canopsis_cleared(name, release);
    let client = site.client();
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    (vendor, site, client)
}

#[test]
fn an_older_version_is_refused_by_apt_and_nothing_changes() {
    lab!();
    let (_vendor, site, client) = upgraded("downgrade", Release::Trixie);
    let refused = site.host.apt_get(&["install", "--allow-downgrades", "canopsis=3.25.0-1"]).expect_code(100);
    assert!(refused.text().contains("older than"), "{refused}");
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    site.wait_status(0);
    assert_eq!(client.ledger().outages().len(), 1, "that of the upgrade: {:?}", client.ledger().outages());
    site.nothing_was_lost(client);
}

#[test]
fn an_older_version_forced_past_the_gates_halts_and_is_over_when_it_is_put_back() {
    lab!();
    let (vendor, site, client) = upgraded("forced-down", Release::Bookworm);
    let dist = vendor.project(Product::canopsis("3.25.0")).unwrap().join("dist");
    site.host.copy_in(dist.join("canopsis_3.25.0-1_all.deb"), "/root/older.deb");
    // The preinst refuses a downgrade, too: only its absence lets the package in.
    let refused = site.host.exec(&["dpkg", "-i", "/root/older.deb"]).expect_code(1);
    assert!(refused.text().contains("it was not unpacked") && !refused.text().contains("typed again"), "{refused}");
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    site.host.shell(
        "dpkg-deb -R /root/older.deb /root/older && rm /root/older/DEBIAN/preinst && dpkg-deb -b /root/older /root/forced.deb",
    );
    site.host.ok(&["dpkg", "-i", "/root/forced.deb"]);
    site.wait_status(4);
    site.host.wait_until("its engines stopped", SOON, || (site.engine("main") == "inactive").then_some(()));
    site.assert_canopsis_stopped();
    site.host.apt_get(&["install", "canopsis=3.26.0-1"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.engine("web"), "active");
    assert_eq!(site.init_calls().len(), 2, "putting it back runs nothing: {:?}", site.init_calls());
    site.nothing_is_missing(client);
}

#[test]
fn a_library_transition_does_not_remove_a_held_product_on_debian_12() {
    lab!();
    transition(Release::Bookworm);
}

#[test]
fn a_library_transition_does_not_remove_a_held_product_on_debian_13() {
    lab!();
    transition(Release::Trixie);
}

/// 3.25.0 needs the old library, 3.26.0 the new one, both cannot be there, and another program wants
/// the new one.
fn transition(release: Release) {
    let library = |number: u32| TinyPackage::new(&format!("libfoo{number}"), "1");
    let archive = Archive::new("distribution").unwrap();
    archive.add(&[library(1), TinyPackage::new("program", "1").field("Depends", "libfoo1")]).unwrap();
    let vendor = Vendor::new("acme").unwrap();
    let needs = |number: u32| format!("depends.deb = [\"python3\", \"libfoo{number}\"]");
    let plain = "depends.deb = [\"python3\"]";
    vendor.release_edited(Product::canopsis("3.25.0"), &[(plain, &needs(1))]).unwrap();
    let site = Site::open("transition", release, &vendor, CANOPSIS).unwrap();
    archive.give_to(&site.host);
    site.host.apt_get(&["update"]).expect_ok();
    site.host.apt_get(&["install", "canopsis", "program"]).expect_ok();
    site.wait_status(0);
    let client = site.client();

    vendor.release_edited(Product::canopsis("3.26.0"), &[(plain, &needs(2))]).unwrap();
    let new = library(2).field("Conflicts", "libfoo1").field("Replaces", "libfoo1");
    let program = TinyPackage::new("program", "2").field("Depends", "libfoo2");
    archive.add(&[new, program, TinyPackage::new("unrelated", "2")]).unwrap();
    archive.give_to(&site.host);
    site.host.apt_get(&["update"]).expect_ok();
    let first = site.host.apt_get(&["full-upgrade"]);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"), "{first}");
    assert_eq!(client.ledger().outages().len(), 0, "{first}");

    site.consignee(&["ack", CANOPSIS, "--all", "--yes"]);
    site.host.apt_get(&["full-upgrade"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    assert_eq!(site.host.installed("program").as_deref(), Some("2"));
    assert_eq!(site.host.installed("libfoo1"), None);
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();
}

#[test]
fn all_packages_of_a_product_removed_purged_and_installed_again() {
    lab!();
    let vendor = Vendor::new("acme").unwrap();
    vendor.release(Product::canopsis("3.25.0").in_three_packages()).unwrap();
    let site = Site::open("three-away", Release::Bookworm, &vendor, CANOPSIS).unwrap();
    let install = ["install", "canopsis"];
    site.host.apt_get(&install).expect_ok();
    site.wait_status(0);
    let client = site.client();
    // One of them takes the others with it: they depend on each other.
    site.host.apt_get(&["remove", "canopsis-reports"]).expect_ok();
    for module in ["canopsis", "canopsis-connectors", "canopsis-reports"] {
        assert_eq!(site.host.installed(module), None, "{module}");
    }
    let left = site.host.exec(&["pgrep", "--list-full", "--euid", "canopsis"]);
    assert!(left.stdout.is_empty(), "it outlived its packages: {left}");
    site.host.apt_get(&install).expect_ok();
    site.wait_status(0);
    assert_eq!(site.init_calls().len(), 1, "the same version again: {:?}", site.init_calls());
    site.nothing_is_missing(client);
    site.host.apt_get(&["purge", "canopsis", "canopsis-connectors", "canopsis-reports"]).expect_ok();
    assert!(!site.host.exists("/var/lib/consignee/acme/canopsis/journal"));
    site.host.assert_packages_sound();
    site.host.apt_get(&install).expect_ok();
    site.wait_status(0);
    site.client();
}

const SOON: std::time::Duration = std::time::Duration::from_secs(60);
