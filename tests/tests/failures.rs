//! What goes wrong on a host: each failure with its message, and the proof that nothing was lost.

use std::time::Duration;

use consign_lab::{
    AgentPackage, Archive, Chroot, Product, RecordClient, Release, Site, Terminal, TinyPackage, Vendor, lab,
};

const PRODUCT: &str = "acme/canopsis";
const RECORDS: &str = "http://127.0.0.1:8082/records";
const SOON: Duration = Duration::from_secs(30);
const FINISH: Duration = Duration::from_secs(120);

/// A host with 3.25.0 running, 3.26.0 published and cleared.
fn cleared(name: &str) -> (Vendor, Site) {
    let (vendor, site) = installed(name);
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    site.host.apt_get(&["update"]).expect_ok();
    site.consignee(&["ack", PRODUCT, "--all", "--yes"]);
    (vendor, site)
}

/// A host with 3.25.0 running.
fn installed(name: &str) -> (Vendor, Site) {
    let vendor = Vendor::new("acme").unwrap();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let site = Site::open(name, Release::Bookworm, &vendor, PRODUCT).unwrap();
    site.host.apt_get(&["install", "canopsis"]).expect_ok();
    site.wait_status(0);
    (vendor, site)
}

fn client(site: &Site) -> RecordClient {
    let client = RecordClient::post(&site.host, RECORDS);
    client.wait_acknowledged(SOON).unwrap();
    client
}

/// The client works again, nothing acknowledged is lost, no outage was unannounced.
fn nothing_was_lost(site: &Site, client: RecordClient) {
    client.wait_acknowledged(SOON).unwrap();
    client.stop().assert_kept(&site.canopsis_records(), &site.announced());
}

fn engine(site: &Site, name: &str) -> String {
    site.host.exec(&["systemctl", "is-active", &format!("canopsis-engine@{name}.service")]).stdout.trim().to_owned()
}

/// What a bad day looks like to the init step: `fail` or `hang`, in both cases half migrated.
fn trouble(site: &Site, word: &str) {
    site.host.write("/var/lib/canopsis/trouble", word, 0o644);
}

fn trouble_is_over(site: &Site) {
    site.host.ok(&["rm", "/var/lib/canopsis/trouble"]);
}

fn init_hangs(site: &Site) {
    let hangs = || site.host.read("/var/lib/canopsis/init.log").contains("hanging").then_some(());
    site.host.wait_until("the init step hangs", FINISH, hangs);
}

#[test]
fn a_refusal_unpacks_nothing_and_the_same_command_then_upgrades_the_rest() {
    lab!();
    let (vendor, site) = installed("refused");
    let archive = Archive::new("beside").unwrap();
    archive.add(&[TinyPackage::new("beside", "1")]).unwrap();
    archive.give_to(&site.host);
    site.host.apt_get(&["update"]).expect_ok();
    site.host.apt_get(&["install", "beside"]).expect_ok();
    let client = client(&site);
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    archive.add(&[TinyPackage::new("beside", "2")]).unwrap();
    archive.give_to(&site.host);
    site.host.apt_get(&["update"]).expect_ok();

    let refused = site.host.apt_get(&["install", "canopsis=3.26.0-1", "beside"]).expect_code(100);
    let text = refused.text();
    let reason = text.find("consignee ack acme/canopsis").unwrap_or_else(|| panic!("what to type is missing: {refused}"));
    assert!(reason < text.find("E: ").unwrap_or(usize::MAX), "{refused}");
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    assert_eq!(site.host.installed("beside").as_deref(), Some("1"));

    site.host.apt_get(&["upgrade"]).expect_ok();
    assert_eq!(site.host.installed("beside").as_deref(), Some("2"));
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    nothing_was_lost(&site, client);
    site.host.assert_packages_sound();
}

