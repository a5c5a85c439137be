//! A real migration cut in the middle: Buildbot goes from 3.11.9 to 4.3.0, the power fails while `upgrade-master`
//! rebuilds tables, and the host is taken back to 3.11.9 with its data.
//!
//! On SQLite that is no matter of running it again: one revision of the schema is there, the next one half, and
//! `upgrade-master` refuses such a database for good.

use std::collections::BTreeSet;
use std::time::Duration;

use consign_lab::{BaseSystem, Host, Lab, Product, RecordClient, Site, Vendor, edit, lab};
use serde_json::Value;

const BUILDBOT: &str = "acme/buildbot";
const PACKAGE: &str = "acme-buildbot";
const SOON: Duration = Duration::from_secs(90);

const BREAKPOINT: &str = include_str!("../fixtures/buildbot_back/usercustomize.py");
const ROWS: &str = include_str!("../fixtures/buildbot_back/rows.py");

const ANSWERS: &str = "Restart=on-failure\nExecStartPost=/usr/bin/curl -sf --retry 80 --retry-delay 1 --retry-connrefused \
                       -o /dev/null http://127.0.0.1:8010/api/v2\n";

/// What the master keeps its data in.
struct Kind {
    name: &'static str,
    /// Below `[[backup.database]]`.
    backup: &'static str,
    /// What the plan says of a step that was cut off.
    on_interrupt: &'static str,
    url: &'static str,
    /// Prepares a host for the first installation.
    prepare: &'static str,
    /// Makes the coming `upgrade-master` wait in the middle; of a program that has to live meanwhile.
    armed: fn(&Host),
    /// Whether it is in the middle.
    half_way: fn(&Host) -> bool,
    /// Who may read all of it, and how one statement is asked.
    reader: &'static str,
    ask: &'static str,
}

const SQLITE: Kind = Kind {
    name: "sqlite",
    backup: "sqlite = \"/var/lib/buildbot/state.sqlite\"\nuser = \"buildbot\"",
    on_interrupt: "ask",
    url: "sqlite:///state.sqlite",
    prepare: "true",
    armed: |host| {
        host.write("/var/lib/buildbot/.local/lib/python3.13/site-packages/usercustomize.py", BREAKPOINT, 0o644);
    },
    half_way: |host| host.exists("/var/lib/buildbot/half-way"),
    reader: "root",
    ask: "sqlite3 -readonly /var/lib/buildbot/state.sqlite",
};

const POSTGRESQL: Kind = Kind {
    name: "postgresql",
    backup: "postgresql = \"buildbot\"",
    on_interrupt: "undo",
    url: "postgresql+psycopg2:///buildbot?host=/run/postgresql",
    prepare: "systemctl enable --quiet --now postgresql && cd / && su postgres -c 'createuser buildbot' && \
              su postgres -c 'createdb --owner=buildbot buildbot'",
    // Somebody reads a table, which the migration wants to change: it waits.
    armed: |host| {
        let read = "BEGIN; LOCK TABLE builds IN ACCESS SHARE MODE; SELECT pg_sleep(3600)";
        host.ok(&["systemd-run", "-q", "-p", "User=postgres", "psql", "-qd", "buildbot", "-c", read]);
        let held = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'BEGIN; LOCK%' AND wait_event = 'PgSleep'";
        host.wait_until("somebody reads the table", SOON, || (POSTGRESQL.asked(host, held) == "1").then_some(()));
    },
    half_way: |host| {
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
                     AND query LIKE 'ALTER TABLE builds ADD%'";
        POSTGRESQL.asked(host, waits) == "1"
    },
    reader: "postgres",
    ask: "psql -qAtd buildbot -c",
};

impl Kind {
    #[track_caller]
    fn asked(&self, host: &Host, statement: &str) -> String {
        let command: Vec<&str> = self.ask.split(' ').chain([statement]).collect();
        host.ok(&[&["runuser", "-u", self.reader, "--"], &command[..]].concat()).stdout.trim().to_owned()
    }

