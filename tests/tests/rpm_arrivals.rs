//! Where no gate can stand before the packages, dnf 5 without its plugin and plain rpm: the script of the package
//! stops the engines, and what nobody has cleared waits, halted. Two scripts tell the agent that the transaction is
//! over, and one of them is enough. Where no script runs either, a timer finds what has come.

use std::time::Duration;

use consign_lab::{CANOPSIS, Lab, Product, RpmSystem, Site, TinyRpm, Vendor, lab};

#[test]
fn what_dnf_5_without_its_plugin_installs_uncleared_waits_with_its_engines_stopped() {
    lab!(Lab::has_rpm());
    // Of the plugin that is missing status says so to the end.
    comes_uncleared(RpmSystem::Dnf5, 3, |_, site| {
        site.host.shell("rm /usr/lib/*/libdnf5/plugins/actions.so /etc/dnf/libdnf5-plugins/actions.conf");
        site.host.dnf(&["--refresh", "upgrade"]).expect_ok();
        let status = site.host.exec(&["consignee", "status", "--language", "en"]).stdout;
        assert!(status.contains("dnf install libdnf5-plugin-actions"), "{status}");
    });
}

#[test]
fn what_rpm_installs_uncleared_waits_with_its_engines_stopped() {
    lab!(Lab::has_rpm());
    comes_uncleared(RpmSystem::Dnf4Trixie, 0, past_everything);
}

#[test]
fn what_comes_past_the_lock_of_zypper_waits_with_its_engines_stopped() {
    lab!(Lab::has_rpm());
    comes_uncleared(RpmSystem::Zypper, 0, past_everything);
}

/// The file that a customer was given by hand.
fn past_everything(vendor: &Vendor, site: &Site) {
    by_rpm(vendor, site, "3.26.0", &[]);
}

fn by_rpm(vendor: &Vendor, site: &Site, version: &'static str, options: &[&str]) {
    let dist = vendor.project(Product::canopsis(version)).unwrap().join("dist");
    let file = format!("canopsis-{version}-1.noarch.rpm");
    let there = format!("/root/{file}");
    site.host.copy_in(dist.join(file), &there);
    site.host.rpm(&[&["--upgrade"], options, &[&there]].concat()).expect_ok();
}

fn comes_uncleared(system: RpmSystem, in_the_end: i32, upgrade: impl Fn(&Vendor, &Site)) {
    let vendor = Vendor::new("acme").unwrap().with_rpms();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let site = Site::open("uncleared", system, &vendor, CANOPSIS).unwrap();
    site.host.manager(&["install", "canopsis"]).expect_ok();
    site.wait_status(0);
    let client = site.client();

    vendor.release(Product::canopsis("3.26.0")).unwrap();
    upgrade(&vendor, &site);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    let halted = site.wait_status(4);
    assert!(halted.stdout.contains("consignee notes acme/canopsis"), "{halted}");
    site.assert_canopsis_stopped();
    assert_eq!(site.init_calls().len(), 1, "{:?}", site.init_calls());

    site.host.exec(&["consignee", "ack", CANOPSIS, "--all", "--yes"]).expect_code(4);
    site.consignee(&["retry", CANOPSIS]);
    site.wait_status(in_the_end);
    assert_eq!(site.init_calls().len(), 2, "{:?}", site.init_calls());
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();
}

#[test]
fn the_trigger_of_the_agent_or_posttrans_finishes_what_rpm_4_18_has_installed() {
    lab!(Lab::has_rpm());
    one_of_two_is_enough(RpmSystem::Dnf4Bookworm);
}

#[test]
fn the_trigger_of_the_agent_or_posttrans_finishes_what_rpm_4_20_has_installed() {
    lab!(Lab::has_rpm());
    one_of_two_is_enough(RpmSystem::Dnf4Trixie);
}

#[test]
fn the_trigger_of_the_agent_or_posttrans_finishes_what_rpm_6_has_installed() {
    lab!(Lab::has_rpm());
    one_of_two_is_enough(RpmSystem::Dnf5);
}

/// What else tells the agent of packages: the other scripts of a module.
const OTHERS: [&str; 3] = ["--nopre", "--nopreun", "--nopostun"];

fn one_of_two_is_enough(system: RpmSystem) {
    let vendor = Vendor::new("acme").unwrap().with_rpms_only();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let site = Site::open("told", system, &vendor, CANOPSIS).unwrap();
    site.install(&["canopsis"]).expect_ok();
    site.wait_status(0);
    let client = site.client();
    let clear = |version| {
        vendor.release(Product::canopsis(version)).unwrap();
        site.refresh().expect_ok();
        site.consignee(&["ack", CANOPSIS, "--all", "--yes"]);
    };
    let told_by = |version, options: &[&str]| {
        // Nobody looks by himself.
        site.host.shell("systemctl stop consignee-reconcile.timer consignee.service");
        by_rpm(&vendor, &site, version, &[&OTHERS[..], options].concat());
    };

    clear("3.26.0");
    told_by("3.26.0", &["--noposttrans", "--notriggers"]);
    assert_eq!(site.host.shell("systemctl is-active consignee.service || :"), "inactive", "something else tells it");
    assert_eq!(site.init_calls().len(), 1, "{:?}", site.init_calls());
    // Whoever leaves %posttrans out has rpm leave this trigger out as well. So it is a package with no script
    // whose file sets it off.
    let bringer = TinyRpm::new("bringer", "1").file("/usr/share/consignee/plans/bringer.txt", "no plan\n");
    let folder = tempfile::tempdir().unwrap();
    site.host.copy_in(bringer.build(folder.path()).unwrap(), "/root/bringer.rpm");
    site.host.rpm(&["--install", "/root/bringer.rpm"]).expect_ok();
    finished(&site, 2);

    clear("3.26.1");
    told_by("3.26.1", &["--notriggers"]);
    finished(&site, 3);
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();
}