#[test]
fn a_transaction_that_would_remove_a_held_product_is_refused() {
    lab!();
    let (vendor, site) = installed("removal");
    let client = client(&site);
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    let archive = Archive::new("library").unwrap();
    archive.add(&[TinyPackage::new("library", "2").field("Breaks", "canopsis (<< 3.26)")]).unwrap();
    archive.give_to(&site.host);
    site.host.apt_get(&["update"]).expect_ok();
    let refused = site.host.apt_get(&["install", "library"]).expect_code(100);
    assert!(refused.text().contains("remove"), "{refused}");
    assert!(site.host.installed("canopsis").is_some());
    assert_eq!(site.host.installed("library"), None);
    nothing_was_lost(&site, client);
}

#[test]
fn when_dpkg_dies_before_it_changed_anything_the_old_engines_run_again() {
    lab!();
    let (_vendor, site) = cleared("nothing-changed");
    let client = client(&site);
    // dpkg refuses to start: apt has passed the barrier by then.
    site.host.write("/etc/dpkg/dpkg.cfg.d/broken", "no-such-option\n", 0o644);
    site.host.apt_get(&["upgrade"]).expect_code(100);
    site.wait_status(0);
    site.host.ok(&["rm", "/etc/dpkg/dpkg.cfg.d/broken"]);
    assert_eq!(engine(&site, "web"), "active");
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    assert!(!site.host.exists("/var/lib/consignee/acme/canopsis/unfinished"));
    let history = site.consignee(&["history", PRODUCT]).text();
    assert!(history.to_lowercase().contains("cancelled"), "{history}");
    // The next night it simply works.
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    nothing_was_lost(&site, client);
}

#[test]
fn a_failing_init_step_halts_with_engines_stopped_and_retry_continues() {
    lab!();
    let (_vendor, site) = cleared("init-fails");
    let client = client(&site);
    trouble(&site, "fail");
    site.host.apt_get(&["upgrade"]).expect_ok();
    let status = site.wait_status(4).text();
    for said in ["init", "trouble at schema 1", "stopped", "consignee retry acme/canopsis"] {
        assert!(status.contains(said), "{said:?} is missing in {status}");
    }
    assert_eq!(engine(&site, "main"), "inactive");
    // Nothing and nobody starts an engine on a database that is not migrated.
    site.host.exec(&["systemctl", "start", "canopsis-engine@web.service"]);
    assert_eq!(engine(&site, "web"), "inactive");
    trouble_is_over(&site);
    site.consignee(&["retry", PRODUCT]);
    site.wait_status(0);
    nothing_was_lost(&site, client);
}

#[test]
fn an_init_step_that_is_killed_halts_and_says_by_which_signal() {
    lab!();
    let (_vendor, site) = cleared("init-killed");
    trouble(&site, "hang");
    site.host.apt_get(&["upgrade"]).expect_ok();
    init_hangs(&site);
    site.host.ok(&["pkill", "-KILL", "-u", "canopsis", "-f", "canopsinit"]);
    let status = site.wait_status(4).text();
    assert!(status.contains("SIGKILL") || status.contains("signal 9"), "{status}");
    trouble_is_over(&site);
    site.consignee(&["retry", PRODUCT]);
    site.wait_status(0);
}

#[test]
fn a_terminal_that_hangs_up_in_the_middle_stops_nothing() {
    lab!();
    let (_vendor, site) = cleared("hang-up");
    let client = client(&site);
    trouble(&site, "hang");
    let mut terminal = Terminal::run(&site.host, &["apt-get", "-y", "upgrade"]).unwrap();
    terminal.wait_for("init", FINISH);
    init_hangs(&site);
    terminal.hang_up();
    trouble_is_over(&site);
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    nothing_was_lost(&site, client);
}

#[test]
fn the_terminal_that_ran_apt_shows_every_step() {
    lab!();
    let (_vendor, site) = cleared("terminal");
    let mut terminal = Terminal::run(&site.host, &["apt-get", "-y", "upgrade"]).unwrap();
    assert_eq!(terminal.wait(FINISH), 0);
    let screen = terminal.screen();
    for step in ["stop", "init", "daemon-reload", "start", "health"] {
        assert!(screen.contains(step), "{step} is missing on\n{screen}");
    }
    site.wait_status(0);
}

