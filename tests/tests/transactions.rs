//! A product of three packages, and every command by which a new version of it can come: one finish each.

use consign_lab::{Archive, CANOPSIS, Product, Release, Site, TinyPackage, Vendor, lab};

const MODULES: [&str; 3] = ["canopsis", "canopsis-connectors", "canopsis-reports"];

/// 3.25.0 runs in three packages, 3.26.0 is published and everything is acknowledged.
fn cleared(name: &str, release: Release) -> (Vendor, Site) {
    let (vendor, site) = installed(name, release);
    vendor.release(Product::canopsis("3.26.0").in_three_packages()).unwrap();
    site.clear_canopsis();
    (vendor, site)
}

fn installed(name: &str, release: Release) -> (Vendor, Site) {
    let vendor = Vendor::new("acme").unwrap();
    vendor.release(Product::canopsis("3.25.0").in_three_packages()).unwrap();
    let site = Site::open(name, release, &vendor, CANOPSIS).unwrap();
    site.host.apt_get(&["install", "canopsis-connectors", "canopsis-reports"]).expect_ok();
    site.wait_status(0);
    (vendor, site)
}

/// All three packages are there and configured, and one finish came of it.
#[track_caller]
fn upgraded_once(site: &Site) {
    site.wait_status(0);
    for module in MODULES {
        assert_eq!(site.host.installed(module).as_deref(), Some("3.26.0-1"), "{module}");
    }
    assert_eq!(site.init_calls().len(), 2, "{:?}", site.init_calls());
    assert_eq!(site.announced().len(), 2, "{:?}", site.announced());
    let begun =
        site.host.shell("cat /var/lib/consignee/acme/canopsis/journal/*/records.jsonl | grep -c '\"completed\\|begun'");
    assert_eq!(begun, "2", "a journal for the install and one for the upgrade");
    site.host.assert_packages_sound();
}

fn by(name: &str, release: Release, command: &[&str]) {
    let (_vendor, site) = cleared(name, release);
    let client = site.client();
    let noninteractive = [&["env", "DEBIAN_FRONTEND=noninteractive"], command].concat();
    site.host.ok(&noninteractive);
    upgraded_once(&site);
    site.nothing_was_lost(client);
}

#[test]
fn apt_get_upgrade_finishes_once() {
    lab!();
    by("apt-get-upgrade", Release::Bookworm, &["apt-get", "-y", "upgrade"]);
}

#[test]
fn apt_upgrade_finishes_once() {
    lab!();
    by("apt-upgrade", Release::Trixie, &["apt", "-y", "upgrade"]);
}

#[test]
fn apt_full_upgrade_finishes_once() {
    lab!();
    by("full-upgrade", Release::Bookworm, &["apt", "-y", "full-upgrade"]);
}

#[test]
fn one_unattended_upgrade_on_debian_12_finishes_once() {
    lab!();
    unattended(Release::Bookworm);
}

#[test]
fn one_unattended_upgrade_on_debian_13_finishes_once() {
    lab!();
    unattended(Release::Trixie);
}

/// It upgrades in minimal steps, several transactions, and runs every hook twice.
fn unattended(release: Release) {
    let (_vendor, site) = cleared("unattended", release);
    site.host.write("/etc/apt/apt.conf.d/52all", "Unattended-Upgrade::Origins-Pattern { \"site=*\"; };\n", 0o644);
    let client = site.client();
    site.host.ok(&["unattended-upgrade", "--verbose"]);
    upgraded_once(&site);
    site.nothing_was_lost(client);
}

#[test]
fn dpkg_with_all_three_files_finishes_once() {
    lab!();
    let (vendor, site) = cleared("dpkg", Release::Bookworm);
    let client = site.client();
    give_files(&vendor, &site);
    let files = MODULES.map(|module| format!("/root/{module}.deb"));
    site.host.ok(&["dpkg", "-i", &files[0], &files[1], &files[2]]);
    upgraded_once(&site);
    site.nothing_was_lost(client);
}

