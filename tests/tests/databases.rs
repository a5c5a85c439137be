//! Upgrades of a product whose data is in a database, on real servers: saved, verified by restoring it beside,
//! and brought back when a migration fails half way or a person wants the old version again.

use std::collections::BTreeSet;
use std::time::Duration;

use consign_lab::{BaseSystem, Host, Lab, Product, RecordClient, Site, Vendor, edit, lab};
use serde_json::Value;

const ORDERS: &str = "acme/orders";
const RECORDS: &str = "http://127.0.0.1:8083/records";
const SOON: Duration = Duration::from_secs(60);

/// A kind of database.
struct Kind {
    name: &'static str,
    /// Its lines below `[[backup.database]]`.
    manifest: &'static str,
    /// Starts its server and makes the database.
    prepare: &'static str,
    /// Everything that is in it, as text.
    dump: &'static str,
    /// The service, and the program that saves, where it has them.
    server: Option<(&'static str, &'static str)>,
}

const POSTGRESQL: Kind = Kind {
    name: "postgresql",
    manifest: "postgresql = \"orders\"",
    // With an owner, rights, a limit and settings of its own, which no dump of it holds.
    prepare: "systemctl start postgresql && useradd --system orders && cd / && su postgres -c 'createuser orders' && \
              su postgres -c 'createuser reader' && su postgres -c 'createdb --owner=orders orders' && \
              su postgres -c \"psql -qc 'ALTER DATABASE orders CONNECTION LIMIT 40' \
              -c 'ALTER DATABASE orders SET search_path TO public, \\\"\\$user\\\"' \
              -c \\\"ALTER DATABASE orders SET work_mem TO '5MB'\\\" \
              -c 'REVOKE CONNECT ON DATABASE orders FROM PUBLIC' -c 'GRANT CONNECT ON DATABASE orders TO reader'\"",
    dump: "cd / && su postgres -c 'pg_dump --create orders' | grep -v -e '^.restrict' -e '^.unrestrict'",
    server: Some(("postgresql@17-main", "pg_dump")),
};

const MARIADB: Kind = Kind {
    name: "mariadb",
    manifest: "mariadb = \"orders\"",
    prepare: "systemctl start mariadb && useradd --system orders && mariadb --execute=\"\
              CREATE DATABASE orders CHARACTER SET utf8mb4 COLLATE utf8mb4_bin; \
              CREATE USER orders@localhost IDENTIFIED VIA unix_socket; GRANT ALL ON orders.* TO orders@localhost\"",
    dump: "mariadb-dump --skip-dump-date --databases --routines --triggers --events orders; \
           mariadb --execute='SHOW GRANTS FOR orders@localhost'",
    server: Some(("mariadb", "mariadb-dump")),
};

const SQLITE: Kind = Kind {
    name: "sqlite",
    manifest: "sqlite = \"/var/lib/orders/orders.db\"\nuser = \"orders\"",
    prepare: "true",
    dump: "sqlite3 /var/lib/orders/orders.db .dump; stat --format='%U %G %a' /var/lib/orders/orders.db",
    server: None,
};

fn publish(vendor: &Vendor, version: &'static str, kind: &Kind) {
    let project = vendor.project(Product::orders(version)).unwrap();
    edit(&project.join("consign.toml"), &[("@DATABASE@", kind.manifest)]).unwrap();
    edit(&project.join("tree/bin/orders"), &[("@KIND@", kind.name)]).unwrap();
    vendor.release_project(&project).unwrap();
}

/// 1.0.0 runs on its database, and 1.1.0 is offered.
fn site(kind: &Kind) -> (Vendor, Site) {
    let vendor = Vendor::new("acme").unwrap();
    publish(&vendor, "1.0.0", kind);
    let host = Host::boot(&format!("databases-{}", kind.name), BaseSystem::Databases).unwrap();
    host.shell(kind.prepare);
    let site = Site::on(host, &vendor, ORDERS).unwrap();
    site.host.apt_get(&["install", "orders"]).expect_ok();
    site.wait_status(0);
    publish(&vendor, "1.1.0", kind);
    site.host.apt_get(&["update"]).expect_ok();
    site.wait_status(0);
    (vendor, site)
}

