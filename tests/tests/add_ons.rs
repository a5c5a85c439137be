//! An add-on of another vendor: canopsis of Acme, and the SNMP traps of Globex that join its upgrades.

use std::time::Duration;

use consign_lab::{CANOPSIS, Product, Release, Server, Site, Vendor, lab};
use serde_json::Value;

const SNMP: &str = "globex/snmp";
const PORT: u16 = 8083;
const SITE_FILE: &str = "/etc/consign/acme/canopsis.toml";

/// Both on one host, canopsis at 3.25.0.
struct Both {
    acme: Vendor,
    globex: Vendor,
    site: Site,
    _server: Server,
}

/// Whether Acme's plans name the add-on.
#[derive(Clone, Copy, PartialEq)]
enum Named {
    Yes,
    No,
}

impl Both {
    fn installed(name: &str, release: Release, add_on: &'static str) -> Both {
        let (acme, site) = Site::with_canopsis(name, release, "3.25.0");
        let globex = Vendor::new("globex").unwrap();
        globex.release(Product::snmp(add_on)).unwrap();
        let server = site.add_vendor(&globex, PORT).unwrap();
        site.host.apt_get(&["install", "globex-snmp"]).expect_ok();
        site.wait_status_of(SNMP, 0);
        Both { acme, globex, site, _server: server }
    }

    /// The fingerprint by which Acme or the site knows Globex, as it stands in the anchor on the host.
    fn primary(&self) -> String {
        let anchor = self.site.host.read("/usr/share/consignee/vendors/globex/anchor.json");
        let anchor: Value = serde_json::from_str(&anchor).unwrap();
        anchor["primary"].as_str().unwrap().to_owned()
    }

    fn publish_canopsis(&self, version: &'static str, named: Named) {
        let points = "engines = [\"canopsis-engine@main";
        let with_points = format!("add_on_points = [\"before-start\", \"after-start\"]\n{points}");
        let health = "[[health]]";
        let add_on = format!("[[add_on]]\nproduct = \"{SNMP}\"\nprimary = \"{}\"\n\n{health}", self.primary());
        let edits = match named {
            Named::Yes => vec![(health, add_on.as_str())],
            Named::No => vec![(points, with_points.as_str())],
        };
        self.acme.release_edited(Product::canopsis(version), &edits).unwrap();
    }

    /// Acknowledges all that is asked for, though something else still holds.
    fn acknowledge(&self) {
        self.site.host.apt_get(&["update"]).expect_ok();
        self.site.host.exec(&["consignee", "ack", CANOPSIS, "--all", "--yes"]).expect_code(3);
    }

    /// What the add-on's steps saw, one by one.
    fn seen(&self) -> Vec<String> {
        let log = self.site.host.read("/var/lib/globex-snmp/seen.log");
        let line = |line: &str| {
            let seen: Value = serde_json::from_str(line).unwrap();
            let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            let arguments: Vec<String> = seen["arguments"].as_array().unwrap().iter().map(word).collect();
            let (step, version, running) = (word(&seen["step"]), word(&seen["version"]), word(&seen["running"]));
            assert_eq!(seen["user"], "snmp");
            format!("{step} {} by {version}, canopsis {running}", arguments.join(" "))
        };
        log.lines().map(line).collect()
    }

    fn offered(&self) -> String {
        self.site.host.apt_get(&["update"]).expect_ok().text()
    }

    /// One run that upgrades whatever is cleared, to the end of canopsis.
    fn upgrade(&self, canopsis: &str, snmp: &str) {
        self.site.host.apt_get(&["upgrade"]).expect_ok();
        self.site.wait_status(0);
        self.is_at(canopsis, snmp);
    }

    fn is_at(&self, canopsis: &str, snmp: &str) {
        let version = |package: &str| self.site.host.installed(package);
        assert_eq!(version("canopsis").as_deref(), Some(canopsis));
        assert_eq!(version("globex-snmp").as_deref(), Some(snmp));
    }
}

const FIRST: &str = "own  1.1.0 by 1.1.0, canopsis 3.25.0";

