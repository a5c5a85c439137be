//! A real program from PyPI, upgraded over a change of its database schema.
//!
//! Buildbot 4.3.0 refuses the database of 3.11.9 and *exits with 0*: a step left out does not show in
//! systemd, only in the health check.

use std::collections::BTreeSet;
use std::time::Duration;

use consign_lab::{Lab, Product, RecordClient, Release, Site, Vendor, lab};

const PRODUCT: &str = "acme/buildbot";
const CHANGES: &str = "http://127.0.0.1:8010/api/v2/changes?field=comments";
/// How long a master may take to settle after it first answered.
const SETTLES: Duration = Duration::from_secs(15);
const SOON: Duration = Duration::from_secs(60);

#[test]
fn buildbot_is_upgraded_with_its_database_and_its_records_on_debian_12() {
    lab!(Lab::has_buildbot());
    upgraded_on(Release::Bookworm);
}

#[test]
fn buildbot_is_upgraded_with_its_database_and_its_records_on_debian_13() {
    lab!(Lab::has_buildbot());
    upgraded_on(Release::Trixie);
}

/// By the build for that release of Debian, in the channel of its name.
fn upgraded_on(release: Release) {
    let vendor = Vendor::new("acme").unwrap().for_release(release);
    vendor.release(Product::buildbot("3.11.9")).unwrap();
    let site = Site::open("buildbot", release, &vendor, PRODUCT).unwrap();
    site.host.apt_get(&["install", "acme-buildbot"]).expect_ok();
    site.wait_status(0);
    let native = |version: &str| Some(format!("{version}-1~{}", release.build()));
    assert_eq!(site.host.installed("acme-buildbot"), native("3.11.9"));
    assert_eq!(schema(&site), "64");

    let client = RecordClient::form(&site.host, "http://127.0.0.1:8010/change_hook/base", |number| {
        format!("author=lab&comments={number}")
    });
    client.wait_acknowledged(SOON).unwrap();
    let before = records(&site);
    assert!(!before.is_empty());

    vendor.release(Product::buildbot("4.3.0")).unwrap();
    site.host.apt_get(&["update"]).expect_ok();
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.installed("acme-buildbot"), native("4.3.0"));
    assert_eq!(schema(&site), "67");
    assert_eq!(curl(&site, "-o /dev/null -w '%{http_code}' http://127.0.0.1:8010/"), "200");
    let after = records(&site);
    assert!(before.is_subset(&after), "{before:?} {after:?}");
    client.wait_acknowledged(SOON).unwrap();
    // Its web server answers before the rest of the master is ready, and refuses now and then until it is.
    let announced: Vec<_> = site.announced().into_iter().map(|(stop, start)| (stop, start + SETTLES)).collect();
    client.stop().assert_kept(&records(&site), &announced);
}

/// A master that has just started may reset a connection; until it has settled it is asked again.
fn curl(site: &Site, arguments: &str) -> String {
    site.host.shell(&format!("curl -sf --retry {} --retry-delay 1 --retry-all-errors {arguments}", SETTLES.as_secs()))
}

/// The revision of the schema: 64 under 3.11.9, 67 under 4.3.0.
fn schema(site: &Site) -> String {
    let script = "import sqlite3; print(int(sqlite3.connect('file:/var/lib/buildbot/state.sqlite?mode=ro', uri=True)\
                  .execute('select version_num from alembic_version').fetchone()[0]))";
    site.host.shell(&format!("python3 -c \"{script}\""))
}

fn records(site: &Site) -> BTreeSet<u64> {
    let answer = curl(site, &format!("'{CHANGES}'"));
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let changes = answer["changes"].as_array().cloned().unwrap_or_default();
    changes.iter().filter_map(|change| change["comments"].as_str()?.parse().ok()).collect()
}
