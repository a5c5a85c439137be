//! An upgrade that is cut off: by dpkg, by a power cut, by the end of the agent.

use std::time::Duration;

use consign_lab::{Archive, CANOPSIS, Product, Release, Site, TinyPackage, lab};

#[test]
fn when_dpkg_dies_before_it_changed_anything_the_old_engines_run_again() {
    lab!();
    let (_vendor, site) = Site::with_canopsis_cleared("nothing-changed", Release::Bookworm);
    let client = site.client();
    // dpkg refuses to start: apt has passed the barrier by then.
    site.host.write("/etc/dpkg/dpkg.cfg.d/broken", "no-such-option\n", 0o644);
    site.host.apt_get(&["upgrade"]).expect_code(100);
    site.wait_status(0);
    site.host.ok(&["rm", "/etc/dpkg/dpkg.cfg.d/broken"]);
    assert_eq!(site.engine("web"), "active");
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    assert!(!site.host.exists("/var/lib/consignee/acme/canopsis/unfinished"));
    let history = site.consignee(&["history", CANOPSIS]).text();
    assert!(history.to_lowercase().contains("cancelled"), "{history}");
    // The next night it simply works.
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    site.nothing_was_lost(client);
}

/// A package that cannot be configured until somebody has mended the host.
fn needs_mending(version: &str) -> TinyPackage {
    TinyPackage::new("beside", version).script("postinst", "#!/bin/sh\ntest -e /srv/mended\n")
}

/// The host has version 1 of the package beside the product, and finds version 2 that fails.
fn with_a_failing_neighbour(site: &Site) {
    let archive = Archive::new("beside").unwrap();
    archive.add(&[TinyPackage::new("beside", "1")]).unwrap();
    archive.give_to(&site.host);
    site.host.apt_get(&["update"]).expect_ok();
    site.host.apt_get(&["install", "beside"]).expect_ok();
    archive.add(&[needs_mending("2")]).unwrap();
    archive.give_to(&site.host);
}

fn mended(site: &Site) {
    site.host.write("/srv/mended", "", 0o644);
    site.host.ok(&["dpkg", "--configure", "-a"]);
}

#[test]
fn a_script_of_another_package_that_fails_in_the_same_run_leaves_one_finish() {
    lab!();
    let (vendor, site) = Site::with_canopsis("neighbour", Release::Bookworm, "3.25.0");
    with_a_failing_neighbour(&site);
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    site.clear_canopsis();
    let client = site.client();
    site.host.apt_get(&["upgrade"]).expect_code(100);
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    assert_eq!(site.host.installed("beside"), None);
    mended(&site);
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    one_finish(&site);
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();
}

#[test]
fn a_product_that_dpkg_left_unconfigured_is_finished_when_it_is_whole() {
    lab!();
    let (vendor, site) = Site::with_canopsis("half-way", Release::Bookworm, "3.25.0");
    with_a_failing_neighbour(&site);
    let needs = ("depends.deb = [\"python3\"]", "depends.deb = [\"python3\", \"beside (>= 2)\"]");
    vendor.release_edited(Product::canopsis("3.26.0"), &[needs]).unwrap();
    site.clear_canopsis();
    let client = site.client();
    site.host.apt_get(&["upgrade"]).expect_code(100);
    let status = site.wait_status(4).text();
    assert!(status.contains("some packages changed and others not"), "{status}");
    site.assert_canopsis_stopped();
    assert_eq!(site.init_calls().len(), 1, "it ran on packages that were not whole");
    mended(&site);
    site.wait_status(0);
    one_finish(&site);
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();
}

/// One for the install, one for the upgrade.
#[track_caller]
fn one_finish(site: &Site) {
    assert_eq!(site.init_calls().len(), 2, "{:?}", site.init_calls());
    assert_eq!(site.announced().len(), 2, "{:?}", site.announced());
}

#[test]
fn after_a_power_cut_on_debian_12_no_engine_starts_before_the_step_is_done() {
    lab!();
    cut(Release::Bookworm);
}

#[test]
fn after_a_power_cut_on_debian_13_no_engine_starts_before_the_step_is_done() {
    lab!();
    cut(Release::Trixie);
}

