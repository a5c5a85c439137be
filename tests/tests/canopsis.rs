//! The first procedure of the design, whole: a Canopsis-like product from its first install through a
//! minor and a patch upgrade to a major one that is refused, while somebody goes on working with it.

use consign_lab::{Archive, CANOPSIS, Host, Product, Release, Site, TinyPackage, Vendor, lab};

#[test]
fn the_story_on_debian_12_with_the_default_options() {
    lab!();
    story(Release::Bookworm, None);
}

#[test]
fn the_story_on_debian_13_with_the_sites_options() {
    lab!();
    story(Release::Trixie, Some(("cat", "go")));
}

fn story(release: Release, options: Option<(&str, &str)>) {
    let vendor = Vendor::new("acme").unwrap();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let host = Host::boot(&format!("story-{}", release.name()), release).unwrap();
    if let Some((edition, stack)) = options {
        let text = format!("[options]\nedition = \"{edition}\"\nstack = \"{stack}\"\n");
        host.write("/etc/consign/acme/canopsis.toml", text, 0o644);
    }
    let site = Site::on(host, &vendor, CANOPSIS).unwrap();
    let (edition, stack) = options.unwrap_or(("core", "python"));
    install(&site, edition, stack);
    let client = site.client();

    vendor.release(Product::canopsis("3.26.0")).unwrap();
    held_until_acknowledged(&site);
    site.host.apt_get(&["upgrade"]).expect_ok();
    finished(&site, "3.26.0-1", 2, edition, stack);

    vendor.release(Product::canopsis("3.26.1")).unwrap();
    site.host.apt_get(&["update"]).expect_ok();
    site.consignee(&["ack", CANOPSIS, "--all", "--yes"]);
    site.host.apt_get(&["upgrade"]).expect_ok();
    finished(&site, "3.26.1-1", 3, edition, stack);

    vendor.release(Product::canopsis("4.0.0")).unwrap();
    a_major_upgrade_is_refused(&site);

    let windows = site.announced();
    assert_eq!(windows.len(), 3, "the first install and two upgrades: {windows:?}");
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();
}

/// The agent comes along, the init step runs once, the engines run.
fn install(site: &Site, edition: &str, stack: &str) {
    site.host.apt_get(&["install", "canopsis"]).expect_ok();
    site.wait_status(0);
    assert!(site.host.installed("consignee").is_some());
    let calls = site.init_calls();
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert!(calls[0].contains(edition) && calls[0].contains(stack), "{calls:?}");
    for engine in ["main", "worker", "web"] {
        let unit = format!("canopsis-engine@{engine}.service");
        assert_eq!(site.host.shell(&format!("systemctl is-active {unit}")), "active");
        assert_eq!(site.host.shell(&format!("systemctl is-enabled {unit}")), "enabled");
    }
    assert_eq!(site.host.failed_units(), Vec::<String>::new());
}

/// What is not acknowledged is held, the reason is shown, and everything else upgrades.
fn held_until_acknowledged(site: &Site) {
    let archive = Archive::new("beside").unwrap();
    archive.add(&[TinyPackage::new("beside", "1")]).unwrap();
    archive.give_to(&site.host);
    site.host.apt_get(&["update"]).expect_ok();
    site.host.apt_get(&["install", "beside"]).expect_ok();
    archive.add(&[TinyPackage::new("beside", "2")]).unwrap();
    archive.give_to(&site.host);
    let shown = site.host.apt_get(&["update"]).expect_ok().text();
    assert!(shown.contains("3.26.0") && shown.contains("consignee notes acme/canopsis"), "{shown}");
    site.host.apt_get(&["upgrade"]).expect_ok();
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    assert_eq!(site.host.installed("beside").as_deref(), Some("2"));
    let status = site.wait_status(3).text();
    assert!(status.contains("root-credentials-reset"), "{status}");
    let notes = site.host.ok(&["env", "LC_ALL=fr_FR.UTF-8", "consignee", "notes", CANOPSIS]).stdout;
    assert!(notes.contains("3.26.0"), "{notes}");
    let answer = site.consignee(&["ack", CANOPSIS, "--all", "--yes"]).text();
    assert!(answer.contains("3.26.0"), "{answer}");
}

/// One finish: schema, options, order, exactly one call of the init step per version.
fn finished(site: &Site, version: &str, schema: u32, edition: &str, stack: &str) {
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some(version));
    let health = site.host.shell("curl -sf http://127.0.0.1:8082/health");
    let health: serde_json::Value = serde_json::from_str(&health).unwrap();
    assert_eq!(health["schema"], schema);
    assert_eq!((health["edition"].as_str(), health["stack"].as_str()), (Some(edition), Some(stack)));
    let calls = site.init_calls();
    assert_eq!(calls.len(), usize::try_from(schema).unwrap(), "{calls:?}");
    let reloads = site.events().iter().filter(|e| *e == "step-succeeded").count();
    assert_eq!(reloads, 6, "announce, stop, init, daemon-reload, start, health: {:?}", site.events());
    let order = site.host.shell("tail -n 3 /var/lib/canopsis/engines.log");
    assert!(!order.contains("true"), "an engine had to wait for the one before it:\n{order}");
    let needed = site.host.shell("systemctl show -p NeedDaemonReload --value 'canopsis-engine@*' | sort -u");
    assert_eq!(needed.trim(), "no");
}

/// Nothing is unpacked, and the reason is the last block before apt's own words.
fn a_major_upgrade_is_refused(site: &Site) {
    let shown = site.host.apt_get(&["update"]).expect_ok().text();
    assert!(shown.contains("4.0.0") && shown.contains("major"), "{shown}");
    site.host.apt_get(&["upgrade"]).expect_ok();
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.1-1"));
    let refused = site.host.apt_get(&["install", "canopsis=4.0.0-1"]).expect_code(100);
    let text = refused.text();
    let reason = text.find("major").unwrap_or_else(|| panic!("no reason in {refused}"));
    let apts = text.find("E: ").unwrap_or_else(|| panic!("no error of apt in {refused}"));
    assert!(reason < apts, "{refused}");
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.1-1"));
    assert_eq!(site.host.shell("systemctl is-active canopsis-engine@web.service"), "active");
}
