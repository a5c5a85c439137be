//! Products that were installed before they had a plan, and packages that others build.
//!
//! The ledger was packaged with debhelper, whose lines in the scripts enable, start and restart its
//! service. Its next version has a plan: built by `consign build`, or by debhelper again and wrapped.

use std::thread::JoinHandle;
use std::time::Duration;

use consign_lab::{Host, Outcome, RecordClient, Release, Site, Vendor, edit, lab};

mod wrapped;

use wrapped::{client, entries, in_python, nothing_was_lost, packagers, project, publish_wrapped};

const LEDGER: &str = "acme/ledger";
const ENTRIES: &str = "http://127.0.0.1:8321/entries";
const SOON: Duration = Duration::from_secs(60);

/// A host where 1.0.0 runs as ever: no agent, no plan, migrated by hand.
fn ordinary(name: &str, release: Release) -> (Host, RecordClient) {
    let folder = tempfile::tempdir().unwrap();
    let package = packagers::debhelper("1.0.0-1", 1, folder.path(), |_| {});
    let host = Host::boot(&format!("{name}-{}", release.name()), release).unwrap();
    host.copy_in(&package, "/root/acme-ledger.deb");
    host.apt_get(&["install", "/root/acme-ledger.deb"]).expect_ok();
    host.ok(&["runuser", "-u", "acme-ledger", "--", "/opt/acme-ledger/bin/ledger", "migrate"]);
    host.ok(&["systemctl", "restart", "acme-ledger.service"]);
    host.wait_until("the ledger answers", SOON, || host.exec(&["curl", "-sf", ENTRIES]).success().then_some(()));
    let client = RecordClient::post(&host, ENTRIES);
    client.wait_acknowledged(SOON).unwrap();
    (host, client)
}

fn service(host: &Host) -> String {
    host.exec(&["systemctl", "is-active", "acme-ledger.service"]).stdout.trim().to_owned()
}

/// Halted after the packages: nothing runs, nobody can start it, and it says what to type.
#[track_caller]
fn halted_and_stopped(site: &Site) {
    let status = site.wait_status(4).text();
    for said in ["1.0.0 to 1.1.0", "the release note on 1.1.0 is not acknowledged", "consignee ack acme/ledger"] {
        assert!(status.contains(said), "{said:?} is missing in {status}");
    }
    assert_eq!(site.host.installed("acme-ledger").as_deref(), Some("1.1.0-1"));
    assert_eq!(service(&site.host), "inactive");
    site.host.exec(&["systemctl", "start", "acme-ledger.service"]);
    assert_eq!(service(&site.host), "inactive", "it was started by hand");
}

#[track_caller]
fn cleared_and_finished(site: &Site, client: RecordClient) {
    acknowledge(site);
    site.consignee(&["retry", LEDGER]);
    finished(site, client);
}

/// It stands still, so that is what the exit status says.
#[track_caller]
fn acknowledge(site: &Site) {
    let said = site.host.exec(&["env", "LC_ALL=C.UTF-8", "consignee", "ack", LEDGER, "--all", "--yes"]).expect_code(4);
    assert!(said.stdout.contains("to go on, type: consignee retry acme/ledger"), "{said}");
}

#[track_caller]
fn finished(site: &Site, client: RecordClient) {
    site.wait_status(0);
    client.wait_acknowledged(SOON).unwrap();
    client.stop().assert_kept(&entries(site), &site.announced());
    assert_eq!(site.host.shell("curl -sf http://127.0.0.1:8321/health | grep -o 'schema\": 2'"), "schema\": 2");
    let guards = site.host.exec(&["ls", "/etc/systemd/system/acme-ledger.service.d"]);
    assert!(!guards.success(), "the agent's own drop-in outlived the upgrade: {guards}");
    let reload = site.host.shell("systemctl show -p NeedDaemonReload acme-ledger.service");
    assert_eq!(reload, "NeedDaemonReload=no");
    site.host.assert_packages_sound();
}