fn cut(release: Release) {
    let (vendor, mut site) = Site::with_canopsis_cleared("cut", release);
    let client = site.client();
    site.trouble("hang");
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_init_hangs();
    site.host.cut();
    site.host.boot_again().unwrap();
    site.serve_again(&vendor).unwrap();
    asked(&site);
    site.nothing_was_lost(client);
}

#[test]
fn an_agent_that_is_killed_asks_before_it_runs_the_step_again() {
    lab!();
    let (_vendor, site) = Site::with_canopsis_cleared("agent-killed", Release::Bookworm);
    let client = site.client();
    site.trouble("hang");
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_init_hangs();
    site.host.ok(&["systemctl", "kill", "--signal=KILL", "consignee.service"]);
    asked(&site);
    site.nothing_was_lost(client);
}

/// Interrupted, and the plan does not say that the step may simply run again: a person is asked. The
/// answer finishes the upgrade.
fn asked(site: &Site) {
    let status = site.wait_status(3).text();
    assert!(status.contains("consignee answer acme/canopsis"), "{status}");
    site.assert_canopsis_stopped();
    assert!(site.events().iter().any(|event| event == "interrupted"), "{:?}", site.events());
    assert_eq!(site.init_calls().len(), 2, "it ran again unasked");
    site.trouble_is_over();
    site.consignee(&["answer", CANOPSIS, "rerun"]);
    site.wait_status(0);
    assert_eq!(site.engine("web"), "active");
}

/// A service beside the product, which has a file open as its standard input from the moment that it is started.
fn opens(site: &Site, unit: &str, file: &str) {
    let input = format!("--property=StandardInput=file:{file}");
    site.host.ok(&["systemd-run", "--unit", unit, "--property=Type=exec", &input, "sleep", "infinity"]);
}

#[test]
fn a_step_that_is_cut_off_again_and_again_halts_and_names_who_has_the_files_of_the_product_open() {
    lab!();
    let (vendor, site) = Site::with_canopsis("loop", Release::Bookworm, "3.25.0");
    let again = ("login_shell = true", "login_shell = true\non_interrupt = \"rerun\"");
    let backup = ("[[health]]", "[backup]\npaths = [\"/var/lib/canopsis\"]\n\n[[health]]");
    vendor.release_edited(Product::canopsis("3.26.0"), &[again, backup]).unwrap();
    site.clear_canopsis();
    let client = site.client();
    site.trouble("hang");
    site.host.apt_get(&["upgrade"]).expect_ok();
    for attempt in 1..=3 {
        let is_at_it = || (site.init_calls().len() > attempt).then_some(());
        site.host.wait_until("the init step is tried again", Duration::from_secs(60), is_at_it);
        if attempt == 3 {
            opens(&site, "report", "/opt/canopsis/bin/canopsis-engine");
            opens(&site, "indexer", "/var/lib/canopsis/canopsis.db");
        }
        site.host.ok(&["systemctl", "kill", "--signal=KILL", "consignee.service"]);
    }
    let status = site.wait_status(4).text();
    let said = ["was tried 3 times without an end; in its way were: ", "systemctl stop report.service"];
    let named = [("report", "/opt/canopsis/bin/canopsis-engine"), ("indexer", "/var/lib/canopsis/canopsis.db")];
    let named = named.map(|(unit, file)| {
        let pid = site.host.shell(&format!("systemctl show -P MainPID {unit}"));
        format!("{file} by sleep ({pid}, {unit}.service)")
    });
    for words in said.into_iter().chain(named.iter().map(String::as_str)) {
        assert!(status.contains(words), "{words:?} is missing in {status}");
    }
    site.assert_canopsis_stopped();
    let record = site.journal().into_iter().rfind(|record| record["event"] == "loop-detected").unwrap();
    assert_eq!(record["holders"].as_array().unwrap().len(), 2, "{record}");
    let french = site.host.exec(&["consignee", "--language", "fr", "why", CANOPSIS]).text();
    assert!(french.contains("tentée 3 fois sans aboutir ; sur son chemin : "), "{french}");

    site.host.ok(&["systemctl", "stop", "report", "indexer"]);
    site.trouble_is_over();
    site.consignee(&["retry", CANOPSIS]);
    site.wait_status(0);
    site.nothing_was_lost(client);
}