#[test]
fn dpkg_with_one_file_after_the_other_finishes_once() {
    lab!();
    let (vendor, site) = cleared("one-by-one", Release::Trixie);
    let client = site.client();
    give_files(&vendor, &site);
    for module in MODULES {
        // They depend on each other: dpkg leaves the first ones unconfigured and says so.
        site.host.exec(&["dpkg", "-i", &format!("/root/{module}.deb")]);
    }
    site.host.ok(&["dpkg", "--configure", "-a"]);
    upgraded_once(&site);
    site.nothing_was_lost(client);
}

fn give_files(vendor: &Vendor, site: &Site) {
    let dist = vendor.project(Product::canopsis("3.26.0").in_three_packages()).unwrap().join("dist");
    for module in MODULES {
        site.host.copy_in(dist.join(format!("{module}_3.26.0-1_all.deb")), &format!("/root/{module}.deb"));
    }
}

#[test]
fn a_neighbour_that_fails_leaves_the_packages_to_be_configured_and_one_finish() {
    lab!();
    let (vendor, site) = installed("neighbour-fails", Release::Bookworm);
    let neighbour = Archive::new("neighbour").unwrap();
    neighbour
        .add(&[TinyPackage::new("neighbour", "1").script("postinst", "#!/bin/sh\ntest -e /srv/mended\n")])
        .unwrap();
    neighbour.give_to(&site.host);
    let needs = ("depends.deb = [\"python3\"]", "depends.deb = [\"python3\", \"neighbour\"]");
    vendor.release_edited(Product::canopsis("3.26.0").in_three_packages(), &[needs]).unwrap();
    site.clear_canopsis();
    let client = site.client();
    // A new dependency: upgrade alone would keep the product back.
    site.host.apt_get(&["full-upgrade"]).expect_code(100);
    let status = site.wait_status(4).text();
    assert!(status.contains("some packages changed and others not"), "{status}");
    site.assert_canopsis_stopped();
    site.host.write("/srv/mended", "", 0o644);
    // It was dpkg that was interrupted: that is repaired first, by us.
    site.consignee(&["retry", CANOPSIS]);
    upgraded_once(&site);
    site.nothing_was_lost(client);
}

#[test]
fn a_file_of_a_neighbours_that_is_in_the_way_halts_and_retry_brings_the_rest() {
    lab!();
    let (_vendor, site) = cleared("conflict", Release::Trixie);
    let client = site.client();
    // Only the new version has the file, so only now do two packages own it.
    let thief = Archive::new("thief").unwrap();
    thief.add(&[TinyPackage::new("thief", "1").file("/opt/canopsis-reports/3.26.0", "mine\n")]).unwrap();
    thief.give_to(&site.host);
    site.host.apt_get(&["update"]).expect_ok();
    site.host.apt_get(&["install", "thief"]).expect_ok();
    site.host.apt_get(&["upgrade"]).expect_code(100);
    let status = site.wait_status(4).text();
    for said in [
        "some packages changed and others not",
        "canopsis-reports 3.25.0-1, not 3.26.0-1",
        "consignee retry acme/canopsis",
    ] {
        assert!(status.contains(said), "{said:?} is missing in {status}");
    }
    site.assert_canopsis_stopped();
    assert_eq!(site.init_calls().len(), 1, "it ran on a mix");
    // Nothing is repaired by trying again with the cause still there, and whoever tries is told what it is.
    let refused = site.host.exec(&["consignee", "retry", CANOPSIS]).expect_code(1);
    assert!(refused.text().contains("also in package thief"), "{refused}");
    site.wait_status(4);
    site.host.ok(&["dpkg", "--remove", "thief"]);
    site.consignee(&["retry", CANOPSIS]);
    upgraded_once(&site);
    site.nothing_was_lost(client);
}
