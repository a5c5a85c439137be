//! The version of the data on real hosts: a restored dump and a reverted snapshot are named, and no engine
//! starts on them.

use std::time::Duration;

use consign_lab::{CANOPSIS, Outcome, Product, Release, Site, Vendor, edit, lab};

/// The schema of the database, unless the site has put a stamp beside it.
const PROBE: &str = r#"
[data]
probe = { command = ["/usr/bin/python3", "-c", """
import os, sqlite3
data = "/var/lib/canopsis/"
stamp = data + "stamp"
if os.path.exists(stamp):
    print(open(stamp).read())
else:
    print(sqlite3.connect("file:%scanopsis.db?mode=ro" % data, uri=True)
        .execute("SELECT version FROM schema_version").fetchone()[0])
"""], user = "canopsis" }
"#;

const ENGINES: [&str; 3] = ["main", "worker", "web"];

/// Publishes a release whose plan has the probe, with more of its table.
fn publish(vendor: &Vendor, product: Product, more: &str) {
    let project = vendor.project(product).unwrap();
    edit(&project.join("consign.toml"), &[("[[health]]", &format!("{PROBE}{more}\n[[health]]"))]).unwrap();
    vendor.release_project(&project).unwrap();
}

/// 3.25.0 runs.
fn site(name: &str) -> (Vendor, Site) {
    let vendor = Vendor::new("acme").unwrap();
    publish(&vendor, Product::canopsis("3.25.0"), "version = \"1\"");
    let site = Site::open(name, Release::Trixie, &vendor, CANOPSIS).unwrap();
    site.host.apt_get(&["install", "canopsis"]).expect_ok();
    site.wait_status(0);
    (vendor, site)
}

fn upgrade(site: &Site) {
    site.clear_canopsis();
    site.host.apt_get(&["upgrade"]).expect_ok();
}

fn data(site: &Site, words: &[&str]) -> Outcome {
    site.host.exec(&[&["consignee", "--language", "en", "data", CANOPSIS], words].concat())
}

#[track_caller]
fn says(outcome: &Outcome, words: &[&str]) {
    for word in words {
        assert!(outcome.text().contains(word), "{word:?} is missing in {outcome}");
    }
}

/// It is written down first, and done then.
fn wait_stopped(site: &Site) {
    let is_stopped = || (site.engine("main") == "inactive").then_some(());
    site.host.wait_until("the engines are stopped", Duration::from_secs(30), is_stopped);
}

/// Whether systemd has started its program since the boot.
fn was_started(site: &Site, engine: &str) -> bool {
    let unit = format!("canopsis-engine@{engine}.service");
    site.host.shell(&format!("systemctl show -P ExecMainStartTimestampMonotonic {unit}")) != "0"
}

#[test]
fn engines_do_not_start_on_a_snapshot_that_was_reverted() {
    lab!();
    let (vendor, site) = site("reverted");
    let client = site.client();
    let copy = |from: &str, to: &str| {
        site.host.shell(&format!("systemctl stop 'canopsis-engine@*'; rm -rf {to}; cp -a {from} {to}; sync"));
    };
    copy("/var/lib/canopsis", "/srv/snapshot");
    site.host.shell("systemctl start canopsis-engine@main canopsis-engine@worker canopsis-engine@web");
    publish(&vendor, Product::canopsis("3.26.0"), "version = \"2\"");
    upgrade(&site);
    site.wait_status(0);
    assert!(site.events().contains(&"data-observed".to_owned()), "{:#?}", site.events());

    copy("/var/lib/canopsis", "/srv/right");
    copy("/srv/snapshot", "/var/lib/canopsis");
    site.host.cut();
    site.host.boot_again().unwrap();
    let sentence = "the data is at 1, and was at 2 with release 3.26.0";
    says(&site.wait_status(4), &[sentence, "consignee data acme/canopsis --accept"]);
    for engine in ENGINES {
        assert!(!was_started(&site, engine), "{engine} was started on the snapshot");
    }
    site.assert_canopsis_stopped();
    says(&data(&site, &[]).expect_code(4), &["data: at 1", "on record: 2, seen on", "with release 3.26.0"]);

    // The right data again: the engines start by themselves.
    site.host.shell("rm -rf /var/lib/canopsis; cp -a /srv/right /var/lib/canopsis");
    says(&data(&site, &[]).expect_ok(), &["data: at 2"]);
    for engine in ENGINES {
        assert_eq!(site.engine(engine), "active", "{engine}");
    }
    site.wait_status(0);
    site.nothing_is_missing(client);
}