fn trouble(site: &Site, word: &str) {
    site.host.write("/var/lib/orders/trouble", word, 0o644);
}

fn trouble_is_over(site: &Site) {
    site.host.ok(&["rm", "/var/lib/orders/trouble"]);
}

fn client(site: &Site) -> RecordClient {
    let last = records(site).last().copied().unwrap_or_default();
    let client = RecordClient::post_from(last + 1, &site.host, RECORDS);
    client.wait_acknowledged(SOON).unwrap();
    client
}

fn records(site: &Site) -> BTreeSet<u64> {
    let stored = site.host.shell(&format!("curl -sf {RECORDS}"));
    stored.lines().filter_map(|line| line.parse().ok()).collect()
}

#[track_caller]
fn nothing_was_lost(site: &Site, client: RecordClient) {
    client.wait_acknowledged(SOON).expect("the product works again");
    client.stop().assert_kept(&records(site), &site.announced());
}

/// How the last upgrade ended that has ended; what is offered again since does not count.
fn last_end(site: &Site) -> Value {
    let history = site.host.ok(&["consignee", "history", ORDERS, "--json"]);
    let history: Value = serde_json::from_str(&history.stdout).unwrap();
    let mut upgrades = history["upgrades"].as_array().unwrap().clone();
    upgrades.sort_by_key(|upgrade| upgrade["number"].as_u64());
    let waits = |upgrade: &&Value| !["held", "planned", "cleared"].contains(&upgrade["state"].as_str().unwrap());
    upgrades.iter().rfind(waits).map(|upgrade| upgrade["state"].clone()).unwrap_or_default()
}

#[track_caller]
fn wait_end(site: &Site, wanted: &str) {
    let told = || (last_end(site) == wanted).then_some(());
    if consign_lab::until(wanted, Duration::from_secs(120), told).is_err() {
        let logs = "tail -n 40 /var/lib/consignee/acme/orders/journal/*/*.log; journalctl --no-pager -u consignee";
        panic!("not {wanted}: {:#?}\n{}", site.journal(), site.host.exec(&["sh", "-c", logs]));
    }
}

#[track_caller]
fn runs(site: &Site, version: &str) {
    assert_eq!(site.host.installed("orders").as_deref(), Some(&*format!("{version}-1")));
    assert_eq!(site.host.shell("curl -sf http://127.0.0.1:8083/health"), version);
    site.host.assert_packages_sound();
}

/// A migration fails half way, with every record gone: all is back by itself.
fn a_failed_migration(site: &Site, kind: &Kind) {
    let lively = client(site);
    trouble(site, "fail");
    site.host.apt_get(&["upgrade"]);
    wait_end(site, "rolled-back");
    nothing_was_lost(site, lively);
    // Once more with nobody writing: to the last byte.
    let before = site.host.shell(kind.dump);
    site.consignee(&["ack", ORDERS, "--all", "--yes"]);
    site.host.apt_get(&["upgrade"]);
    wait_end(site, "rolled-back");
    runs(site, "1.0.0");
    assert_eq!(site.host.shell(kind.dump), before);
    trouble_is_over(site);
}

/// Nothing of the agent's is left on the server, nor of what it wrote for its programs.
#[track_caller]
fn nothing_is_left(site: &Site, kind: &Kind) {
    let databases = match kind.name {
        "postgresql" => site.host.shell("cd / && su postgres -c 'psql -Atc \"SELECT datname FROM pg_database\"'"),
        "mariadb" => site.host.shell("mariadb -Ne 'SHOW DATABASES'"),
        _ => String::new(),
    };
    assert!(!databases.contains("consign"), "{databases}");
    assert_eq!(site.host.shell("find /var/lib/consignee/acme/orders/backups -name staging -o -name answers"), "");
}

