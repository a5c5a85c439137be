//! Packages that come, come again and go: the agent's own, the product's, and both at unusual times.

use std::time::Duration;

use consign_lab::{AgentPackage, Archive, CANOPSIS, Chroot, Product, Release, Site, TinyPackage, Vendor, lab};

#[test]
fn the_agent_upgraded_in_the_same_run_finishes_what_the_old_one_prepared() {
    lab!();
    let (vendor, site) = Site::with_canopsis("agent-too", Release::Bookworm, "3.25.0");
    let project = vendor.project(Product::canopsis("3.26.0")).unwrap();
    let packages = vendor.build(&project).unwrap();
    vendor.publish_with(&project, &packages, &AgentPackage::version("0.1.1-1").unwrap()).unwrap();
    site.clear_canopsis();
    let client = site.client();
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.installed("consignee").as_deref(), Some("0.1.1-1"));
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    site.nothing_was_lost(client);
}

#[test]
fn without_the_agent_other_packages_install_as_ever() {
    lab!();
    let (_vendor, site) = Site::with_canopsis("agent-removed", Release::Bookworm, "3.25.0");
    let archive = beside();
    archive.give_to(&site.host);
    site.host.apt_get(&["remove", "consignee"]).expect_ok();
    assert!(!site.host.exists("/etc/apt/preferences.d/00consignee"), "the hold outlived the agent");
    site.host.apt_get(&["update"]).expect_ok();
    site.host.apt_get(&["install", "beside"]).expect_ok();
    site.host.apt_get(&["purge", "consignee"]).expect_ok();
    site.host.apt_get(&["remove", "beside"]).expect_ok();
}

#[test]
fn an_agent_that_is_forced_out_lifts_its_hold() {
    lab!();
    let (_vendor, site) = Site::with_canopsis("agent-forced-out", Release::Bookworm, "3.25.0");
    assert!(site.host.exists("/etc/apt/preferences.d/00consignee"));
    // The product stays, so nothing but the agent's own script can know that the hold is over.
    site.host.ok(&["dpkg", "--force-depends", "--remove", "consignee"]);
    assert!(!site.host.exists("/etc/apt/preferences.d/00consignee"), "the hold outlived the agent");
    site.host.apt_get(&["--fix-broken", "install"]).expect_ok();
    site.wait_status(0);
}

fn beside() -> Archive {
    let archive = Archive::new("beside").unwrap();
    archive.add(&[TinyPackage::new("beside", "1")]).unwrap();
    archive
}

#[test]
fn a_new_packaging_revision_restarts_the_engines_and_runs_nothing_of_the_vendors() {
    lab!();
    let (vendor, site) = Site::with_canopsis("revision", Release::Bookworm, "3.26.0");
    let client = site.client();
    vendor.release_edited(Product::canopsis("3.26.0"), &[("revision = 1", "revision = 2")]).unwrap();
    // Nothing to acknowledge: the note and the side effect are those of 3.26.0.
    site.host.apt_get(&["update"]).expect_ok();
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-2"));
    let header = &site.journal()[0]["header"];
    assert_eq!((&header["class"], &header["revision"]), (&"patch".into(), &2.into()), "{header}");
    let items = header["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap());
    assert_eq!(items.collect::<Vec<_>>(), ["announce", "stop", "packages", "daemon-reload", "start", "health"]);
    assert_eq!(site.init_calls().len(), 1, "{:?}", site.init_calls());
    assert_eq!(site.announced().len(), 2, "the first install and the revision");
    site.nothing_was_lost(client);
}

#[test]
fn installing_the_same_version_again_runs_nothing() {
    lab!();
    let (vendor, site) = Site::with_canopsis("again", Release::Bookworm, "3.25.0");
    let client = site.client();
    site.host.apt_get(&["install", "canopsis"]).expect_ok();
    site.host.apt_get(&["install", "--reinstall", "canopsis"]).expect_ok();
    site.wait_status(0);
    assert_eq!(client.ledger().outages().len(), 0, "{:?}", client.ledger().outages());
    // One after the other: whatever the reinstallation had begun would be finished before this.
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    site.clear_canopsis();
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.init_calls().len(), 2, "{:?}", site.init_calls());
    assert_eq!(site.announced().len(), 2, "the first install and the upgrade");
    site.nothing_was_lost(client);
}

