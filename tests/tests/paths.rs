//! `consignee upgrade`: a product goes to a version over its stops, prepared outside of the package manager, and
//! goes on by itself after whatever comes in between.

use std::time::Duration;

use consign_lab::{Archive, CANOPSIS, Lab, Outcome, Product, Release, RpmSystem, Site, TinyPackage, Vendor, lab};

const SOON: Duration = Duration::from_secs(60);
const SUPPORTED: &str = "supported_from = \"3.25.0\"\n";
const STOP: &str = "supported_from = \"3.25.0\"\nrequired_stops = [\"3.26.0\"]\n";
const JOURNEY: &str = "/var/lib/consignee/acme/canopsis/journey.json";

/// 3.26.0 is published, and 3.26.1, which wants it to be gone through.
fn publish_both(vendor: &Vendor) {
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    vendor.release_edited(Product::canopsis("3.26.1"), &[(SUPPORTED, STOP)]).unwrap();
}

/// The whole way was gone, and each stop finished once.
#[track_caller]
fn arrived(site: &Site, inits: usize) {
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.1-1"));
    assert_eq!(site.init_calls().len(), inits, "{:?}", site.init_calls());
    assert_eq!(site.announced().len(), inits, "{:?}", site.announced());
    assert!(!site.host.exists(JOURNEY));
    site.host.assert_packages_sound();
}

#[test]
fn a_stop_is_never_jumped_over_and_the_agent_walks_the_whole_way() {
    lab!();
    let (vendor, site) = Site::with_canopsis("way", Release::Trixie, "3.25.0");
    publish_both(&vendor);
    let client = site.client();
    let looked = site.host.apt_get(&["update"]).expect_ok();
    let look = site.host.exec(&["consignee", "--language", "en", "status", CANOPSIS]).expect_code(3).text();
    for said in ["3.26.0", "consignee upgrade acme/canopsis"] {
        assert!(look.contains(said), "{said:?} is missing in {look}\n{looked}");
    }
    // Neither by name nor with everything else.
    let jump = site.host.apt_get(&["install", "canopsis=3.26.1-1"]).expect_code(100).text();
    assert!(jump.contains("may not be jumped over") && jump.contains("3.26.0"), "{jump}");
    site.host.apt_get(&["upgrade"]).expect_ok();
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));

    let plan = ["upgrade", CANOPSIS, "--plan"];
    let french = site.host.exec(&[&["consignee", "--language", "fr"], &plan[..]].concat()).expect_code(3).text();
    assert!(french.contains("2. 3.26.0 vers 3.26.1") && french.contains("n'est pas acquittée"), "{french}");
    let json = site.host.exec(&[&["consignee"], &plan[..], &["--json"]].concat()).expect_code(3).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["hops"][1]["from"], &json["hops"][1]["to"]), (&"3.26.0".into(), &"3.26.1".into()));
    // Nobody is there who could say yes.
    site.host.exec(&["consignee", "upgrade", CANOPSIS]).expect_code(1);

    let walked = site.consignee(&["upgrade", CANOPSIS, "--yes"]);
    assert!(walked.text().contains("canopsis 3.26.1"), "{walked}");
    arrived(&site, 3);
    site.nothing_was_lost(client);
    let nothing = site.consignee(&["upgrade", CANOPSIS, "--yes"]).text();
    assert!(nothing.contains("nothing newer is offered"), "{nothing}");
}

const TASK: &str = "\n[[task]]\nid = \"snapshot\"\nat = \"before\"\nsummary.en = \"Take a snapshot.\"\n\n[[step]]\n";

#[test]
fn a_way_goes_on_after_a_power_cut_and_when_what_was_asked_for_comes_a_day_later() {
    lab!();
    let (vendor, mut site) = Site::with_canopsis("way-later", Release::Trixie, "3.25.0");
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    let edits = [(SUPPORTED, STOP), ("\n[[step]]\n", TASK)];
    vendor.release_edited(Product::canopsis("3.26.1"), &edits).unwrap();
    site.host.apt_get(&["update"]).expect_ok();
    let client = site.client();
    let waits = site.host.exec(&["consignee", "--language", "en", "upgrade", CANOPSIS, "--yes"]).expect_code(3).text();
    assert!(waits.contains("Take a snapshot") && waits.contains("consignee done acme/canopsis snapshot"), "{waits}");
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    // The cut itself is an outage that nobody announces.
    site.nothing_was_lost(client);
    site.host.ok(&["systemctl", "enable", "canopsis.target"]);
    site.host.cut();
    site.host.boot_again().unwrap();
    site.serve_again(&vendor).unwrap();
    let status = site.wait_status(3).text();
    assert!(status.contains("on its way") && status.contains("stops left: 3.26.1"), "{status}");
    let french = site.host.exec(&["consignee", "--language", "fr", "status", CANOPSIS]).expect_code(3).text();
    assert!(french.contains("en route") && french.contains("étapes restantes : 3.26.1"), "{french}");
    assert_eq!(site.status()["products"][0]["journey"]["ahead"], serde_json::json!(["3.26.1"]));
    let client = site.client();
    site.host.exec(&["consignee", "done", CANOPSIS, "snapshot"]);
    site.host.wait_until("the way ends", SOON * 2, || (!site.host.exists(JOURNEY)).then_some(()));
    arrived(&site, 3);
    site.nothing_was_lost(client);
}