/// A finished upgrade is taken back on a person's word, with what was there before it.
fn on_a_persons_word(site: &Site) {
    site.consignee(&["ack", ORDERS, "--all", "--yes"]);
    let lively = client(site);
    site.host.apt_get(&["upgrade"]).expect_ok();
    wait_end(site, "completed");
    nothing_was_lost(site, lively);
    runs(site, "1.1.0");
    let lively = client(site);
    site.consignee(&["rollback", ORDERS, "--accept-data-loss", "--yes"]);
    wait_end(site, "rolled-back");
    runs(site, "1.0.0");
    lively.wait_acknowledged(SOON).unwrap();
    let (ledger, back) = (lively.stop(), records(site));
    ledger.assert_given_up(&back, &site.announced());
    assert!(back.contains(&1), "{back:?}");
    // What is on record of the data went back with it.
    site.host.ok(&["consignee", "data", ORDERS]);
}

/// A dump that cannot be restored is noticed before anything is changed.
fn a_broken_dump(site: &Site, program: &str) {
    let broken = format!(
        "#!/usr/bin/python3\nimport subprocess, sys\nsubprocess.run([\"/usr/bin/{program}\"] + sys.argv[1:], check=True)\n\
         path = [word.split(\"=\", 1)[1] for word in sys.argv if \"file=\" in word][0]\n\
         data = open(path, \"rb\").read()\nopen(path, \"wb\").write(data[:len(data) * 3 // 4])\n"
    );
    site.host.write(&format!("/usr/local/bin/{program}"), broken, 0o755);
    let refused = site.host.apt_get(&["upgrade"]).expect_code(100);
    assert!(refused.text().contains("could not be prepared, which was taken back"), "{refused}");
    wait_end(site, "cancelled");
    runs(site, "1.0.0");
    site.host.ok(&["rm", &format!("/usr/local/bin/{program}")]);
}

/// The server goes away in the middle: the restore waits for somebody who starts it.
fn a_server_that_stops(site: &Site, service: &str) {
    site.consignee(&["ack", ORDERS, "--all", "--yes"]);
    let before = records(site);
    trouble(site, "hang");
    site.host.shell("rm -f /var/lib/orders/hangs");
    let entrance = site.host.entrance();
    let apt = std::thread::spawn(move || {
        entrance.exec_with(&["apt-get", "-y", "upgrade"], &[("DEBIAN_FRONTEND", "noninteractive")])
    });
    site.host.wait_until("the migration hangs", SOON, || site.host.exists("/var/lib/orders/hangs").then_some(()));
    site.host.ok(&["systemctl", "stop", service]);
    wait_end(site, "stuck");
    apt.join().unwrap();
    assert_ne!(site.host.exec(&["systemctl", "is-active", "orders"]).stdout, "active\n");
    trouble_is_over(site);
    site.host.ok(&["systemctl", "start", service]);
    site.consignee(&["retry", ORDERS]);
    wait_end(site, "rolled-back");
    runs(site, "1.0.0");
    assert_eq!(records(site), before);
}

fn whole(kind: &Kind) {
    let (_vendor, site) = site(kind);
    if let Some((_, program)) = kind.server {
        a_broken_dump(&site, program);
    }
    a_failed_migration(&site, kind);
    if let Some((service, _)) = kind.server {
        a_server_that_stops(&site, service);
    }
    on_a_persons_word(&site);
    nothing_is_left(&site, kind);
}

#[test]
fn a_postgresql_database_is_saved_verified_and_brought_back() {
    lab!(Lab::can_host(BaseSystem::Databases));
    whole(&POSTGRESQL);
}

#[test]
fn a_mariadb_database_is_saved_verified_and_brought_back() {
    lab!(Lab::can_host(BaseSystem::Databases));
    whole(&MARIADB);
}

#[test]
fn an_sqlite_database_is_saved_verified_and_brought_back() {
    lab!(Lab::can_host(BaseSystem::Databases));
    whole(&SQLITE);
}