#[test]
fn an_add_on_that_the_vendor_names_is_migrated_in_the_upgrade_of_its_base() {
    lab!();
    let both = Both::installed("add-on", Release::Trixie, "1.1.0");
    let site = &both.site;
    site.host.write("/etc/consign/globex/snmp.toml", "[options]\ntraps = \"critical\"\n", 0o644);
    both.publish_canopsis("3.26.0", Named::Yes);
    site.clear_canopsis();
    let client = site.client();
    let plan = site.consignee(&["plan", CANOPSIS]).text();
    assert!(plan.contains("globex/snmp:migrate") && plan.contains("3.25.0 3.26.0 critical"), "{plan}");
    both.upgrade("3.26.0-1", "1.1.0-1");
    let seen = [
        FIRST,
        "migrate 3.25.0 3.26.0 critical by 1.1.0, canopsis -",
        "register 3.25.0 3.26.0 by 1.1.0, canopsis 3.26.0",
    ];
    assert_eq!(both.seen(), seen);
    site.nothing_was_lost(client);
    let history = site.consignee(&["history", CANOPSIS, "--upgrade", "2"]).text();
    assert!(history.contains("globex/snmp:migrate"), "{history}");
    assert_eq!(site.host.shell("ls /var/lib/consignee/acme/canopsis/journal/0002 | grep -c globex.snmp"), "3");
    assert_eq!(
        site.host.shell("ls /var/lib/consignee/globex/snmp/journal | wc -l"),
        "1",
        "its own list was not walked"
    );
}

#[test]
fn an_add_on_that_only_the_site_allows_holds_until_it_does() {
    lab!();
    let both = Both::installed("add-on-site", Release::Bookworm, "1.1.0");
    let site = &both.site;
    both.publish_canopsis("3.26.0", Named::No);
    both.acknowledge();
    let client = site.client();
    let offered = both.offered();
    assert!(offered.contains("neither the vendor nor this site allows") && offered.contains(SNMP), "{offered}");
    assert!(offered.contains(SITE_FILE) && offered.contains(&both.primary()), "{offered}");
    site.host.apt_get(&["upgrade"]).expect_ok();
    both.is_at("3.25.0-1", "1.1.0-1");
    assert!(site.wait_status(3).text().contains("globex/snmp 1.1.0 would join"));
    site.host.apt_get(&["install", "canopsis=3.26.0-1"]).expect_code(100);
    assert_eq!(site.engine("web"), "active");

    let allowed = format!("[[add_on]]\nproduct = \"{SNMP}\"\nprimary = \"{}\"\n", both.primary());
    site.host.write(SITE_FILE, allowed, 0o644);
    both.offered();
    both.upgrade("3.26.0-1", "1.1.0-1");
    assert_eq!(both.seen().len(), 3);
    site.nothing_was_lost(client);
}

#[test]
fn an_add_on_that_the_site_ignores_is_left_as_it_is() {
    lab!();
    let both = Both::installed("add-on-ignored", Release::Bookworm, "1.0.0");
    let site = &both.site;
    site.host.write(SITE_FILE, format!("[[add_on]]\nproduct = \"{SNMP}\"\nignore = true\n"), 0o644);
    both.publish_canopsis("3.26.0", Named::Yes);
    site.clear_canopsis();
    let client = site.client();
    both.upgrade("3.26.0-1", "1.0.0-1");
    assert_eq!(both.seen(), ["own  1.0.0 by 1.0.0, canopsis 3.25.0"]);
    site.nothing_was_lost(client);
}