/// A step of the first stop that leaves work behind, and what the second stop says of it.
const LEAVES_WORK: &str = "\n[[step]]\nname = \"reindex\"\nrun = [\"/usr/bin/touch\", \"/var/lib/canopsis/reindexing\"]\n\
                           user = \"canopsis\"\n\n[[step]]\n";
const WORK_IS_DONE: &str = "[[prerequisite]]\nid = \"background-work\"\n\
                            command = [\"/usr/bin/test\", \"!\", \"-e\", \"/var/lib/canopsis/reindexing\"]\n\
                            otherwise.en = \"The reindexing that 3.26.0 has begun still runs: wait for its end.\"\n\
                            otherwise.fr = \"La réindexation lancée par la 3.26.0 tourne encore : attendre sa fin.\"\n\n\
                            [[health]]";

#[test]
fn a_way_stops_where_the_work_of_the_stop_before_still_runs_and_goes_on_when_it_has_ended() {
    lab!();
    let (vendor, site) = Site::with_canopsis("way-work", Release::Trixie, "3.25.0");
    vendor.release_edited(Product::canopsis("3.26.0"), &[("\n[[step]]\n", LEAVES_WORK)]).unwrap();
    let edits = [(SUPPORTED, STOP), ("[[health]]", WORK_IS_DONE)];
    vendor.release_edited(Product::canopsis("3.26.1"), &edits).unwrap();
    site.host.apt_get(&["update"]).expect_ok();
    let client = site.client();
    let upgrade = ["consignee", "--language", "en", "upgrade", CANOPSIS, "--yes"];
    let still_runs = "the prerequisite background-work does not hold: The reindexing that 3.26.0 has begun still runs";
    // It is at the second stop that it is found out, and however often it is tried.
    for _ in 0..2 {
        let waits = site.host.exec(&upgrade).expect_code(3).text();
        assert!(waits.contains(still_runs), "{waits}");
        assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
        assert_eq!(["main", "worker", "web"].map(|name| site.engine(name)), ["active"; 3]);
    }
    // The way is kept, whatever becomes of the agent and whoever wakes it.
    site.host.ok(&["systemctl", "stop", "consignee.service"]);
    site.host.ok(&["systemctl", "start", "consignee-reconcile.service"]);
    let status = site.wait_status(3).text();
    assert!(status.contains("stops left: 3.26.1") && status.contains(still_runs), "{status}");
    let french = site.host.exec(&["consignee", "--language", "fr", "why", CANOPSIS]).expect_code(3).text();
    assert!(french.contains("La réindexation lancée par la 3.26.0 tourne encore"), "{french}");
    let journey = &site.status()["products"][0]["journey"];
    assert_eq!(journey["ahead"], serde_json::json!(["3.26.1"]));
    assert_eq!(journey["waits"][0]["id"], "background-work", "{journey}");
    // Nor does the package manager go where the way does not.
    site.host.apt_get(&["upgrade"]).expect_ok();
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    assert_eq!(site.init_calls().len(), 2, "{:?}", site.init_calls());

    site.host.ok(&["rm", "/var/lib/canopsis/reindexing"]);
    let walked = site.consignee(&["upgrade", CANOPSIS, "--yes"]).text();
    assert!(walked.contains("canopsis 3.26.1"), "{walked}");
    arrived(&site, 3);
    site.nothing_was_lost(client);
}

/// A package that is configured when somebody says so.
fn waits_in_its_script() -> TinyPackage {
    let script = "#!/bin/sh\ntouch /srv/configures\nwhile [ ! -e /srv/go ]; do sleep 0.1; done\n";
    TinyPackage::new("beside", "2").script("postinst", script)
}

