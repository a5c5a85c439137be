//! Hosts that are not as they should be: what cannot go well changes nothing, says why, and goes well once
//! the cause is mended.

use std::time::Duration;

use consign_lab::{Archive, CANOPSIS, Product, Release, Site, TinyPackage, Vendor, lab};

const HOOKS: &str = "/etc/apt/apt.conf.d/20consignee";
const STATE: &str = "/var/lib/consignee";
const SOON: Duration = Duration::from_secs(60);

/// The packages are as they were and the product works.
#[track_caller]
fn untouched(site: &Site) {
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    assert_eq!(["main", "worker", "web"].map(|name| site.engine(name)), ["active"; 3]);
    assert_eq!(site.init_calls().len(), 1, "{:?}", site.init_calls());
}

#[track_caller]
fn upgraded(site: &Site) {
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    site.host.assert_packages_sound();
}

/// A neighbour that is upgraded whatever happens to the product.
fn neighbour(site: &Site, version: &str) -> Archive {
    let archive = Archive::new("beside").unwrap();
    archive.add(&[TinyPackage::new("beside", version)]).unwrap();
    archive.give_to(&site.host);
    archive
}

#[test]
fn a_site_file_that_cannot_be_read_holds_the_product_and_nothing_else() {
    lab!();
    let (_vendor, site) = Site::with_canopsis_cleared("unreadable", Release::Bookworm);
    let client = site.client();
    neighbour(&site, "1");
    let wrong = [
        ("chmod 666 /etc/consign/policy.toml", "others than root may write it (mode 0666)"),
        ("chmod 600 /etc/consign/policy.toml; chown 65534 /etc/consign/policy.toml", "it belongs to user 65534"),
        ("rm /etc/consign/policy.toml; mkdir /etc/consign/policy.toml", "/etc/consign/policy.toml"),
        (
            "rmdir /etc/consign/policy.toml; printf 'langage = \"fr\"' >/etc/consign/policy.toml",
            "line 1, column 1: unknown",
        ),
    ];
    site.host.write("/etc/consign/policy.toml", "", 0o644);
    for (command, said) in wrong {
        site.host.shell(command);
        let looked = site.host.apt_get(&["update"]).expect_ok();
        assert!(looked.text().contains(said), "{said:?} is missing in {looked}");
        let refused = site.host.apt_get(&["install", "canopsis=3.26.0-1"]).expect_code(100);
        assert!(refused.text().contains(said), "{said:?} is missing in {refused}");
    }
    site.host.apt_get(&["install", "beside"]).expect_ok();
    untouched(&site);
    site.host.ok(&["rm", "/etc/consign/policy.toml"]);
    site.host.apt_get(&["install", "canopsis=3.26.0-1"]).expect_ok();
    upgraded(&site);
    site.nothing_was_lost(client);
}

#[test]
fn a_plan_for_a_newer_agent_is_held_and_says_what_it_needs() {
    lab!();
    let (vendor, site) = Site::with_canopsis("newer-plan", Release::Trixie, "3.25.0");
    let client = site.client();
    let needs = [("supported_from =", "minimum_agent = \"9.1.0\"\nsupported_from =")];
    vendor.release_edited(Product::canopsis("3.26.0"), &needs).unwrap();
    let looked = site.host.apt_get(&["update"]).expect_ok();
    let said = "it needs the package consignee 9.1.0 or newer";
    assert!(looked.text().contains(said), "{looked}");
    site.host.apt_get(&["upgrade"]).expect_ok();
    let package = vendor.project(Product::canopsis("3.26.0")).unwrap().join("dist/canopsis_3.26.0-1_all.deb");
    site.host.copy_in(package, "/root/canopsis.deb");
    let refused = site.host.exec(&["dpkg", "--force-depends", "-i", "/root/canopsis.deb"]).expect_code(1);
    assert!(refused.text().contains(said), "{refused}");
    untouched(&site);
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();
}

#[test]
fn a_plan_that_another_key_signed_is_refused_by_apt_and_by_dpkg() {
    lab!();
    let (_vendor, site) = Site::with_canopsis("other-key", Release::Bookworm, "3.25.0");
    let client = site.client();
    // The same names, and everything in order but the key.
    let impostor = Vendor::new("acme").unwrap();
    let packages = impostor.build(&impostor.project(Product::canopsis("3.26.0")).unwrap()).unwrap();
    site.host.copy_in(&packages[0], "/root/canopsis.deb");
    for command in [&["apt-get", "-y", "install", "/root/canopsis.deb"][..], &["dpkg", "-i", "/root/canopsis.deb"]] {
        let refused = site.host.exec(command);
        assert_ne!(refused.code, 0, "{refused}");
        assert!(refused.text().contains("could not be verified"), "{refused}");
        untouched(&site);
    }
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();
}

