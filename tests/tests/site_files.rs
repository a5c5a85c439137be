//! An administrator's files: when a product may stop, who has to be there, what stays stopped.

use std::time::Duration;

use consign_lab::{Archive, CANOPSIS, Outcome, Product, Release, Site, Terminal, TinyPackage, Vendor, lab};

const POLICY: &str = "/etc/consign/policy.toml";
const HOLD: &str = "/etc/apt/preferences.d/00consignee";
const BLACKLIST: &str = "/etc/apt/apt.conf.d/52consignee";
const UPGRADE: Duration = Duration::from_secs(240);

/// 3.26.0, a minor change, is cleared under these rules; a neighbour has a new version, too.
fn cleared(name: &str, release: Release, rules: &str) -> (Vendor, Site) {
    let (vendor, site) = Site::with_canopsis(name, release, "3.25.0");
    let archive = Archive::new("beside").unwrap();
    archive.add(&[TinyPackage::new("beside", "1")]).unwrap();
    archive.give_to(&site.host);
    site.host.apt_get(&["update"]).expect_ok();
    site.host.apt_get(&["install", "beside"]).expect_ok();
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    archive.add(&[TinyPackage::new("beside", "2")]).unwrap();
    archive.give_to(&site.host);
    site.host.write(POLICY, rules, 0o644);
    site.host.apt_get(&["update"]).expect_ok();
    // 3: it may be held back by the rules all the same.
    let ack = site.host.exec(&["consignee", "--language", "en", "ack", CANOPSIS, "--all", "--yes"]);
    assert!([0, 3].contains(&ack.code), "{ack}");
    (vendor, site)
}

/// As a job of cron: a session without a terminal, whatever this test was started from.
fn with_nobody(site: &Site, command: &[&str]) -> Outcome {
    let prefix = ["setsid", "--wait", "env", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"];
    site.host.exec(&[&prefix, command].concat())
}

fn at_a_terminal(site: &Site, command: &[&str]) -> (i32, String) {
    let mut terminal = Terminal::run(&site.host, command).unwrap();
    (terminal.wait(UPGRADE), terminal.screen())
}

#[test]
fn on_debian_12_what_nobody_may_install_alone_is_left_alone_and_the_rest_is_upgraded() {
    lab!();
    attended(Release::Bookworm);
}

#[test]
fn on_debian_13_what_nobody_may_install_alone_is_left_alone_and_the_rest_is_upgraded() {
    lab!();
    attended(Release::Trixie);
}

fn attended(release: Release) {
    let (_vendor, site) = cleared("attended", release, "[unattended]\nclasses = [\"patch\"]\n");
    let client = site.client();
    site.host.write("/etc/apt/apt.conf.d/52all", "Unattended-Upgrade::Origins-Pattern { \"site=*\"; };\n", 0o644);
    let status = site.consignee(&["status", CANOPSIS]).text();
    assert!(status.contains("at a terminal only"), "{status}");

    with_nobody(&site, &["unattended-upgrade", "--verbose"]).expect_ok();
    assert_eq!(site.host.installed("beside").as_deref(), Some("2"));
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));

    // The second line: apt itself, with nobody there.
    let refused = with_nobody(&site, &["apt-get", "-y", "upgrade"]).expect_code(100);
    assert!(refused.text().contains("nobody is at a terminal"), "{refused}");
    assert!(refused.text().contains("consignee now acme/canopsis"), "{refused}");
    assert_eq!(site.engine("web"), "active");

    let (code, screen) = at_a_terminal(&site, &["apt-get", "-y", "upgrade"]);
    assert_eq!(code, 0, "{screen}");
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    site.nothing_was_lost(client);
    // Nothing of it outlives the rule or the agent.
    assert!(site.host.exists(BLACKLIST));
    site.host.apt_get(&["remove", "consignee"]).expect_ok();
    assert!(!site.host.exists(BLACKLIST));
}