#[test]
fn a_product_that_was_removed_stops_and_comes_back_with_its_data() {
    lab!();
    let (_vendor, site) = Site::with_canopsis("back", Release::Bookworm, "3.25.0");
    let client = site.client();
    let before = site.canopsis_records();
    site.host.apt_get(&["remove", "canopsis"]).expect_ok();
    assert_eq!(site.host.installed("canopsis"), None);
    client.wait_refused(SOON).unwrap();
    let left = site.host.exec(&["pgrep", "--list-full", "--euid", "canopsis"]);
    assert!(left.stdout.is_empty(), "it outlived its package: {left}");

    site.host.apt_get(&["install", "canopsis"]).expect_ok();
    site.wait_status(0);
    client.wait_acknowledged(SOON).unwrap();
    let ledger = client.stop();
    let stored = site.canopsis_records();
    assert!(before.is_subset(&stored), "{before:?} {stored:?}");
    assert_eq!(ledger.missing(&stored), Vec::<u64>::new());
    assert_eq!(ledger.outages().len(), 1, "from the removal to the installation: {:?}", ledger.outages());
    for engine in ["main", "worker", "web"] {
        let unit = format!("canopsis-engine@{engine}.service");
        assert_eq!(site.host.shell(&format!("systemctl is-enabled {unit}")), "enabled");
    }
}

#[test]
fn a_purge_forgets_the_journals_keeps_the_backups_and_disturbs_nobody() {
    lab!();
    let (_vendor, site) = Site::with_canopsis("purged", Release::Bookworm, "3.25.0");
    let state = "/var/lib/consignee/acme/canopsis";
    site.host.write(&format!("{state}/backups/night.dump"), "precious", 0o600);
    site.host.apt_get(&["purge", "canopsis"]).expect_ok();
    assert_eq!(site.host.shell(&format!("ls -A {state}")), "backups");
    assert_eq!(site.host.read(&format!("{state}/backups/night.dump")), "precious");
    assert!(!site.host.read("/var/lib/consignee/managed").lines().any(|line| line == "canopsis"));
    let archive = beside();
    archive.give_to(&site.host);
    site.host.apt_get(&["update"]).expect_ok();
    site.host.apt_get(&["install", "beside"]).expect_ok();
    site.host.assert_packages_sound();

    // Whoever comes back comes for the first time.
    site.host.apt_get(&["install", "canopsis"]).expect_ok();
    site.wait_status(0);
    assert!(site.journal()[0]["header"]["from"].is_null(), "{:?}", site.journal()[0]);
    site.client();
}

#[test]
fn a_first_install_inside_a_chroot_is_finished_at_the_first_boot() {
    lab!();
    let vendor = Vendor::new("acme").unwrap();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let chroot = Chroot::create("image", Release::Bookworm).unwrap();
    chroot.tree().copy_in(&vendor.repository(), "/srv/repository").unwrap();
    chroot.tree().copy_in(&vendor.release_package(), "/root/vendor-release.deb").unwrap();
    let apt = |arguments: &[&str]| {
        let command = [&["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y"], arguments].concat();
        chroot.ok(&command)
    };
    apt(&["install", "/root/vendor-release.deb"]);
    chroot.ok(&["sed", "-i", "s,^URIs:.*,URIs: file:/srv/repository,", "/etc/apt/sources.list.d/acme-stable.sources"]);
    apt(&["update"]);
    apt(&["install", "canopsis"]);
    let host = chroot.boot().unwrap();
    host.wait_until("the first boot finished", Duration::from_secs(120), || {
        (host.exec(&["consignee", "status", CANOPSIS]).code == 0).then_some(())
    });
    assert_eq!(host.shell("systemctl is-active canopsis-engine@web.service"), "active");
    assert_eq!(host.shell("grep -c started /var/lib/canopsis/init.log"), "1");
}

const SOON: Duration = Duration::from_secs(30);