    /// Every row, with the changes up to a number.
    #[track_caller]
    fn rows(&self, host: &Host, last: u64) -> BTreeSet<String> {
        host.write("/run/rows.py", ROWS, 0o644);
        let rows = ["python3", "/run/rows.py", self.name, &last.to_string()];
        let rows = host.ok(&[&["runuser", "-u", self.reader, "--"], &rows[..]].concat()).stdout;
        rows.lines().map(str::to_owned).collect()
    }

    #[track_caller]
    fn schema(&self, host: &Host) -> String {
        self.asked(host, "SELECT version_num FROM alembic_version")
    }
}

fn publish(vendor: &Vendor, version: &'static str, kind: &Kind) {
    let project = vendor.project(Product::buildbot(version)).unwrap();
    let Kind { backup, on_interrupt, .. } = kind;
    let step = "[[step]]\nname = \"upgrade-master\"\n";
    let with_backup = format!(
        "[backup]\ntimeout = \"5m\"\n\n[[backup.database]]\nname = \"builds\"\n{backup}\n\n{step}\
         on_interrupt = \"{on_interrupt}\"\nundo = \"from-backup\"\n"
    );
    edit(&project.join("consign.toml"), &[(step, &with_backup)]).unwrap();
    edit(&project.join("master.cfg"), &[("sqlite:///state.sqlite", kind.url)]).unwrap();
    // Old engines count as back when systemd says that they are active, and this one answers seconds after its start.
    edit(&project.join("buildbot.service"), &[("Restart=on-failure\n", ANSWERS)]).unwrap();
    vendor.release_project(&project).unwrap();
}

/// 3.11.9 runs, on a disk of the host's own.
fn site(kind: &Kind) -> (Vendor, Site) {
    let host = Host::boot_on_disk(&format!("buildbot-back-{}", kind.name), BaseSystem::Databases).unwrap();
    let vendor = Vendor::new("acme").unwrap().for_userland(host.system().userland());
    publish(&vendor, "3.11.9", kind);
    host.shell(kind.prepare);
    let site = Site::on(host, &vendor, BUILDBOT).unwrap();
    site.host.apt_get(&["install", PACKAGE]).expect_ok();
    site.wait_status(0);
    (vendor, site)
}

/// 4.3.0 is offered, and everything about it acknowledged.
fn cleared(vendor: &Vendor, site: &Site, kind: &Kind) {
    publish(vendor, "4.3.0", kind);
    site.host.apt_get(&["update"]).expect_ok();
    site.consignee(&["ack", BUILDBOT, "--all", "--yes"]);
    site.host.ok(&["sync"]);
}

/// A build is asked for, by the button of its web page.
#[track_caller]
fn build(site: &Site) {
    let force = r#"{"jsonrpc":"2.0","id":1,"method":"force","params":{"builderid":1,"owner":"lab"}}"#;
    let header = "Content-Type: application/json";
    site.host.ok(&["curl", "-sf", "-H", header, "-d", force, "http://127.0.0.1:8010/api/v2/forceschedulers/force"]);
}

/// What it answers of the changes up to a number, and of the builds that were asked for.
#[track_caller]
fn answers(site: &Site, last: u64) -> (Vec<Value>, Value) {
    let ask = |what: &str| -> Value {
        let answer = site.host.shell(&format!("curl -sf http://127.0.0.1:8010/api/v2/{what}"));
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error} in {answer}"))
    };
    let is_meant = |change: &Value| change["comments"].as_str().is_some_and(|n| n.parse::<u64>().unwrap() <= last);
    let mut changes = ask("changes")["changes"].as_array().expect("changes").clone();
    changes.retain(is_meant);
    (changes, ask("buildrequests")["buildrequests"].clone())
}

fn version(host: &Host) -> Option<String> {
    host.installed(PACKAGE)?.split_once('-').map(|(version, _)| version.to_owned())
}

/// The power fails in the middle of the migration, and the host boots again.
fn cut_half_way(vendor: &Vendor, site: &mut Site, kind: &Kind) {
    (kind.armed)(&site.host);
    let entrance = site.host.entrance();
    let apt = std::thread::spawn(move || {
        entrance.exec_with(&["apt-get", "-y", "upgrade"], &[("DEBIAN_FRONTEND", "noninteractive")])
    });
    site.host.wait_until("the migration half way", SOON, || (kind.half_way)(&site.host).then_some(()));
    assert_eq!(version(&site.host).as_deref(), Some("4.3.0"));
    site.host.cut_losing_unsynced().unwrap();
    apt.join().unwrap();
    site.host.boot_again().unwrap();
    site.serve_again(vendor).unwrap();
}

