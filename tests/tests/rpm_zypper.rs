//! A product on a host with zypper, from the vendor's repository to the finish.
//!
//! zypper asks no plugin before it changes packages: what nobody has cleared is locked, and what comes all the
//! same is stopped and judged by the scripts of its packages.

use std::time::Duration;

use consign_lab::{CANOPSIS, Lab, Product, RpmSystem, Server, Site, Terminal, TinyRpm, Vendor, YumRepository, lab};

const LOCKS: &str = "/etc/zypp/locks";
const KEPT_BACK: &str = "/var/lib/consignee/acme/canopsis/kept-back.json";
const PORT: u16 = 8097;
const SOON: Duration = Duration::from_secs(120);

/// A host with 3.25.0 of the product, and its vendor.
fn installed(name: &str) -> (Vendor, Site) {
    let vendor = Vendor::new("acme").unwrap().with_rpms();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let site = Site::open(name, RpmSystem::Zypper, &vendor, CANOPSIS).unwrap();
    site.host.zypper(&["install", "canopsis"]).expect_ok();
    site.wait_status(0);
    (vendor, site)
}

/// A release comes out, the host reads the lists anew, and the agent has looked at them.
fn released(vendor: &Vendor, site: &Site, product: Product) -> String {
    vendor.release(product).unwrap();
    site.refresh().expect_ok();
    site.host.wait_until("the look, for which zypper does not wait", SOON, || {
        let said = site.host.exec(&["consignee", "status", "--language", "en", CANOPSIS]).stdout;
        said.contains("consignee notes acme/canopsis").then_some(said)
    })
}

