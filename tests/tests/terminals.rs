//! The terminal on which somebody typed `apt-get upgrade`.

use std::time::Duration;

use consign_lab::{CANOPSIS, Product, Release, Site, Terminal, lab};

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