#[test]
fn a_product_without_a_plan_is_taken_over_by_its_next_version() {
    lab!();
    let (host, client) = ordinary("adopted", Release::Trixie);
    let vendor = Vendor::new("acme").unwrap();
    vendor.release_project(&project(&vendor, "1.1.0", 2)).unwrap();
    let mut site = Site::on(host, &vendor, LEDGER).unwrap();
    // The agent is a new dependency, and plain apt-get upgrade installs nothing new.
    let kept = site.host.apt_get(&["upgrade"]).expect_ok();
    assert!(kept.text().contains("kept back"), "{kept}");
    assert_eq!(site.host.installed("acme-ledger").as_deref(), Some("1.0.0-1"));
    assert_eq!(client.ledger().outages().len(), 0);

    site.host.ok(&["env", "DEBIAN_FRONTEND=noninteractive", "apt", "-y", "upgrade"]);
    halted_and_stopped(&site);
    site.host.reboot().unwrap();
    site.serve_again(&vendor).unwrap();
    halted_and_stopped(&site);
    cleared_and_finished(&site, client);
}

#[test]
fn a_product_that_debhelper_packages_is_taken_over_by_its_next_version_wrapped() {
    lab!();
    let (host, client) = ordinary("wrapped", Release::Bookworm);
    let vendor = Vendor::new("acme").unwrap();
    publish_wrapped(&vendor, "1.1.0", 2, |_| {});
    let site = Site::on(host, &vendor, LEDGER).unwrap();
    site.host.apt_get(&["full-upgrade"]).expect_ok();
    // debhelper's postinst has restarted the service, which its condition kept from starting.
    halted_and_stopped(&site);
    let log = site.host.read("/var/log/acme-ledger.log");
    assert!(log.ends_with("configured after '1.0.0-1' for nobody in particular\n"), "{log}");
    cleared_and_finished(&site, client);

    site.host.apt_get(&["purge", "acme-ledger"]).expect_ok();
    assert!(!site.host.exists("/var/lib/acme-ledger"), "its own postrm was not run");
    assert!(!site.host.exists("/var/lib/consignee/acme/ledger"), "the agent was not told of the purge");
    site.host.assert_packages_sound();
}

/// debhelper's postinst starts the service of a new package and restarts that of an old one. Both come too
/// early: the database has to be made, or migrated, first.
#[test]
fn what_debhelper_starts_too_early_is_started_by_the_agent_in_its_place() {
    lab!();
    let vendor = Vendor::new("acme").unwrap();
    publish_wrapped(&vendor, "1.0.0", 1, |_| {});
    let site = Site::open("debhelper", Release::Trixie, &vendor, LEDGER).unwrap();
    let installed = site.host.apt_get(&["install", "acme-ledger"]).expect_ok();
    site.wait_status(0);
    let script = site.host.read("/var/lib/dpkg/info/acme-ledger.postinst");
    assert!(script.contains("deb-systemd-invoke $_dh_action 'acme-ledger.service'"), "{script}\n{installed}");
    assert_eq!(starts(&site), 1, "it ran without its database");
    let client = client(&site);
    publish_wrapped(&vendor, "1.1.0", 2, |_| {});
    site.host.apt_get(&["update"]).expect_ok();
    site.consignee(&["ack", LEDGER, "--all", "--yes"]);
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    assert_eq!(starts(&site), 2, "it ran on a database of the version before");
    // Nothing of the agent's own was needed: the package brought the condition.
    assert!(!site.host.exists("/etc/systemd/system/acme-ledger.service.d"));
    nothing_was_lost(&site, client);
}

/// How often systemd has started the ledger.
fn starts(site: &Site) -> usize {
    let log = site.host.shell("journalctl --no-pager -o cat -u acme-ledger.service");
    log.lines().filter(|line| line.starts_with("Started acme-ledger.service")).count()
}