/// So many finishes since the beginning.
#[track_caller]
fn finished(site: &Site, finishes: usize) {
    let soon = Duration::from_secs(60);
    site.host.wait_until("a finish", soon, || (site.init_calls().len() >= finishes).then_some(()));
    site.wait_status(0);
    assert_eq!(site.init_calls().len(), finishes, "{:?}", site.init_calls());
}

const TIMER: &str = "consignee-reconcile.timer";
/// The shipped timer, in seconds instead of minutes; not so few that systemd takes its starts for a loop.
const SOON_AND_OFTEN: &str = "[Timer]\nOnBootSec=\nOnActiveSec=1s\nOnUnitInactiveSec=3s\nAccuracySec=100ms\n";

#[test]
fn an_upgrade_that_nothing_announces_on_dnf_4_is_found_by_the_timer_and_finished_once() {
    lab!(Lab::has_rpm());
    unannounced(RpmSystem::Dnf4Trixie, "--noplugins");
}

#[test]
fn an_upgrade_that_nothing_announces_on_dnf_5_is_found_by_the_timer_and_finished_once() {
    lab!(Lab::has_rpm());
    unannounced(RpmSystem::Dnf5, "--no-plugins");
}

/// A front end that loads no plugin; and without scripts nothing at all tells the agent.
fn unannounced(system: RpmSystem, no_plugins: &str) {
    let vendor = Vendor::new("acme").unwrap().with_rpms_only();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let site = Site::open("unannounced", system, &vendor, CANOPSIS).unwrap();
    site.install(&["canopsis"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.shell(&format!("systemctl is-enabled {TIMER}")), "enabled");
    let shipped = site.host.shell(&format!("systemctl show -P TimersMonotonic {TIMER}"));
    assert!(shipped.contains("OnUnitInactiveUSec=15min") && shipped.contains("OnBootUSec=3min"), "{shipped}");
    let client = site.client();
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    site.refresh().expect_ok();
    site.consignee(&["ack", CANOPSIS, "--all", "--yes"]);

    without_a_word(&site, |site| {
        site.host.dnf(&[no_plugins, "--setopt=tsflags=noscripts", "upgrade"]).expect_ok();
    });
    finished(&site, 2);
    turns_of_the_timer(&site, 3);
    finished(&site, 2);
    assert_eq!(site.announced().len(), 2, "the first install and the upgrade");
    assert_eq!(site.host.shell("ls /var/lib/consignee/acme/canopsis/journal").lines().count(), 2);
    assert_eq!(site.engine("web"), "active");
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();
}

#[test]
fn what_comes_uncleared_and_unannounced_is_found_by_the_timer_and_waits_with_its_engines_stopped() {
    lab!(Lab::has_rpm());
    comes_uncleared(RpmSystem::Zypper, 0, |vendor, site| {
        without_a_word(site, |site| by_rpm(vendor, site, "3.26.0", &["--noscripts"]));
        site.host.wait_until("the engines stopped", Duration::from_secs(60), || {
            (site.engine("main") == "inactive").then_some(())
        });
        turns_of_the_timer(site, 2);
        assert_eq!(site.init_calls().len(), 1, "{:?}", site.init_calls());
    });
}

/// Packages change, and the agent's socket hears nothing of it. Then the timer comes round.
#[track_caller]
fn without_a_word(site: &Site, change: impl Fn(&Site)) {
    site.host.shell(&format!("systemctl stop {TIMER} consignee.service"));
    change(site);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    assert_eq!(site.host.shell("systemctl is-active consignee.service || :"), "inactive", "something tells it");
    assert_eq!(["main", "worker", "web"].map(|name| site.engine(name)), ["active"; 3]);
    site.host.write(&format!("/etc/systemd/system/{TIMER}.d/soon.conf"), SOON_AND_OFTEN, 0o644);
    site.host.shell(&format!("systemctl daemon-reload; systemctl start {TIMER}"));
}

/// The timer comes round so many times more.
#[track_caller]
fn turns_of_the_timer(site: &Site, turns: usize) {
    let last = || site.host.shell(&format!("systemctl show -P LastTriggerUSecMonotonic {TIMER}"));
    for _ in 0..turns {
        let seen = last();
        site.host.wait_until("the timer", Duration::from_secs(60), || (last() != seen).then_some(()));
    }
}