#[test]
fn a_version_that_the_add_on_does_not_know_waits_for_it_and_both_go_in_one_run() {
    lab!();
    let both = Both::installed("add-on-waits", Release::Trixie, "1.0.0");
    let site = &both.site;
    both.publish_canopsis("3.26.0", Named::Yes);
    both.acknowledge();
    let client = site.client();
    let offered = both.offered();
    assert!(offered.contains("globex/snmp 1.0.0 works with >=3.25.0, <3.26.0 of this product only"), "{offered}");
    site.host.apt_get(&["upgrade"]).expect_ok();
    both.is_at("3.25.0-1", "1.0.0-1");
    let refused = site.host.apt_get(&["install", "canopsis=3.26.0-1"]).expect_code(100).text();
    assert!(refused.contains("works with >=3.25.0, <3.26.0 of this product only"), "{refused}");
    assert_eq!(site.engine("web"), "active");

    both.globex.release(Product::snmp("2.0.0")).unwrap();
    let offered = both.offered();
    assert!(!offered.contains("held back"), "{offered}");
    // One without the other is refused, in either direction.
    let alone = site.host.apt_get(&["install", "globex-snmp"]).expect_code(100).text();
    assert!(alone.contains("acme/canopsis is or goes to 3.25.0"), "{alone}");
    site.host.apt_get(&["install", "canopsis"]).expect_code(100);
    both.is_at("3.25.0-1", "1.0.0-1");

    both.offered();
    both.upgrade("3.26.0-1", "2.0.0-1");
    site.wait_status_of(SNMP, 0);
    let seen = [
        "own  1.0.0 by 1.0.0, canopsis 3.25.0",
        "own 1.0.0 2.0.0 by 2.0.0, canopsis -",
        "migrate 3.25.0 3.26.0 all by 2.0.0, canopsis -",
        "register 3.25.0 3.26.0 by 2.0.0, canopsis 3.26.0",
    ];
    assert_eq!(both.seen(), seen);
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();
}

#[test]
fn an_add_on_that_is_offered_and_does_not_fit_is_left_where_it_is() {
    lab!();
    let both = Both::installed("add-on-left", Release::Bookworm, "1.1.0");
    let site = &both.site;
    both.publish_canopsis("3.26.0", Named::Yes);
    // The one that is there knows 3.26.0; the newer one does not.
    both.globex.release(Product::snmp("1.1.5")).unwrap();
    site.clear_canopsis();
    let client = site.client();
    let offered = both.offered();
    assert!(offered.contains("acme/canopsis is or goes to 3.26.0"), "{offered}");
    both.upgrade("3.26.0-1", "1.1.0-1");
    assert_eq!(both.seen().len(), 3);
    site.nothing_was_lost(client);
}

#[test]
fn a_base_waits_while_the_add_on_that_fits_is_itself_held() {
    lab!();
    let both = Both::installed("add-on-held", Release::Trixie, "1.0.0");
    let site = &both.site;
    both.publish_canopsis("3.26.0", Named::Yes);
    let own_effect = "[[side_effect]]\nid = \"traps\"\nsummary.en = \"Traps are lost.\"\n\n[joins]";
    both.globex.release_edited(Product::snmp("2.0.0"), &[("[joins]", own_effect)]).unwrap();
    both.acknowledge();
    let client = site.client();
    // Neither goes, and nothing is refused on the way of everything else.
    site.host.apt_get(&["upgrade"]).expect_ok();
    both.is_at("3.25.0-1", "1.0.0-1");
    site.consignee(&["ack", SNMP, "--all", "--yes"]);
    both.upgrade("3.26.0-1", "2.0.0-1");
    site.wait_status_of(SNMP, 0);
    site.nothing_was_lost(client);
}

#[test]
fn a_step_of_the_add_on_that_fails_halts_with_its_name_and_retry_continues() {
    lab!();
    let both = Both::installed("add-on-fails", Release::Bookworm, "1.1.0");
    let site = &both.site;
    both.publish_canopsis("3.26.0", Named::Yes);
    site.clear_canopsis();
    let client = site.client();
    let trouble = "/var/lib/globex-snmp/trouble";
    site.host.write(trouble, "migrate\n", 0o644);
    site.host.apt_get(&["upgrade"]).expect_ok();
    let status = site.wait_status(4).text();
    for said in ["globex/snmp:migrate", "the traps cannot be migrated", "consignee retry acme/canopsis"] {
        assert!(status.contains(said), "{said:?} is missing in {status}");
    }
    site.assert_canopsis_stopped();
    site.host.ok(&["rm", trouble]);
    // At once: what the agent still looks at is waited for.
    site.host.ok(&["consignee", "retry", CANOPSIS]);
    site.wait_status(0);
    let seen = both.seen();
    let steps: Vec<&str> = seen.iter().map(|seen| seen.split(' ').next().unwrap()).collect();
    assert_eq!(steps, ["own", "migrate", "migrate", "register"]);
    assert_eq!(site.init_calls().len(), 2, "what came before it is not run again");
    client.wait_acknowledged(Duration::from_secs(30)).unwrap();
    site.nothing_was_lost(client);
}