#[test]
fn a_wrapped_package_whose_scripts_are_python_is_installed_and_upgraded() {
    lab!();
    for release in Release::ALL {
        let vendor = Vendor::new("acme").unwrap();
        publish_wrapped(&vendor, "1.0.0", 1, in_python);
        let site = Site::open("python", release, &vendor, LEDGER).unwrap();
        site.host.apt_get(&["install", "acme-ledger"]).expect_ok();
        site.wait_status(0);
        let client = client(&site);
        publish_wrapped(&vendor, "1.1.0", 2, in_python);
        site.host.apt_get(&["update"]).expect_ok();
        site.consignee(&["ack", LEDGER, "--all", "--yes"]);
        site.host.apt_get(&["upgrade"]).expect_ok();
        site.wait_status(0);
        nothing_was_lost(&site, client);
        let calls = site.host.read("/var/log/acme-ledger.calls");
        let expected = "preinst ['install']\npostinst ['configure', '']\nprerm ['upgrade', '1.1.0-1']\n\
                        preinst ['upgrade', '1.0.0-1', '1.1.0-1']\npostinst ['configure', '1.0.0-1']\n";
        assert_eq!(calls, expected);
    }
}

/// An agent that is slow to start, as long as a file is there.
const SLOW_AGENT: &str = "[Service]\nExecStart=\n\
    ExecStart=/bin/sh -c 'while [ -e /srv/agent-hangs ]; do sleep 0.1; done; exec /usr/bin/consignee agent'\n";

fn full_upgrade(site: &Site) -> JoinHandle<Outcome> {
    let entrance = site.host.entrance();
    std::thread::spawn(move || {
        entrance.exec(&["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "full-upgrade"])
    })
}

#[test]
fn a_power_cut_while_a_product_is_taken_over_starts_nothing() {
    lab!();
    let (host, client) = ordinary("adoption-cut", Release::Bookworm);
    let vendor = Vendor::new("acme").unwrap();
    // The agent has stopped the old engine, and nothing of the new package is unpacked yet.
    publish_wrapped(&vendor, "1.1.0", 2, |debian| {
        edit(&debian.join("preinst"), &[("set -e\n", "set -e\nwhile [ -e /srv/hang ]; do sleep 0.1; done\n")]).unwrap();
    });
    let mut site = Site::on(host, &vendor, LEDGER).unwrap();
    site.host.write("/etc/systemd/system/consignee.service.d/slow.conf", SLOW_AGENT, 0o644);
    site.host.write("/srv/hang", "", 0o644);
    let upgrade = full_upgrade(&site);
    client.wait_refused(SOON).unwrap();
    site.host.wait_until("the guard is there", SOON, || {
        site.host.exists("/etc/systemd/system/acme-ledger.service.d/50-consign.conf").then_some(())
    });
    site.host.cut();
    upgrade.join().unwrap();
    site.host.write("/srv/agent-hangs", "", 0o644);
    site.host.boot_again().unwrap();
    assert_eq!(service(&site.host), "inactive", "the old engine came back in the middle of its upgrade");
    site.serve_again(&vendor).unwrap();
    site.host.ok(&["rm", "/srv/hang"]);
    site.host.ok(&["dpkg", "--configure", "-a"]);
    // Now the agent is asked by apt, also before it has compared anything, and its barrier refuses what nobody has
    // cleared.
    let upgrade = full_upgrade(&site);
    site.host.wait_until("apt asks the agent or has ended", SOON, || {
        (upgrade.is_finished() || site.host.exec(&["pidof", "consignee-hook"]).success()).then_some(())
    });
    site.host.ok(&["rm", "/srv/agent-hangs"]);
    let refused = upgrade.join().unwrap().expect_code(100);
    assert!(refused.text().contains("the release note on 1.1.0 is not acknowledged"), "{refused}");
    acknowledge(&site);
    site.host.apt_get(&["full-upgrade"]).expect_ok();
    finished(&site, client);
}
