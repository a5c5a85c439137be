//! The init step on a bad day: it halts, the engines stay stopped, and `retry` goes on from there.

use consign_lab::{CANOPSIS, Product, Release, Site, lab};

#[test]
fn a_failing_init_step_halts_and_retry_continues_on_debian_12() {
    lab!();
    failing(Release::Bookworm);
}

#[test]
fn a_failing_init_step_halts_and_retry_continues_on_debian_13() {
    lab!();
    failing(Release::Trixie);
}

fn failing(release: Release) {
    let (_vendor, site) = Site::with_canopsis_cleared("init-fails", release);
    let client = site.client();
    site.trouble("fail");
    site.host.apt_get(&["upgrade"]).expect_ok();
    halted(&site, &["trouble at schema 1"]);
    goes_on(&site);
    assert_eq!(site.init_calls().len(), 3, "one install, one failure, one retry");
    site.nothing_was_lost(client);
}

#[test]
fn an_init_step_that_is_killed_halts_and_says_by_which_signal() {
    lab!();
    let (_vendor, site) = Site::with_canopsis_cleared("init-killed", Release::Bookworm);
    let client = site.client();
    site.trouble("hang");
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_init_hangs();
    site.host.ok(&["pkill", "-KILL", "-u", "canopsis", "-f", "canopsinit"]);
    halted(&site, &["signal 9"]);
    goes_on(&site);
    site.nothing_was_lost(client);
}

#[test]
fn an_init_step_that_takes_too_long_is_ended_with_all_it_started() {
    lab!();
    let (vendor, site) = Site::with_canopsis("init-late", Release::Bookworm, "3.25.0");
    vendor.release_edited(Product::canopsis("3.26.0"), &[("timeout = \"5m\"", "timeout = \"5s\"")]).unwrap();
    site.clear_canopsis();
    let client = site.client();
    site.trouble("hang");
    site.host.apt_get(&["upgrade"]).expect_ok();
    halted(&site, &["longer than the 5 s it was given"]);
    goes_on(&site);
    site.nothing_was_lost(client);
}

/// What failed, what state the host is in, what to type; and nothing of the product runs.
#[track_caller]
fn halted(site: &Site, why: &[&str]) {
    let status = site.wait_status(4).text();
    for said in [why, &["init", "stopped", "consignee retry acme/canopsis"]].concat() {
        assert!(status.contains(said), "{said:?} is missing in {status}");
    }
    // Nothing and nobody starts an engine on a database that is not migrated.
    site.assert_canopsis_stopped();
}

#[track_caller]
fn goes_on(site: &Site) {
    site.trouble_is_over();
    site.consignee(&["retry", CANOPSIS]);
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    assert_eq!(site.engine("web"), "active");
}
