//! Two hosts on one database: one of them runs the steps that work on it, the other waits and finds them done, or
//! goes on where the power of the first was cut.

use std::path::Path;
use std::time::Duration;

use consign_lab::{BaseSystem, Host, Lab, Product, RecordClient, Site, Vendor, edit, lab};

const ORDERS: &str = "acme/orders";
const RECORDS: &str = "http://127.0.0.1:8083/records";
/// The first number that is written on the other host.
const OF_THE_OTHER: u64 = 1_000_000;
const SOON: Duration = Duration::from_secs(90);

const BACKUP: &str = "[backup]\ntimeout = \"5m\"\n\n[[backup.database]]\nname = \"orders\"\n@DATABASE@\n";

/// A server that one of the hosts runs, with a socket in the shared folder.
struct Server {
    name: &'static str,
    socket: &'static str,
    /// Starts it and makes the database.
    start: &'static str,
    /// How many locks there are.
    locks: &'static str,
    /// The schemas that the database has had, and how many of the first records were not migrated.
    schemas: &'static str,
}

const POSTGRESQL: Server = Server {
    name: "postgresql",
    socket: "/srv/shared",
    start: "echo \"unix_socket_directories = '/var/run/postgresql, /srv/shared'\" >>/etc/postgresql/17/main/postgresql.conf; \
            systemctl start postgresql; cd /; su postgres -c 'createuser orders'; \
            su postgres -c 'createdb --owner=orders orders'",
    locks: "cd /; su postgres -c \"psql -Atc \\\"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'\\\"\"",
    schemas: "cd /; su postgres -c \"psql -At orders -c 'SELECT version FROM schema_version ORDER BY version' \
              -c 'SELECT count(*) FROM record WHERE note IS NULL AND number <= 3'\"",
};

const MARIADB: Server = Server {
    name: "mariadb",
    socket: "/srv/shared/mysqld.sock",
    start: "printf '[client-server]\\nsocket = /srv/shared/mysqld.sock\\n' >/etc/mysql/mariadb.conf.d/99-shared.cnf; \
            systemctl start mariadb; mariadb --execute=\"CREATE DATABASE orders; \
            CREATE USER orders@localhost IDENTIFIED VIA unix_socket; GRANT ALL ON orders.* TO orders@localhost\"",
    // Those of the agents: their sessions are its system user's.
    locks: "mariadb -Ne \"SELECT count(*) FROM information_schema.processlist WHERE user = 'mysql'\"",
    schemas: "mariadb -Ne 'SELECT version FROM schema_version ORDER BY version; \
              SELECT count(*) FROM record WHERE note IS NULL AND number <= 3' orders",
};

fn publish(vendor: &Vendor, version: &'static str, server: &Server) {
    let project = vendor.project(Product::orders(version)).unwrap();
    let lock = format!("[data]\nlock = {{ {} = \"orders\", socket = \"{}\" }}\n", server.name, server.socket);
    let edits = [(BACKUP, ""), ("[data]\n", &*lock), ("undo = \"from-backup\"", "undo = \"impossible\"")];
    edit(&project.join("consign.toml"), &edits).unwrap();
    edit(&project.join("tree/bin/orders"), &[("@KIND@", server.name)]).unwrap();
    vendor.release_project(&project).unwrap();
}

/// A host that reaches the one server by its socket in the shared folder.
fn host(name: &str, shared: &Path, server: &Server) -> Host {
    let host = Host::boot_sharing(&format!("{name}-{}", server.name), BaseSystem::Databases, shared).unwrap();
    // The same number on both: the server knows a user by it.
    host.shell("useradd --system orders");
    host.write("/etc/orders.socket", server.socket, 0o644);
    host
}

fn install(host: Host, vendor: &Vendor) -> Site {
    let site = Site::on(host, vendor, ORDERS).unwrap();
    site.host.apt_get(&["install", "orders"]).expect_ok();
    site.wait_status(0);
    site
}

/// Somebody who works with it on this host, with numbers that nobody on the other one has.
#[track_caller]
fn client(site: &Site, first: u64) -> RecordClient {
    let client = RecordClient::post_from(first, &site.host, RECORDS);
    client.wait_acknowledged(SOON).expect("the product works");
    client
}

/// The client works again, nothing acknowledged is lost, no outage was unannounced.
#[track_caller]
fn nothing_was_lost(site: &Site, client: RecordClient) {
    client.wait_acknowledged(SOON).expect("the product works again");
    let (ledger, stored) = (client.stop(), site.host.shell(&format!("curl -sf {RECORDS}")));
    ledger.assert_kept(&stored.lines().filter_map(|line| line.parse().ok()).collect(), &site.announced());
}

fn health(site: &Site) -> String {
    site.host.shell("curl -sf http://127.0.0.1:8083/health")
}

/// Both run 1.0.0 on the server of the first, and 1.1.0 is offered.
fn two(name: &str, vendor: &Vendor, shared: &Path, server: &Server) -> (Site, Site) {
    publish(vendor, "1.0.0", server);
    let boot = |which: &str| host(&format!("{name}-{which}"), shared, server);
    let (one, other) = (boot("one"), boot("other"));
    one.shell(&format!("chmod 1777 /srv/shared; {}", server.start));
    let (one, other) = (install(one, vendor), install(other, vendor));
    publish(vendor, "1.1.0", server);
    for site in [&one, &other] {
        site.host.apt_get(&["update"]).expect_ok();
    }
    (one, other)
}

/// Begins the upgrade, whose migration then takes as long as the file of the trouble is there.
fn migrates(site: &Site, trouble: &str) {
    site.host.write("/var/lib/orders/trouble", trouble, 0o644);
    site.host.apt_get(&["upgrade"]).expect_ok();
    is_at_the_migration(site);
}

