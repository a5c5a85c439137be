//! Two hosts on one database: one of them runs the steps that work on it, the other waits and finds them done.

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
}

const POSTGRESQL: Server = Server {
    name: "postgresql",
    socket: "/srv/shared",
    start: "echo \"unix_socket_directories = '/var/run/postgresql, /srv/shared'\" >>/etc/postgresql/17/main/postgresql.conf; \
            systemctl start postgresql; cd /; su postgres -c 'createuser orders'; \
            su postgres -c 'createdb --owner=orders orders'",
    locks: "cd /; su postgres -c \"psql -Atc \\\"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'\\\"\"",
};

const MARIADB: Server = Server {
    name: "mariadb",
    socket: "/srv/shared/mysqld.sock",
    start: "printf '[client-server]\\nsocket = /srv/shared/mysqld.sock\\n' >/etc/mysql/mariadb.conf.d/99-shared.cnf; \
            systemctl start mariadb; mariadb --execute=\"CREATE DATABASE orders; \
            CREATE USER orders@localhost IDENTIFIED VIA unix_socket; GRANT ALL ON orders.* TO orders@localhost\"",
    // Those of the agents: their sessions are its system user's.
    locks: "mariadb -Ne \"SELECT count(*) FROM information_schema.processlist WHERE user = 'mysql'\"",
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

fn one_migrates_and_the_other_waits(server: &Server) {
    let shared = tempfile::tempdir().unwrap();
    let vendor = Vendor::new("acme").unwrap();
    publish(&vendor, "1.0.0", server);
    let (one, other) = (host("shared-one", shared.path(), server), host("shared-other", shared.path(), server));
    one.shell(&format!("chmod 1777 /srv/shared; {}", server.start));
    let (one, other) = (install(one, &vendor), install(other, &vendor));
    publish(&vendor, "1.1.0", server);
    for site in [&one, &other] {
        site.host.apt_get(&["update"]).expect_ok();
    }
    let clients = [client(&one, 1), client(&other, OF_THE_OTHER)];

    one.host.write("/var/lib/orders/trouble", "slow", 0o644);
    one.host.apt_get(&["upgrade"]).expect_ok();
    one.host.wait_until("the migration at work", SOON, || one.host.exists("/var/lib/orders/hangs").then_some(()));
    other.host.apt_get(&["upgrade"]).expect_ok();
    let waits = || other.events().contains(&"retry-later".to_owned()).then_some(());
    other.host.wait_until("the other waits", SOON, waits);
    other.wait_status(5);
    assert_ne!(one.host.shell(server.locks), "0", "nobody has the lock");
    assert_eq!(other.host.exec(&["systemctl", "is-active", "orders"]).stdout, "inactive\n");
    assert!(!other.host.exists("/var/lib/orders/hangs"), "both migrate at once");

    one.host.ok(&["rm", "/var/lib/orders/trouble"]);
    for site in [&one, &other] {
        site.wait_status(0);
        assert_eq!(health(site), "1.1.0");
    }
    let skipped = other.journal().into_iter().find(|record| record["event"] == "step-skipped").expect("it was skipped");
    assert_eq!(skipped["because"], "already-done");
    assert!(!one.events().contains(&"step-skipped".to_owned()), "{:?}", one.events());
    assert_eq!(one.host.shell(server.locks), "0");
    for (site, client) in [&one, &other].into_iter().zip(clients) {
        nothing_was_lost(site, client);
    }
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