/// One revision is done, the next one half; its plan has a person asked, who takes what is advised.
fn as_advised(site: &Site) {
    let told = site.wait_status(3).text();
    assert_eq!(SQLITE.schema(&site.host), "065");
    let columns = SQLITE.asked(&site.host, "SELECT name FROM pragma_table_info('builds')");
    assert!(columns.contains("locks_duration_s"), "{columns}");
    let advice = format!("consignee answer {BUILDBOT} undo");
    assert!(told.contains(&advice), "{told}");
    site.consignee(&["answer", BUILDBOT, "undo"]);
}

#[track_caller]
fn wait_rolled_back(site: &Site) {
    site.host.wait_until("it is taken back", SOON, || (last_end(site) == "rolled-back").then_some(()));
}

/// How the last upgrade ended that has begun; what is offered again since does not count.
fn last_end(site: &Site) -> Value {
    let history = site.host.ok(&["consignee", "history", BUILDBOT, "--json"]);
    let history: Value = serde_json::from_str(&history.stdout).unwrap();
    let mut upgrades = history["upgrades"].as_array().unwrap().clone();
    upgrades.sort_by_key(|upgrade| upgrade["number"].as_u64());
    let has_begun = |upgrade: &&Value| !["held", "planned", "cleared"].contains(&upgrade["state"].as_str().unwrap());
    upgrades.iter().rfind(has_begun).map(|upgrade| upgrade["state"].clone()).unwrap_or_default()
}

#[track_caller]
fn nothing_was_lost(site: &Site, client: RecordClient) {
    client.wait_acknowledged(SOON).expect("it works again");
    let (ledger, stored) = (client.stop(), site.host.buildbot_records());
    ledger.assert_kept(&stored, &site.announced());
}

fn cut_and_back(kind: &Kind) -> (Vendor, Site) {
    let (vendor, mut site) = site(kind);
    build(&site);
    let client = site.host.buildbot_client();
    client.wait_acknowledged(SOON).unwrap();
    cleared(&vendor, &site, kind);
    let last = client.wait_acknowledged(SOON).unwrap();
    let before = (kind.rows(&site.host, last), answers(&site, last));
    let is_build = |row: &String| row.starts_with("buildrequests ");
    assert!(before.0.iter().any(is_build) && before.1.0.len() as u64 == last, "{before:?}");

    cut_half_way(&vendor, &mut site, kind);
    if kind.on_interrupt == "ask" {
        as_advised(&site);
    }
    wait_rolled_back(&site);
    assert_eq!(version(&site.host).as_deref(), Some("3.11.9"));
    nothing_was_lost(&site, client);
    assert_eq!(kind.schema(&site.host), "064");
    let rows = kind.rows(&site.host, last);
    assert!(rows == before.0, "{:#?}", rows.symmetric_difference(&before.0));
    assert_eq!(answers(&site, last), before.1);
    site.host.assert_packages_sound();
    (vendor, site)
}

#[test]
fn on_sqlite_a_migration_cut_in_the_middle_is_taken_back_with_its_data() {
    lab!(Lab::has_buildbot());
    lab!(Lab::can_host(BaseSystem::Databases));
    cut_and_back(&SQLITE);
}

#[test]
fn on_postgresql_a_migration_cut_in_the_middle_is_taken_back_and_comes_after_all() {
    lab!(Lab::has_buildbot());
    lab!(Lab::can_host(BaseSystem::Databases));
    let (_vendor, site) = cut_and_back(&POSTGRESQL);
    let stored: BTreeSet<u64> = site.host.buildbot_records();
    let client = site.host.buildbot_client();
    site.consignee(&["ack", BUILDBOT, "--all", "--yes"]);
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    assert_eq!(POSTGRESQL.schema(&site.host), "067");
    nothing_was_lost(&site, client);
    assert!(stored.is_subset(&site.host.buildbot_records()));
}
