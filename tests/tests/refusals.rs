//! Gates on a host: what may not go ahead changes nothing, and says why and what to type.

use consign_lab::{Archive, CANOPSIS, Outcome, Product, Release, Site, TinyPackage, lab};

#[test]
fn a_refusal_on_debian_12_unpacks_nothing_and_the_same_command_then_upgrades_the_rest() {
    lab!();
    refused(Release::Bookworm);
}

#[test]
fn a_refusal_on_debian_13_unpacks_nothing_and_the_same_command_then_upgrades_the_rest() {
    lab!();
    refused(Release::Trixie);
}

fn refused(release: Release) {
    let (vendor, site) = Site::with_canopsis("refused", release, "3.25.0");
    let archive = Archive::new("beside").unwrap();
    archive.add(&[TinyPackage::new("beside", "1")]).unwrap();
    archive.give_to(&site.host);
    site.host.apt_get(&["update"]).expect_ok();
    site.host.apt_get(&["install", "beside"]).expect_ok();
    let client = site.client();
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    archive.add(&[TinyPackage::new("beside", "2")]).unwrap();
    archive.give_to(&site.host);
    site.host.apt_get(&["update"]).expect_ok();

    let refused = site.host.apt_get(&["install", "canopsis=3.26.0-1", "beside"]).expect_code(100);
    reason_stands_before_apts_own(&refused, "consignee ack acme/canopsis");
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    assert_eq!(site.host.installed("beside").as_deref(), Some("1"));

    site.host.apt_get(&["upgrade"]).expect_ok();
    assert_eq!(site.host.installed("beside").as_deref(), Some("2"));
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();
}

/// What we have to say is the last block before apt says that it failed.
#[track_caller]
fn reason_stands_before_apts_own(refused: &Outcome, reason: &str) {
    let text = refused.text();
    let ours = text.find(reason).unwrap_or_else(|| panic!("{reason:?} is missing in {refused}"));
    assert!(ours < text.find("E: ").unwrap_or(usize::MAX), "{refused}");
}

#[test]
fn a_transaction_that_would_remove_a_held_product_is_refused() {
    lab!();
    let (vendor, site) = Site::with_canopsis("removal", Release::Bookworm, "3.25.0");
    let client = site.client();
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    let archive = Archive::new("library").unwrap();
    archive.add(&[TinyPackage::new("library", "2").field("Breaks", "canopsis (<< 3.26)")]).unwrap();
    archive.give_to(&site.host);
    site.host.apt_get(&["update"]).expect_ok();
    let refused = site.host.apt_get(&["install", "library"]).expect_code(100);
    assert!(refused.text().contains("remove"), "{refused}");
    assert!(site.host.installed("canopsis").is_some());
    assert_eq!(site.host.installed("library"), None);
    site.nothing_was_lost(client);
}

#[test]
fn a_side_effect_nobody_accepted_is_reason_enough() {
    lab!();
    let (vendor, site) = Site::with_canopsis("side-effect", Release::Bookworm, "3.25.0");
    let client = site.client();
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    site.host.apt_get(&["update"]).expect_ok();
    // The note is read; what the upgrade does to the root account is not accepted.
    let ack = |what: &[&str]| {
        let command = [&["consignee", "--language", "en", "ack", CANOPSIS], what].concat();
        site.host.exec(&command)
    };
    ack(&["--note", "3.26.0", "--yes"]).expect_code(3);
    site.host.apt_get(&["upgrade"]).expect_ok();
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    let refused = site.host.apt_get(&["install", "canopsis=3.26.0-1"]).expect_code(100);
    reason_stands_before_apts_own(&refused, "root-credentials-reset");
    assert!(!refused.text().contains("release note on"), "the note is acknowledged: {refused}");
    assert_eq!(site.init_calls().len(), 1);

    ack(&["--side-effect", "root-credentials-reset", "--yes"]).expect_ok();
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    assert_eq!(site.host.read("/var/lib/canopsis/root.credential"), "root:root\n");
    site.nothing_was_lost(client);
}

#[test]
fn a_value_the_site_may_not_choose_is_refused_before_anything_stops() {
    lab!();
    let (_vendor, site) = Site::with_canopsis_cleared("site-option", Release::Bookworm);
    let client = site.client();
    site.choose_edition("pro");
    let why = ["/etc/consign/acme/canopsis.toml, line 2", "\"pro\"", "\"core\", \"cat\""];
    // Ahead of time: held, and said where an administrator looks.
    let looked = site.host.apt_get(&["update"]).expect_ok();
    site.host.apt_get(&["upgrade"]).expect_ok();
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    let status = site.wait_status(3);
    let refused = site.host.apt_get(&["install", "canopsis=3.26.0-1"]).expect_code(100);
    for said in why {
        assert!(looked.text().contains(said), "{said:?} is missing in {looked}");
        assert!(status.text().contains(said), "{said:?} is missing in {status}");
        reason_stands_before_apts_own(&refused, said);
    }
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    assert_eq!(site.engine("web"), "active");

    // A corrected file counts at once: the barrier reads it anew.
    site.choose_edition("cat");
    site.host.apt_get(&["install", "canopsis=3.26.0-1"]).expect_ok();
    site.wait_status(0);
    let calls = site.init_calls();
    assert!(calls.len() == 2 && calls[1].contains("cat"), "{calls:?}");
    site.nothing_was_lost(client);
}

/// A hook that does not start or crashes stands neither between the host and its security updates nor between
/// itself and its repair; a product is then gated by its own package.
#[test]
fn a_broken_hook_keeps_nothing_out_but_products_and_is_repaired_as_told() {
    lab!();
    const HOOK: &str = "/usr/lib/consignee/consignee-hook";
    let (vendor, site) = Site::with_canopsis("broken-hook", Release::Trixie, "3.25.0");
    let client = site.client();
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    let archive = Archive::new("security").unwrap();
    for (turn, breaks) in [
        format!("head -c 64 {HOOK} >{HOOK}.new && chmod 755 {HOOK}.new && mv {HOOK}.new {HOOK}"),
        format!("printf '#!/bin/sh\\nkill -ABRT $$\\n' >{HOOK}.new && chmod 755 {HOOK}.new && mv {HOOK}.new {HOOK}"),
        format!("chmod a-x {HOOK}"),
        format!("rm {HOOK}"),
    ]
    .iter()
    .enumerate()
    {
        let version = (turn + 1).to_string();
        archive.add(&[TinyPackage::new("urgent", &version)]).unwrap();
        archive.give_to(&site.host);
        site.host.apt_get(&["update"]).expect_ok();
        site.host.shell(breaks);
        let told = site.host.apt_get(&["install", "urgent"]).expect_ok();
        assert_eq!(site.host.installed("urgent"), Some(version), "{breaks}: {told}");
        let repair = "apt-get install --reinstall consignee";
        assert!(told.text().contains(repair), "{breaks}: {told}");
        let refused = site.host.apt_get(&["install", "canopsis=3.26.0-1"]);
        assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"), "{breaks}: {refused}");
        assert!(refused.text().contains(repair), "{breaks}: {refused}");
        site.host.apt_get(&["install", "--reinstall", "consignee"]).expect_ok();
        site.host.apt_get(&["install", "--fix-broken"]).expect_ok();
        let held = site.host.apt_get(&["install", "canopsis=3.26.0-1"]).expect_code(100);
        assert!(held.text().contains("consignee ack acme/canopsis"), "{held}");
    }
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();
}