#[test]
fn after_a_reboot_in_the_middle_no_engine_starts_before_the_step_is_done() {
    lab!();
    let (vendor, mut site) = cleared("reboot");
    trouble(&site, "hang");
    site.host.apt_get(&["upgrade"]).expect_ok();
    init_hangs(&site);
    site.host.cut();
    site.host.boot_again().unwrap();
    site.serve_again(&vendor).unwrap();
    // Interrupted, and the plan does not say that it may simply run again: a person is asked.
    let status = site.wait_status(3).text();
    assert!(status.contains("consignee answer acme/canopsis"), "{status}");
    for name in ["main", "worker", "web"] {
        assert_eq!(engine(&site, name), "inactive");
    }
    trouble_is_over(&site);
    site.consignee(&["answer", PRODUCT, "rerun"]);
    site.wait_status(0);
    assert_eq!(engine(&site, "web"), "active");
}

#[test]
fn the_agent_upgraded_in_the_same_run_finishes_what_the_old_one_prepared() {
    lab!();
    let (vendor, site) = installed("agent-too");
    let project = vendor.project(Product::canopsis("3.26.0")).unwrap();
    let packages = vendor.build(&project).unwrap();
    vendor.publish_with(&project, &packages, &AgentPackage::version("0.1.1-1").unwrap()).unwrap();
    site.host.apt_get(&["update"]).expect_ok();
    site.consignee(&["ack", PRODUCT, "--all", "--yes"]);
    let client = client(&site);
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.installed("consignee").as_deref(), Some("0.1.1-1"));
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    nothing_was_lost(&site, client);
}

#[test]
fn without_the_agent_other_packages_install_as_ever() {
    lab!();
    let (_vendor, site) = installed("agent-removed");
    let archive = Archive::new("beside").unwrap();
    archive.add(&[TinyPackage::new("hello-lab", "1")]).unwrap();
    archive.give_to(&site.host);
    site.host.apt_get(&["remove", "consignee"]).expect_ok();
    assert!(!site.host.exists("/etc/apt/preferences.d/00consignee"), "the hold outlived the agent");
    site.host.apt_get(&["update"]).expect_ok();
    site.host.apt_get(&["install", "hello-lab"]).expect_ok();
    site.host.apt_get(&["purge", "consignee"]).expect_ok();
    site.host.apt_get(&["remove", "hello-lab"]).expect_ok();
}

#[test]
fn a_first_install_inside_a_chroot_is_finished_at_the_first_boot() {
    lab!();
    let vendor = Vendor::new("acme").unwrap();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let chroot = Chroot::create("image", Release::Bookworm).unwrap();
    chroot.tree().copy_in(&vendor.repository(), "/srv/repository").unwrap();
    chroot.tree().copy_in(&vendor.release_package(), "/root/vendor-release.deb").unwrap();
    let apt = |arguments: &[&str]| {
        let command = [&["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y"], arguments].concat();
        chroot.ok(&command)
    };
    apt(&["install", "/root/vendor-release.deb"]);
    chroot.ok(&["sed", "-i", "s,^URIs:.*,URIs: file:/srv/repository,", "/etc/apt/sources.list.d/acme-stable.sources"]);
    apt(&["update"]);
    apt(&["install", "canopsis"]);
    let host = chroot.boot().unwrap();
    host.wait_until("the first boot finished", FINISH, || {
        (host.exec(&["consignee", "status", PRODUCT]).code == 0).then_some(())
    });
    assert_eq!(host.shell("systemctl is-active canopsis-engine@web.service"), "active");
    assert_eq!(host.shell("grep -c started /var/lib/canopsis/init.log"), "1");
}