fn is_at_the_migration(site: &Site) {
    site.host.wait_until("the migration at work", SOON, || site.host.exists("/var/lib/orders/hangs").then_some(()));
}

fn waits(site: &Site) {
    let waits = || (site.events().last().map(String::as_str) == Some("retry-later")).then_some(());
    site.host.wait_until("it waits for the lock", SOON, waits);
    site.wait_status(5);
    assert_eq!(site.host.exec(&["systemctl", "is-active", "orders"]).stdout, "inactive\n");
}

fn skipped(site: &Site) -> Vec<String> {
    let skipped = site.journal().into_iter().filter(|record| record["event"] == "step-skipped");
    skipped.map(|record| record["because"].as_str().unwrap_or_default().to_owned()).collect()
}

#[track_caller]
fn both_work(sites: [&Site; 2]) {
    for site in sites {
        site.wait_status(0);
        assert_eq!(health(site), "1.1.0");
    }
}

fn one_migrates_and_the_other_waits(server: &Server) {
    let shared = tempfile::tempdir().unwrap();
    let vendor = Vendor::new("acme").unwrap();
    let (one, other) = two("shared", &vendor, shared.path(), server);
    let clients = [client(&one, 1), client(&other, OF_THE_OTHER)];
    migrates(&one, "slow");
    other.host.apt_get(&["upgrade"]).expect_ok();
    waits(&other);
    assert_ne!(one.host.shell(server.locks), "0", "nobody has the lock");
    assert!(!other.host.exists("/var/lib/orders/hangs"), "both migrate at once");

    one.host.ok(&["rm", "/var/lib/orders/trouble"]);
    both_work([&one, &other]);
    assert_eq!((skipped(&other), skipped(&one)), (vec!["already-done".to_owned()], vec![]));
    assert_eq!(one.host.shell(server.locks), "0");
    for (site, client) in [&one, &other].into_iter().zip(clients) {
        nothing_was_lost(site, client);
    }
}

/// The power of the host with the lock is cut in the middle of its migration. The other one, which waits, gets the
/// lock, finds the data where they were, and migrates; the first one comes back meanwhile, and now waits itself.
fn one_is_cut_and_the_other_goes_on(server: &Server) {
    let shared = tempfile::tempdir().unwrap();
    let vendor = Vendor::new("acme").unwrap();
    let (one, other) = two("cut", &vendor, shared.path(), server);
    let client = client(&one, 1);
    migrates(&other, "slow");
    one.host.write("/var/lib/orders/trouble", "slow", 0o644);
    one.host.apt_get(&["upgrade"]).expect_ok();
    waits(&one);
    assert!(!one.host.exists("/var/lib/orders/hangs"), "both migrate at once");

    other.host.cut();
    is_at_the_migration(&one);
    let seen = one.journal().into_iter().rfind(|record| record["event"] == "data-observed").expect("it has looked");
    assert_eq!(seen["version"], "1", "half a migration counts as none");
    other.host.boot_again().unwrap();
    waits(&other);
    assert_eq!(one.status()["products"][0]["upgrade"]["state"], "forward");

    for site in [&one, &other] {
        site.host.ok(&["rm", "/var/lib/orders/trouble"]);
    }
    both_work([&one, &other]);
    assert_eq!(one.host.shell(server.schemas), "1\n2\n0", "the migration was done twice, or not wholly");
    assert_eq!(one.host.shell(server.locks), "0");
    nothing_was_lost(&one, client);
}

/// The same, but the migration was done and only not written down.
fn one_is_cut_when_it_has_migrated_and_the_other_finds_it_done(server: &Server) {
    let shared = tempfile::tempdir().unwrap();
    let vendor = Vendor::new("acme").unwrap();
    let (one, other) = two("late", &vendor, shared.path(), server);
    let client = client(&one, 1);
    migrates(&other, "late");
    one.host.apt_get(&["upgrade"]).expect_ok();
    waits(&one);

    other.host.cut();
    one.wait_status(0);
    assert_eq!((health(&one).as_str(), skipped(&one)), ("1.1.0", vec!["already-done".to_owned()]));
    other.host.boot_again().unwrap();
    both_work([&one, &other]);
    assert_eq!(one.host.shell(server.schemas), "1\n2\n0", "the migration was done twice");
    assert_eq!(one.host.shell(server.locks), "0");
    nothing_was_lost(&one, client);
}

#[test]
fn of_two_hosts_on_one_postgresql_database_one_migrates_it_and_the_other_waits() {
    lab!(Lab::can_host(BaseSystem::Databases));
    one_migrates_and_the_other_waits(&POSTGRESQL);
}

#[test]
fn of_two_hosts_on_one_mariadb_database_one_migrates_it_and_the_other_waits() {
    lab!(Lab::can_host(BaseSystem::Databases));
    one_migrates_and_the_other_waits(&MARIADB);
}

#[test]
fn where_the_host_that_migrates_a_postgresql_database_is_cut_off_the_other_goes_on() {
    lab!(Lab::can_host(BaseSystem::Databases));
    one_is_cut_and_the_other_goes_on(&POSTGRESQL);
}

#[test]
fn where_the_host_that_migrates_a_mariadb_database_is_cut_off_the_other_goes_on() {
    lab!(Lab::can_host(BaseSystem::Databases));
    one_is_cut_and_the_other_goes_on(&MARIADB);
}

#[test]
fn a_migration_that_a_host_could_not_write_down_is_found_done_by_the_other() {
    lab!(Lab::can_host(BaseSystem::Databases));
    one_is_cut_when_it_has_migrated_and_the_other_finds_it_done(&POSTGRESQL);
}
