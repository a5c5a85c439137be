//! The terminal on which somebody typed `apt-get upgrade`.

use std::time::Duration;

use consign_lab::{Archive, Product, Release, Site, Terminal, TinyPackage, lab};

const FINISH: Duration = Duration::from_secs(120);

#[test]
fn a_terminal_that_hangs_up_in_the_middle_stops_nothing() {
    lab!();
    let (_vendor, site) = Site::with_canopsis_cleared("hang-up", Release::Bookworm);
    let client = site.client();
    site.trouble("hang");
    let mut terminal = Terminal::run(&site.host, &["apt-get", "-y", "upgrade"]).unwrap();
    terminal.wait_for("init", FINISH);
    site.wait_init_hangs();
    terminal.hang_up();
    site.trouble_is_over();
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    site.nothing_was_lost(client);
}

#[test]
fn the_terminal_that_ran_apt_shows_every_step() {
    lab!();
    let (_vendor, site) = Site::with_canopsis_cleared("terminal", Release::Bookworm);
    let client = site.client();
    let screen = upgraded(&site);
    shows_the_finish(&screen);
    site.nothing_was_lost(client);
}

/// Configured after the product, and not before its finish is over; the test waits no longer than that. It wakes the
/// agent, as a module of the product would: dpkg notes that the one before is configured when its own script, which did
/// the same, is over.
const SLOW: &str = "#!/bin/sh\nfor turn in $(seq 1200); do\n\
    /usr/lib/consignee/consignee-hook wake\n    consignee status acme/canopsis >/dev/null && exit 0\n    sleep 0.1\ndone\nexit 1\n";

#[test]
fn a_finish_that_was_over_before_the_run_is_shown_at_its_end() {
    lab!();
    let (vendor, site) = Site::with_canopsis("quick", Release::Bookworm, "3.25.0");
    let archive = Archive::new("beside").unwrap();
    archive.add(&[TinyPackage::new("beside", "1")]).unwrap();
    archive.give_to(&site.host);
    site.host.apt_get(&["update"]).expect_ok();
    site.host.apt_get(&["install", "beside"]).expect_ok();
    vendor.release_edited(Product::canopsis("3.26.0"), &[("stable = \"2s\"", "stable = \"1s\"")]).unwrap();
    let slow = TinyPackage::new("beside", "2").field("Depends", "canopsis (>= 3.26)").script("postinst", SLOW);
    archive.add(&[slow]).unwrap();
    archive.give_to(&site.host);
    site.clear_canopsis();
    let client = site.client();
    shows_the_finish(&upgraded(&site));
    site.nothing_was_lost(client);
    // Another run has nothing to do with it.
    let mut terminal = Terminal::run(&site.host, &["apt-get", "-y", "install", "--reinstall", "beside"]).unwrap();
    assert_eq!(terminal.wait(FINISH), 0);
    assert!(!terminal.screen().contains("init: done"), "{}", terminal.screen());
}

/// Runs the upgrade on a terminal to its end, and gives what was on the screen.
fn upgraded(site: &Site) -> String {
    let mut terminal = Terminal::run(&site.host, &["apt-get", "-y", "upgrade"]).unwrap();
    assert_eq!(terminal.wait(FINISH), 0);
    site.wait_status(0);
    terminal.screen()
}

#[track_caller]
fn shows_the_finish(screen: &str) {
    for step in ["stop: done", "init: done", "daemon-reload: done", "start: done", "health: done", "finished"] {
        assert_eq!(screen.matches(step).count(), 1, "{step:?} on\n{screen}");
    }
}