#[test]
fn a_long_preparation_is_the_agents_and_its_death_does_not_end_the_package_manager() {
    lab!();
    let (vendor, site) = Site::with_canopsis("way-killed", Release::Trixie, "3.25.0");
    let archive = Archive::new("beside").unwrap();
    archive.add(&[waits_in_its_script()]).unwrap();
    archive.give_to(&site.host);
    let long = format!("{SUPPORTED}preparation = \"10m\"\n");
    let needs = ("depends.deb = [\"python3\"]", "depends.deb = [\"python3\", \"beside (>= 2)\"]");
    vendor.release_edited(Product::canopsis("3.26.0"), &[(SUPPORTED, &long), needs]).unwrap();
    site.host.apt_get(&["update"]).expect_ok();
    site.host.exec(&["consignee", "ack", CANOPSIS, "--all", "--yes"]).expect_code(3);
    let client = site.client();

    // Held, with exit 0, and the reason says what to type.
    site.host.apt_get(&["full-upgrade"]).expect_ok();
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    let status = site.wait_status(3).text();
    assert!(status.contains("10 min") && status.contains("consignee upgrade acme/canopsis"), "{status}");
    let refused = site.host.apt_get(&["install", "canopsis=3.26.0-1"]).expect_code(100).text();
    assert!(refused.contains("consignee upgrade acme/canopsis"), "{refused}");

    site.host.exec(&["consignee", "upgrade", CANOPSIS, "--yes", "--no-wait"]).expect_code(5);
    site.host.wait_until("dpkg configures", SOON, || site.host.exists("/srv/configures").then_some(()));
    site.host.ok(&["systemctl", "kill", "--signal=KILL", "consignee.service"]);
    let unit = ["systemctl", "is-active", "consignee-transaction.service"];
    assert_eq!(site.host.exec(&unit).stdout.trim(), "activating", "it died with the agent");
    site.wait_status(5);
    site.assert_canopsis_stopped();
    site.host.write("/srv/go", "", 0o644);
    site.host.wait_until("the way ends", SOON, || (!site.host.exists(JOURNEY)).then_some(()));
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    assert_eq!(site.init_calls().len(), 2, "{:?}", site.init_calls());
    assert_eq!(site.announced().len(), 2, "{:?}", site.announced());
    let journals = site.host.shell("ls /var/lib/consignee/acme/canopsis/journal");
    assert_eq!(journals.lines().count(), 2, "one upgrade: {journals}");
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();
}

#[test]
fn a_package_manager_that_fails_leaves_the_old_engines_running_and_says_why() {
    lab!();
    let (_vendor, site) = Site::with_canopsis_cleared("way-fails", Release::Trixie);
    let client = site.client();
    // dpkg refuses to start: apt has passed the barrier by then.
    site.host.write("/etc/dpkg/dpkg.cfg.d/broken", "no-such-option\n", 0o644);
    let fails = site.host.exec(&["consignee", "--language", "en", "upgrade", CANOPSIS, "--yes"]).expect_code(3).text();
    assert!(fails.contains("came to nothing and was taken back"), "{fails}");
    assert_eq!(site.engine("web"), "active");
    site.host.ok(&["rm", "/etc/dpkg/dpkg.cfg.d/broken"]);
    site.consignee(&["upgrade", CANOPSIS, "--yes"]);
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    site.nothing_was_lost(client);
}

#[test]
fn dnf_4_goes_the_whole_way() {
    lab!(Lab::has_rpm());
    whole_way(RpmSystem::Dnf4Trixie);
}

#[test]
fn dnf_5_goes_the_whole_way() {
    lab!(Lab::has_rpm());
    whole_way(RpmSystem::Dnf5);
}

#[test]
fn zypper_goes_the_whole_way() {
    lab!(Lab::has_rpm());
    whole_way(RpmSystem::Zypper);
}

fn typed(site: &Site, words: &[String]) -> Outcome {
    site.host.exec(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

fn whole_way(system: RpmSystem) {
    let vendor = Vendor::new("acme").unwrap().with_rpms();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let site = Site::open("way", system, &vendor, CANOPSIS).unwrap();
    site.host.manager(&["install", "canopsis"]).expect_ok();
    site.wait_status(0);
    let client = site.client();
    publish_both(&vendor);
    typed(&site, &site.manager().refresh()).expect_ok();
    let jump = typed(&site, &site.manager().install_exactly("canopsis", "3.26.1-1").unwrap());
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"), "{jump}");
    site.consignee(&["upgrade", CANOPSIS, "--yes"]);
    arrived(&site, 3);
    site.nothing_was_lost(client);
}