#[test]
fn a_release_that_a_person_allowed_is_installed_with_nobody_there() {
    lab!();
    let (_vendor, site) =
        cleared("now", Release::Trixie, "[unattended]\nclasses = []\n[window]\nallowed = [\"Mon 00:00-24:00\"]\n");
    let client = site.client();
    // Not on a Monday: the product's own file has another window, which closes for the next two days.
    let day = site.host.shell("date -d 'now + 3 days' +%a");
    site.host.write("/etc/consign/acme/canopsis.toml", format!("[window]\nallowed = [\"{day} 10:00-11:00\"]\n"), 0o644);
    let looked = site.host.apt_get(&["update"]).expect_ok().text();
    assert!(looked.contains("outside the site's maintenance windows"), "{looked}");
    site.host.apt_get(&["upgrade"]).expect_ok();
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    let (code, screen) = at_a_terminal(&site, &["apt-get", "-y", "install", "canopsis=3.26.0-1"]);
    assert!(code == 100 && screen.contains("the next one opens on"), "{code} {screen}");

    site.consignee(&["now", CANOPSIS]);
    with_nobody(&site, &["apt-get", "-y", "upgrade"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    site.nothing_was_lost(client);
}

#[test]
fn the_hold_opens_and_closes_when_the_window_does() {
    lab!();
    let (_vendor, site) = cleared("window", Release::Bookworm, "");
    assert!(site.host.read(HOLD).contains("3.26.0-1"));
    // It opens with the next minute but one at the latest, and closes a minute later.
    let window = |from: u32| {
        let at = |n: u32| site.host.shell(&format!("date -d 'now + 10 seconds + {n} minutes' +%H:%M"));
        format!("[window]\nallowed = [\"{}-{}\"]\n", at(from), at(from + 1))
    };
    site.host.write(POLICY, window(1), 0o644);
    site.host.apt_get(&["update"]).expect_ok();
    assert!(!site.host.read(HOLD).contains("3.26.0-1"), "the window is closed");
    let status = site.consignee(&["status", CANOPSIS]).text();
    assert!(status.contains("the next one opens on"), "{status}");
    let soon = Duration::from_secs(90);
    site.host.wait_until("the window opens", soon, || site.host.read(HOLD).contains("3.26.0-1").then_some(()));
    site.host.wait_until("the window closes", soon, || (!site.host.read(HOLD).contains("3.26.0-1")).then_some(()));
    assert_eq!(site.host.failed_units(), [""; 0]);
}

#[test]
fn a_window_that_is_no_window_holds_and_names_the_line() {
    lab!();
    let (_vendor, site) = cleared("no-window", Release::Trixie, "");
    site.host.write(POLICY, "language = \"en\"\n[window]\nallowed = [\"Samedi 22:00-04:00\"]\n", 0o644);
    let looked = site.host.apt_get(&["update"]).expect_ok().text();
    let said = "policy.toml, line 3, column 12: \"Samedi\" is no day; days are Mon, Tue, Wed, Thu, Fri, Sat, Sun";
    assert!(looked.contains(said), "{looked}");
    let refused = site.host.apt_get(&["install", "canopsis=3.26.0-1"]).expect_code(100);
    assert!(refused.text().contains(said), "{refused}");
    site.host.write(POLICY, "language = \"en\"\n[windows]\n", 0o644);
    let status = site.host.apt_get(&["update"]).expect_ok().text();
    assert!(status.contains("line 2, column 2: unknown field `windows`, expected one of"), "{status}");
}

#[test]
fn engines_that_were_stopped_on_purpose_stay_stopped() {
    lab!();
    let health = "[[health]]\nhttp = \"http://127.0.0.1:8082/health\"\nwithin = \"60s\"\nstable = \"2s\"\n";
    let vendor = Vendor::new("acme").unwrap();
    vendor.release_edited(Product::canopsis("3.25.0"), &[(health, "")]).unwrap();
    let site = Site::open("stopped", Release::Trixie, &vendor, CANOPSIS).unwrap();
    site.host.apt_get(&["install", "canopsis"]).expect_ok();
    site.wait_status(0);
    let unit = |name: &str| format!("canopsis-engine@{name}.service");
    site.host.ok(&["systemctl", "disable", "--now", &unit("worker")]);
    site.host.ok(&["systemctl", "mask", "--now", &unit("web")]);
    vendor.release_edited(Product::canopsis("3.26.0"), &[(health, "")]).unwrap();
    site.clear_canopsis();
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    let state = |name: &str| {
        let enabled = site.host.exec(&["systemctl", "is-enabled", &unit(name)]).stdout.trim().to_owned();
        format!("{} {enabled}", site.engine(name))
    };
    assert_eq!(["main", "worker", "web"].map(state), ["active enabled", "inactive disabled", "inactive masked"]);
}