#[test]
fn a_restored_dump_holds_upgrades_until_a_person_accepts_it() {
    lab!();
    let (vendor, site) = site("restored");
    let client = site.client();
    publish(&vendor, Product::canopsis("3.26.0"), "");
    site.host.write("/var/lib/canopsis/stamp", "restored", 0o644);
    site.host.shell("systemctl start consignee-reconcile");
    says(&site.wait_status(4), &["the data is at restored, and was at 1 with release 3.25.0"]);
    wait_stopped(&site);
    let looked = site.host.apt_get(&["update"]).expect_ok();
    says(&looked, &["the data is at restored, and was at 1 when the last upgrade finished"]);
    site.host.apt_get(&["upgrade"]).expect_ok();
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));

    says(&data(&site, &["--accept", "--yes"]).expect_ok(), &["on record: restored, accepted by root"]);
    for engine in ENGINES {
        assert_eq!(site.engine(engine), "active", "{engine}");
    }
    upgrade(&site);
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    site.nothing_is_missing(client);
}

#[test]
fn data_that_is_not_at_the_version_of_the_release_starts_no_engine() {
    lab!();
    let (vendor, site) = site("not-migrated");
    let client = site.client();
    publish(&vendor, Product::canopsis("3.26.0"), "version = \"3\"");
    upgrade(&site);
    let status = site.wait_status(4);
    says(&status, &["the data is at 2, and should be at 3", "consignee data acme/canopsis --accept"]);
    site.assert_canopsis_stopped();
    // What failed stays so until somebody says that it is right.
    site.consignee(&["retry", CANOPSIS]);
    site.wait_status(4);
    data(&site, &["--accept", "--yes"]).expect_ok();
    site.consignee(&["retry", CANOPSIS]);
    site.wait_status(0);
    assert_eq!(site.engine("web"), "active");
    let history = site.consignee(&["history", CANOPSIS]);
    says(&history, &["root took the data for right, at 2"]);
    site.nothing_was_lost(client);
}

/// What the site puts there says which version the data is at.
const STAMP: &str = "/var/lib/canopsis/stamp";

/// 3.25.0 runs and 3.26.0 is offered, whose second step asks for more time until it has its folder.
fn between_two_steps(name: &str) -> (Vendor, Site) {
    let (vendor, site) = site(name);
    let index = "[[step]]\nname = \"index\"\nrun = [\"/usr/bin/touch\", \"/srv/index/done\"]\nretry_later_exit = 1\n";
    publish(&vendor, Product::canopsis("3.26.0"), index);
    (vendor, site)
}

fn wait_between(site: &Site) {
    let waits = || site.events().ends_with(&["retry-later", "data-observed"].map(str::to_owned)).then_some(());
    site.host.wait_until("the second step waits", Duration::from_secs(60), waits);
}

/// Halted before the second step, of which nothing was run.
#[track_caller]
fn halted_between(site: &Site) {
    let sentence = "the data is at restored, and should be at 2";
    says(&site.wait_status(4), &[sentence, "consignee data acme/canopsis --accept"]);
    site.assert_canopsis_stopped();
    assert!(!site.host.exists("/srv/index/done"), "the second step was run");
    assert_eq!(site.init_calls().len(), 2, "the first step was run again");
}

/// The right data again, and a person says so.
#[track_caller]
fn goes_on(site: &Site) {
    site.host.ok(&["rm", STAMP]);
    site.consignee(&["retry", CANOPSIS]);
    site.wait_status(0);
    assert!(site.host.exists("/srv/index/done"));
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
}

#[test]
fn data_that_change_between_two_steps_are_named_before_the_second_runs() {
    lab!();
    let (_vendor, site) = between_two_steps("between");
    let client = site.client();
    upgrade(&site);
    wait_between(&site);
    site.host.write(STAMP, "restored", 0o644);
    site.host.ok(&["mkdir", "/srv/index"]);
    halted_between(&site);
    goes_on(&site);
    site.nothing_was_lost(client);
}

/// The power goes in the middle of an upgrade, and the disk that comes back is another one.
#[test]
fn data_that_change_while_the_host_is_off_in_the_middle_of_an_upgrade_are_named_at_boot() {
    lab!();
    let (_vendor, site) = between_two_steps("off");
    let client = site.client();
    upgrade(&site);
    wait_between(&site);
    site.host.shell(&format!("echo restored >{STAMP}; mkdir /srv/index; sync"));
    site.host.cut();
    site.host.boot_again().unwrap();
    halted_between(&site);
    for engine in ENGINES {
        assert!(!was_started(&site, engine), "{engine} was started in the middle of an upgrade");
    }
    goes_on(&site);
    site.nothing_was_lost(client);
}