#[test]
fn zypper_update_finishes_what_was_acknowledged_once() {
    lab!(Lab::has_rpm());
    let (vendor, site) = installed("zypper");
    assert!(site.host.installed("consignee").is_some());
    assert_eq!(site.init_calls().len(), 1, "{:?}", site.init_calls());
    for engine in ["main", "worker", "web"] {
        assert_eq!(site.engine(engine), "active", "{engine}");
    }
    assert!(site.host.read(LOCKS).contains("version: > 3.25.0-1\n"), "held from the first day on");
    let client = site.client();

    let offered = released(&vendor, &site, Product::canopsis("3.26.0"));
    assert!(offered.contains("3.26.0"), "{offered}");
    let patches = site.host.zypper(&["list-patches", "--all"]).expect_ok();
    assert!(patches.text().contains("acme:canopsis-3.26.0"), "the release is an advisory: {patches}");
    site.wait_status(3);
    let held = site.host.zypper(&["update"]).expect_ok();
    assert!(held.text().contains("canopsis"), "zypper says what it keeps back: {held}");
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));

    site.consignee(&["ack", CANOPSIS, "--all", "--yes"]);
    let done = site.host.zypper(&["update"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"), "{done}");
    assert_eq!(site.init_calls().len(), 2, "{:?}", site.init_calls());
    let journals = site.host.shell("ls /var/lib/consignee/acme/canopsis/journal");
    assert_eq!(journals.lines().count(), 2, "one for the installation, one for the upgrade: {journals}");
    assert_eq!(site.announced().len(), 2, "the first install and the upgrade");
    assert!(site.host.read(LOCKS).contains("version: > 3.26.0-1\n"), "what comes next is held again");
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();
}

/// A repository of the site's own beside the vendor's.
fn neighbours(site: &Site, packages: &[TinyRpm]) -> (YumRepository, Server) {
    let repository = YumRepository::of(packages).unwrap();
    let server = Server::start(&site.host, &repository.path(), PORT).unwrap();
    site.host.add_yum_repository("site", &server.url(), &repository.certificate().unwrap());
    (repository, server)
}

#[test]
fn a_lock_stands_in_the_way_of_nothing_else_and_goes_with_the_agent() {
    lab!(Lab::has_rpm());
    let (vendor, site) = installed("zypper-locks");
    let greeting = |version| TinyRpm::new("greeting", version);
    let _served = neighbours(&site, &[greeting("1.0"), greeting("2.0"), TinyRpm::new("kept", "1.0")]);
    site.host.zypper(&["install", "greeting-1.0"]).expect_ok();
    released(&vendor, &site, Product::canopsis("3.26.0"));
    // Others write this file, too, and in an order of their own.
    site.host.zypper(&["addlock", "kept"]).expect_ok();

    let by_name = site.host.zypper(&["install", "canopsis-3.26.0"]).expect_code(4);
    assert!(by_name.text().contains("remove lock"), "{by_name}");
    site.host.zypper(&["update"]).expect_ok();
    assert_eq!(site.host.installed("greeting").as_deref(), Some("2.0-1"));
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    site.consignee(&["ack", CANOPSIS, "--all", "--yes"]);
    let locks = site.host.read(LOCKS);
    assert!(locks.contains("solvable_name: kept\n") && locks.contains("version: > 3.26.0-1\n"), "{locks}");
    assert!(!site.host.exists(KEPT_BACK), "{}", site.host.read(KEPT_BACK));

    // What the administrator locks is said before anybody waits for it, also while zypper waits for an answer.
    site.host.zypper(&["addlock", "canopsis"]).expect_ok();
    site.host.shell("sleep 600 >/dev/null 2>&1 </dev/null & echo $! >/run/zypp.pid");
    site.host.ok(&["/usr/lib/consignee/consignee-hook", "look"]);
    let kept_back = site.host.read(KEPT_BACK);
    assert!(kept_back.contains("\"never\"") && kept_back.contains("lock"), "{kept_back}");
    site.host.shell("kill $(cat /run/zypp.pid); : >/run/zypp.pid");
    // Ours may go by that name, too; the next look writes it again.
    site.host.zypper(&["removelock", "canopsis"]).expect_ok();
    site.host.ok(&["/usr/lib/consignee/consignee-hook", "look"]);
    assert!(site.host.read(LOCKS).contains("version: > 3.26.0-1\n") && !site.host.exists(KEPT_BACK));

    // Where the product goes with it, its lock is gone before; here the agent is taken from under it.
    site.host.rpm(&["--erase", "--nodeps", "consignee"]).expect_ok();
    let locks = site.host.read(LOCKS);
    assert!(locks.contains("solvable_name: kept\n") && !locks.contains("canopsis"), "{locks}");
    let after = site.host.zypper(&["install", "kept"]);
    assert_eq!(after.code, 4, "the administrator's lock counts as before: {after}");
    site.host.zypper(&["remove", "canopsis"]).expect_ok();
    site.host.assert_packages_sound();
}

#[test]
fn on_a_terminal_the_look_is_shown_and_the_finish_is_followed() {
    lab!(Lab::has_rpm());
    let (vendor, site) = installed("zypper-terminal");
    let client = site.client();
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    site.host.shell("find /var/cache/zypp/raw -name mirrorlist.txt -delete");
    let shell = Terminal::run(&site.host, &["env", "LC_ALL=C.UTF-8", "bash", "--norc", "-i"]).unwrap();
    shell.type_text("zypper refresh\n").unwrap();
    shell.wait_for("3.26.0 is offered and held back", SOON);
    site.consignee(&["ack", CANOPSIS, "--all", "--yes"]);
    shell.type_text("zypper --non-interactive update; echo it is $((40 + 2))\n").unwrap();
    let screen = shell.wait_for("it is 42", SOON);
    assert!(screen.contains("3.26.0") && screen.contains("finished"), "{screen}");
    site.wait_status(0);
    site.nothing_was_lost(client);
}

const MODULES: [&str; 3] = ["canopsis", "canopsis-connectors", "canopsis-reports"];

/// The same in three packages.
fn in_three(name: &str) -> (Vendor, Site) {
    let vendor = Vendor::new("acme").unwrap().with_rpms();
    vendor.release(Product::canopsis("3.25.0").in_three_packages()).unwrap();
    let site = Site::open(name, RpmSystem::Zypper, &vendor, CANOPSIS).unwrap();
    site.host.zypper(&[&["install"], &MODULES[..]].concat()).expect_ok();
    site.wait_status(0);
    (vendor, site)
}

#[test]
fn a_product_of_three_packages_stops_before_the_first_and_is_finished_after_the_last() {
    lab!(Lab::has_rpm());
    let (vendor, site) = in_three("zypper-three");
    let client = site.client();
    released(&vendor, &site, Product::canopsis("3.26.0").in_three_packages());
    site.consignee(&["ack", CANOPSIS, "--all", "--yes"]);
    site.host.zypper(&["update"]).expect_ok();
    site.wait_status(0);
    for package in MODULES {
        assert_eq!(site.host.installed(package).as_deref(), Some("3.26.0-1"), "{package}");
    }
    assert_eq!(site.init_calls().len(), 2, "{:?}", site.init_calls());
    let packages: Vec<_> = site.journal().into_iter().filter(|record| record["event"] == "packages").collect();
    assert_eq!(packages.len(), 1, "looked at once, when all were there: {packages:?}");
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();
}

#[test]
fn what_a_cut_has_left_out_is_brought_by_retry() {
    lab!(Lab::has_rpm());
    let (vendor, site) = in_three("zypper-cut");
    let client = site.client();
    released(&vendor, &site, Product::canopsis("3.26.0").in_three_packages());
    site.consignee(&["ack", CANOPSIS, "--all", "--yes"]);
    let dist = vendor.project(Product::canopsis("3.26.0").in_three_packages()).unwrap().join("dist");
    site.host.copy_in(dist.join("canopsis-reports-3.26.0-1.noarch.rpm"), "/root/reports.rpm");
    site.host.rpm(&["--upgrade", "--nodeps", "/root/reports.rpm"]).expect_ok();
    let halted = site.wait_status(4);
    assert!(halted.stdout.contains("zypper install --force canopsis=3.26.0-1"), "{halted}");
    site.assert_canopsis_stopped();
    site.consignee(&["retry", CANOPSIS]);
    site.wait_status(0);
    for package in MODULES {
        assert_eq!(site.host.installed(package).as_deref(), Some("3.26.0-1"), "{package}");
    }
    assert_eq!(site.init_calls().len(), 2, "{:?}", site.init_calls());
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();
}

#[test]
fn forced_resolution_removes_a_held_product_and_its_engines_are_stopped() {
    lab!(Lab::has_rpm());
    let (vendor, site) = installed("zypper-force");
    released(&vendor, &site, Product::canopsis("3.26.0"));
    let _served = neighbours(&site, &[TinyRpm::new("newer", "1.0").field("Conflicts", "canopsis < 3.26.0")]);
    site.host.zypper(&["install", "newer"]).expect_code(4);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    // Typed on purpose: nothing of zypper's asks anybody before it removes.
    site.host.zypper(&["install", "--force-resolution", "newer"]).expect_ok();
    assert_eq!(site.host.installed("canopsis"), None);
    site.assert_canopsis_stopped();
    site.host.wait_until("the lock is gone with the product", SOON, || {
        (!site.host.exec(&["cat", LOCKS]).stdout.contains("canopsis")).then_some(())
    });
    site.host.assert_packages_sound();
}
