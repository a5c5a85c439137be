//! A rehearsal reaches nothing of the host, whatever its steps try, and leaves nothing, however it ends.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use consign_lab::{
    BaseSystem, CANOPSIS, Host, Lab, Outcome, Product, RecordClient, Release, RpmSystem, Site, Vendor, edit, lab,
};
use serde_json::Value;

const ORDERS: &str = "acme/orders";
const RECORDS: &str = "http://127.0.0.1:8083/records";
const SOON: Duration = Duration::from_secs(60);
const PREPARE: &str = "systemctl start postgresql && useradd --system orders && cd / && \
                       su postgres -c 'createuser orders' && su postgres -c 'createdb --owner=orders orders' && \
                       systemd-run --quiet python3 -c 'import socket, time; server = socket.socket(socket.AF_UNIX); \
                       server.bind(\"/srv/live.sock\"); server.listen(); time.sleep(3600)'";
/// A step of root's that tries to get at the host.
const HOSTILE: &str =
    "[[step]]\nname = \"hostile\"\nrun = [\"/opt/orders/bin/hostile\"]\nundo = \"harmless\"\n\n[[step]]";
/// All that a rehearsal could have changed: what the servers have, files, accounts, packages, mounts, units, and which
/// processes serve.
const LIVE: &str = "cd / && su postgres -c 'pg_dumpall --schema-only' | grep -v -e '^.restrict' -e '^.unrestrict'; \
                    find /opt/orders /var/lib/orders /var/lib/consignee /etc /usr/lib/systemd/system /srv \
                    \\( -type f -o -type s \\) -not -name '*.lease' -printf '%p %s %m %u %T@\\n' | sort; \
                    ls /var/lib/postgresql/17 /run; dpkg-query --show; findmnt --noheadings --output TARGET; hostname; \
                    systemctl show --property MainPID,NRestarts orders postgresql@17-main; \
                    systemctl list-units --all --plain --no-legend 'consignee-rehearsal*'";

/// Publishes a release on PostgreSQL whose steps begin with the hostile one.
fn publish(vendor: &Vendor, version: &'static str) {
    let project = vendor.project(Product::orders(version)).unwrap();
    let hostile = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hostile/hostile");
    fs_err::copy(hostile, project.join("tree/bin/hostile")).unwrap();
    let step = if version == "1.0.0" { "[[step]]" } else { HOSTILE };
    edit(&project.join("consign.toml"), &[("@DATABASE@", "postgresql = \"orders\""), ("[[step]]", step)]).unwrap();
    edit(&project.join("tree/bin/orders"), &[("@KIND@", "postgresql")]).unwrap();
    vendor.release_project(&project).unwrap();
}

/// The agent's state on a file system that can keep what a copy writes; other copies keep it in memory.
const ON_A_DISK: &str =
    "mkdir -p /srv/shared/state /var/lib/consignee && mount --bind /srv/shared/state /var/lib/consignee";

/// 1.0.0 runs, and 1.1.0 is offered.
fn site(shared: &Path) -> (Vendor, Site) {
    let vendor = Vendor::new("acme").unwrap();
    publish(&vendor, "1.0.0");
    let host = Host::boot_sharing("rehearsals", BaseSystem::Databases, shared).unwrap();
    host.shell(ON_A_DISK);
    host.shell(PREPARE);
    let site = Site::on(host, &vendor, ORDERS).unwrap();
    site.host.apt_get(&["install", "orders"]).expect_ok();
    site.wait_status(0);
    publish(&vendor, "1.1.0");
    site.host.apt_get(&["update"]).expect_ok();
    site.wait_status(0);
    (vendor, site)
}

fn rehearse(site: &Site, words: &[&str]) -> Outcome {
    site.host.exec(&[&["consignee", "--language", "en", "rehearse", ORDERS, "--json"], words].concat())
}

#[track_caller]
fn report(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error} in {outcome}"))
}

/// What differs, a line each.
#[track_caller]
fn same(before: &str, after: &str) {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<String>>();
    let differs: Vec<String> = lines(before).symmetric_difference(&lines(after)).cloned().collect();
    assert!(before == after, "{differs:#?}");
}