#[test]
fn on_a_read_only_var_nothing_stops_and_afterwards_everything_goes() {
    lab!();
    let (_vendor, site) = Site::with_canopsis_cleared("read-only", Release::Trixie);
    let client = site.client();
    site.host.ok(&["mount", "--bind", STATE, STATE]);
    site.host.ok(&["mount", "-o", "remount,bind,ro", STATE]);
    let refused = site.host.apt_get(&["upgrade"]).expect_code(100);
    assert!(refused.text().contains("Read-only file system"), "{refused}");
    untouched(&site);
    site.host.ok(&["umount", STATE]);
    site.nothing_was_lost(client);
    // All of it: apt itself cannot do anything then.
    site.host.ok(&["mount", "--bind", "/var", "/var"]);
    site.host.ok(&["mount", "-o", "remount,bind,ro", "/var"]);
    site.host.apt_get(&["upgrade"]).expect_code(100);
    let status = site.host.exec(&["consignee", "status", "--language", "en", CANOPSIS]).expect_ok();
    assert!(status.text().contains("3.26.0"), "{status}");
    untouched_but_for_reading(&site);
    site.host.ok(&["umount", "--lazy", "/var"]);
    let client = site.client();
    site.host.apt_get(&["upgrade"]).expect_ok();
    upgraded(&site);
    site.nothing_was_lost(client);
}

// The product cannot write either, and says so to its users; it is not stopped.
#[track_caller]
fn untouched_but_for_reading(site: &Site) {
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    assert_eq!(["main", "worker", "web"].map(|name| site.engine(name)), ["active"; 3]);
}

#[test]
fn without_space_for_the_journal_nothing_stops() {
    lab!();
    let (_vendor, site) = Site::with_canopsis_cleared("full", Release::Bookworm);
    let client = site.client();
    neighbour(&site, "1");
    site.host.shell(&format!(
        "cp -a {STATE} /srv/state && mount -t tmpfs -o size=12M,mode=755 full {STATE} && cp -a /srv/state/. {STATE}/ && \
         dd if=/dev/zero of={STATE}/filler bs=1k 2>/dev/null || true"
    ));
    let refused = site.host.apt_get(&["upgrade"]).expect_code(100);
    assert!(
        refused.text().contains("there is no room for the agent's journal in /var/lib/consignee: 0 MiB are free"),
        "{refused}"
    );
    untouched(&site);
    site.host.apt_get(&["update"]).expect_ok();
    site.host.apt_get(&["install", "beside"]).expect_ok();
    site.host.ok(&["rm", &format!("{STATE}/filler")]);
    site.host.apt_get(&["update"]).expect_ok();
    site.host.apt_get(&["upgrade"]).expect_ok();
    upgraded(&site);
    site.nothing_was_lost(client);
}

#[test]
fn folders_from_which_nothing_may_be_executed_do_not_matter_to_the_agent() {
    lab!();
    let (_vendor, site) = Site::with_canopsis_cleared("noexec", Release::Trixie);
    let client = site.client();
    for folder in ["/tmp", "/var/tmp", "/run", STATE] {
        site.host.ok(&["mount", "--bind", folder, folder]);
        site.host.ok(&["mount", "-o", "remount,bind,noexec,nosuid,nodev", folder]);
    }
    site.host.apt_get(&["upgrade"]).expect_ok();
    upgraded(&site);
    site.nothing_was_lost(client);
}

#[test]
fn a_step_that_may_not_be_executed_halts_and_goes_on_when_it_may() {
    lab!();
    let (_vendor, site) = Site::with_canopsis_cleared("noexec-step", Release::Bookworm);
    let client = site.client();
    site.host.ok(&["mount", "--bind", "/opt", "/opt"]);
    site.host.ok(&["mount", "-o", "remount,bind,noexec", "/opt"]);
    site.host.apt_get(&["upgrade"]).expect_ok();
    let status = site.wait_status(4).text();
    assert!(status.contains("init") && status.contains("ermission denied"), "{status}");
    site.assert_canopsis_stopped();
    site.host.ok(&["umount", "--lazy", "/opt"]);
    site.consignee(&["retry", CANOPSIS]);
    upgraded(&site);
    site.nothing_was_lost(client);
}

#[test]
fn without_the_hook_file_preinst_stands_there_and_status_says_what_is_missing() {
    lab!();
    let (vendor, site) = Site::with_canopsis("no-hooks", Release::Bookworm, "3.25.0");
    let client = site.client();
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    site.host.apt_get(&["update"]).expect_ok();
    // Configuration management that does not know the file.
    site.host.ok(&["rm", HOOKS]);
    let put_back = format!("cp /usr/share/consignee/defaults/consignee{HOOKS} {HOOKS}");
    let status = site.wait_status(3).text();
    assert!(status.contains(&format!("{HOOKS} was removed")) && status.contains(&put_back), "{status}");
    // The hold is there, and preinst is.
    site.host.apt_get(&["upgrade"]).expect_ok();
    untouched(&site);
    let refused = site.host.apt_get(&["install", "canopsis=3.26.0-1"]).expect_code(100);
    assert!(refused.text().contains("consignee ack acme/canopsis"), "{refused}");
    untouched(&site);
    // Cleared, it is prepared by preinst and finished by the trigger.
    site.consignee(&["ack", CANOPSIS, "--all", "--yes"]);
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.host.wait_until("it is finished", SOON * 2, || {
        (site.status()["products"][0]["finished"] == "3.26.0").then_some(())
    });
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    site.host.shell(&put_back);
    upgraded(&site);
    site.nothing_was_lost(client);
}
