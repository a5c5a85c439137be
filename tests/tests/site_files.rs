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
    let client = site.client();
    assert!(site.host.read(HOLD).contains("3.26.0-1"));
    // It opens with the next minute but one at the latest, and closes a minute later.
    let window = |from: u32| {
        let at = |n: u32| site.host.shell(&format!("date -d 'now + 10 seconds + {n} minutes' +%H:%M"));
        format!("[window]\nallowed = [\"{}-{}\"]\n", at(from), at(from + 1))
    };
    site.host.write(POLICY, window(1), 0o644);
    site.host.apt_get(&["update"]).expect_ok();
    assert!(!site.host.read(HOLD).contains("3.26.0-1"), "the window is closed");
    let status = site.host.exec(&["consignee", "status", CANOPSIS]).expect_code(3).text();
    assert!(status.contains("the next one opens on"), "{status}");
    let soon = Duration::from_secs(90);
    site.host.wait_until("the window opens", soon, || site.host.read(HOLD).contains("3.26.0-1").then_some(()));
    site.host.wait_until("the window closes", soon, || (!site.host.read(HOLD).contains("3.26.0-1")).then_some(()));
    assert_eq!(site.host.failed_units(), [""; 0]);
    site.nothing_was_lost(client);
}

#[test]
fn a_window_that_is_no_window_holds_and_names_the_line() {
    lab!();
    let (_vendor, site) = cleared("no-window", Release::Trixie, "");
    let client = site.client();
    site.host.write(POLICY, "language = \"en\"\n[window]\nallowed = [\"Samedi 22:00-04:00\"]\n", 0o644);
    let looked = site.host.apt_get(&["update"]).expect_ok().text();
    let said = "policy.toml, line 3, column 12: \"Samedi\" is no day; days are Mon, Tue, Wed, Thu, Fri, Sat, Sun";
    assert!(looked.contains(said), "{looked}");
    let refused = site.host.apt_get(&["install", "canopsis=3.26.0-1"]).expect_code(100);
    assert!(refused.text().contains(said), "{refused}");
    site.host.write(POLICY, "language = \"en\"\n[windows]\n", 0o644);
    let status = site.host.apt_get(&["update"]).expect_ok().text();
    assert!(status.contains("line 2, column 2: unknown field `windows`, expected one of"), "{status}");
    site.nothing_was_lost(client);
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
    // No client: who would take its records is one of those.
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

/// Takes what is posted, a line each, with its headers.
const RECEIVER: &str = r#"
import http.server
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with open("/srv/posted", "a") as out:
            out.write("%s %s %s\n" % (self.path, self.headers["Authorization"], body))
        self.send_response(204)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", 8099), Receiver).serve_forever()
"#;

const TELL: &str = r#"[tell]
program = ["/usr/local/bin/tell", "all of them"]
web_hook_file = "/etc/consign/hook"
"#;

#[test]
fn a_program_and_a_web_hook_hear_of_the_outage_and_hold_nothing_up() {
    lab!();
    let (vendor, site) = Site::with_canopsis("told", Release::Bookworm, "3.25.0");
    let host = &site.host;
    host.write("/srv/receiver.py", RECEIVER, 0o644);
    host.ok(&["systemd-run", "--quiet", "--unit=receiver", "python3", "/srv/receiver.py"]);
    // It says who it is and what it heard, and then it hangs.
    let tell = "#!/bin/sh\n(id -un; echo \"$1\"; cat) >>/srv/heard\nexec sleep 600\n";
    host.write("/usr/local/bin/tell", tell, 0o755);
    host.write("/srv/heard", "", 0o666);
    host.write("/srv/posted", "", 0o644);
    host.write("/etc/consign/hook", "http://127.0.0.1:8099/s3cret\nAuthorization: Bearer t0ken\n", 0o600);
    host.write(POLICY, TELL, 0o644);
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    site.clear_canopsis();
    let client = site.client();
    host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    site.nothing_was_lost(client);
    let over = || Some(host.read("/srv/posted")).filter(|posted| posted.contains("outage-over"));
    let posted = host.wait_until("the all-clear", UPGRADE, over);
    let [begins, over] = posted.lines().collect::<Vec<_>>()[..] else { panic!("{posted}") };
    for (line, what) in [(begins, "\"event\":\"outage-begins\""), (over, "\"outcome\":\"completed\"")] {
        assert!(line.starts_with("/s3cret Bearer t0ken {") && line.contains(what), "{posted}");
    }
    assert!(begins.contains("\"estimate_seconds\":null"), "nobody can know yet: {begins}");
    let heard = host.read("/srv/heard");
    assert!(heard.starts_with("nobody\nall of them\n{\"format\":1,\"event\":\"outage-begins\""), "{heard}");
    let journal = || host.shell("journalctl --no-pager -u consignee.service");
    let ended =
        || journal().contains("could not be told: cannot wait for /usr/local/bin/tell all of them").then_some(());
    host.wait_until("the program is ended", Duration::from_secs(60), ended);
    assert!(!journal().contains("s3cret") && !journal().contains("t0ken"));

    // What cannot be used tells nobody, and harms nothing. The next outage is announced by the last one's.
    host.ok(&["chmod", "644", "/etc/consign/hook"]);
    host.write("/etc/consign/acme/canopsis.toml", "[tell]\nprogram = [\"/nowhere\"]\n", 0o644);
    vendor.release(Product::canopsis("3.26.1")).unwrap();
    site.clear_canopsis();
    let plan = site.consignee(&["plan", CANOPSIS]).text();
    assert!(plan.contains("outage: about"), "{plan}");
    host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    let said = ["cannot start /nowhere", "others than root may read or write it (mode 0644)"];
    host.wait_until("both faults are in the journal", UPGRADE, || {
        said.iter().all(|s| journal().contains(s)).then_some(())
    });
    assert_eq!(host.read("/srv/posted").lines().count(), 2);
}