/// One is killed in the middle of a step; another cannot begin before that.
fn a_killed_one(site: &Site) {
    site.host.write("/var/lib/orders/trouble", "hang", 0o644);
    let entrance = site.host.entrance();
    let first = std::thread::spawn(move || entrance.exec_with(&["consignee", "rehearse", ORDERS], &[]));
    let hangs = || (site.host.exec(&["pgrep", "-f", "orders migrate"]).code == 0).then_some(());
    site.host.wait_until("the migration hangs", SOON, hangs);
    assert_eq!(report(&rehearse(site, &[]).expect_code(1))["problem"]["code"], "another-at-work");
    site.host.shell("kill -9 $(pgrep -o -x -f 'consignee rehearse acme/orders')");
    let ended = || (site.host.exec(&["pgrep", "-f", "orders migrate"]).code == 1).then_some(());
    site.host.wait_until("the copy is gone with its command", SOON, ended);
    first.join().unwrap();
    site.host.ok(&["rm", "/var/lib/orders/trouble"]);
}

#[test]
fn a_rehearsal_reaches_nothing_of_the_host_and_goes_with_its_command() {
    lab!(Lab::can_host(BaseSystem::Databases));
    let shared = tempfile::tempdir().unwrap();
    let (_vendor, site) = site(shared.path());
    let before = site.host.shell(LIVE);
    let client = RecordClient::post(&site.host, RECORDS);
    client.wait_acknowledged(SOON).unwrap();
    a_killed_one(&site);
    let outcome = rehearse(&site, &[]);
    assert_eq!(outcome.code, 0, "{outcome}\n{}", site.host.exec(&["journalctl", "--no-pager", "-n", "40"]));
    let report = report(&outcome);
    let steps: Vec<_> = report["steps"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap()).collect();
    assert_eq!(report["in_memory"], false, "{outcome}");
    assert_eq!(steps, ["backup", "packages", "hostile", "migrate", "start", "health"]);
    same(&before, &site.host.shell(LIVE));
    client.wait_acknowledged(SOON).unwrap();
    let (ledger, stored) = (client.stop(), site.host.shell(&format!("curl -sf {RECORDS}")));
    ledger.assert_kept(&stored.lines().filter_map(|line| line.parse().ok()).collect(), &[]);
    let no_backup = rehearse(&site, &["--backup", "latest"]).expect_code(1);
    assert_eq!(self::report(&no_backup)["problem"]["code"], "no-backup");
}

/// What a vendor writes to let the data be found.
const WITH_BACKUP: (&str, &str) = (
    "[[step]]\nname = \"init\"",
    "[backup]\npaths = [\"/var/lib/canopsis\"]\n\n[[step]]\nname = \"init\"\nundo = \"from-backup\"",
);
/// What a package manager, the agent and the product have.
const KEPT: &str = "rpm --query --all 2>/dev/null || dpkg-query --show; \
                    find /opt /var/lib/canopsis /var/lib/consignee /etc /usr/lib/systemd/system -type f \
                    -not -name '*.lease' -not -name '*.sqlite*' -printf '%p %s %m %u\\n' | sort; systemctl show --property MainPID 'canopsis*'";

/// Its packages are installed in the copy by the host's own package manager, which has no network there.
fn rehearsed_by(system: impl Into<BaseSystem>) {
    let system = system.into();
    let vendor = Vendor::new("acme").unwrap();
    let vendor = if let BaseSystem::Rpm(_) = system { vendor.with_rpms_only() } else { vendor };
    vendor.release_edited(Product::canopsis("3.25.0"), &[WITH_BACKUP]).unwrap();
    let site = Site::open("rehearsed", system, &vendor, CANOPSIS).unwrap();
    site.install(&["canopsis"]).expect_ok();
    site.wait_status(0);
    vendor.release_edited(Product::canopsis("3.26.0"), &[WITH_BACKUP]).unwrap();
    site.refresh().expect_ok();
    site.wait_status(3);
    let before = site.host.shell(KEPT);
    let outcome = site.host.exec(&["consignee", "--language", "en", "rehearse", CANOPSIS, "--json"]);
    assert_eq!(outcome.code, 0, "{outcome}\n{}", site.host.exec(&["journalctl", "--no-pager", "-n", "40"]));
    same(&before, &site.host.shell(KEPT));
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
}

#[test]
fn an_upgrade_is_rehearsed_by_apt_of_debian_12() {
    lab!();
    rehearsed_by(Release::Bookworm);
}

#[test]
fn an_upgrade_is_rehearsed_by_dnf_4() {
    lab!(Lab::has_rpm());
    rehearsed_by(RpmSystem::Dnf4Bookworm);
}

#[test]
fn an_upgrade_is_rehearsed_by_dnf_5() {
    lab!(Lab::has_rpm());
    rehearsed_by(RpmSystem::Dnf5);
}

#[test]
fn an_upgrade_is_rehearsed_by_zypper() {
    lab!(Lab::has_rpm());
    rehearsed_by(RpmSystem::Zypper);
}
