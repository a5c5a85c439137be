//! Products of two vendors on one host: one agent, and neither gets in the other's way.

use std::path::Path;

use consign_lab::{CANOPSIS, Product, RecordClient, Release, Server, Site, Vendor, edit, lab};

const LEDGER: &str = "globex/ledger";
const PORT: u16 = 8083;

/// Canopsis of Acme and the ledger of Globex, both at their first version.
struct Both {
    acme: Vendor,
    globex: Vendor,
    site: Site,
    _server: Server,
    project: std::path::PathBuf,
}

impl Both {
    fn installed(name: &str, release: Release) -> Both {
        let (acme, site) = Site::with_canopsis(name, release, "3.25.0");
        let globex = Vendor::new("globex").unwrap();
        let project = globex.new_project(PORT).unwrap();
        globex.release_project(&project).unwrap();
        let server = site.add_vendor(&globex, PORT).unwrap();
        site.host.apt_get(&["install", "globex-ledger"]).expect_ok();
        site.wait_status_of(LEDGER, 0);
        Both { acme, globex, site, _server: server, project }
    }

    fn publish_both(&self) {
        self.acme.release(Product::canopsis("3.26.0")).unwrap();
        next_version(&self.project);
        self.globex.release_project(&self.project).unwrap();
    }

    fn entries(&self) -> RecordClient {
        RecordClient::post(&self.site.host, "http://127.0.0.1:8321/entries")
    }
}

/// 1.1.0, with the change of the schema that the README of the project describes.
fn next_version(project: &Path) {
    edit(&project.join("consign.toml"), &[("version = \"1.0.0\"", "version = \"1.1.0\"")]).unwrap();
    edit(&project.join("app/bin/ledger"), &[("SCHEMA = 1", "SCHEMA = 2")]).unwrap();
}

#[test]
fn one_run_upgrades_both_and_each_is_finished_once() {
    lab!();
    let both = Both::installed("both", Release::Trixie);
    let site = &both.site;
    both.publish_both();
    site.clear_canopsis();
    let (events, entries) = (site.client(), both.entries());
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    site.wait_status_of(LEDGER, 0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    assert_eq!(site.host.installed("globex-ledger").as_deref(), Some("1.1.0-1"));
    assert_eq!(site.init_calls().len(), 2);
    assert_eq!(site.host.shell("ls /var/lib/consignee/globex/ledger/journal | wc -l"), "2");
    site.nothing_was_lost(events);
    entries.wait_acknowledged(SOON).unwrap();
}

#[test]
fn what_one_vendor_asks_for_does_not_hold_the_other() {
    lab!();
    let both = Both::installed("one-held", Release::Bookworm);
    let site = &both.site;
    both.publish_both();
    let (events, entries) = (site.client(), both.entries());
    // Nothing is acknowledged: Canopsis asks for it, the ledger does not.
    let looked = site.host.apt_get(&["update"]).expect_ok();
    assert!(looked.text().contains(CANOPSIS) && looked.text().contains(LEDGER), "{looked}");
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status_of(LEDGER, 0);
    assert_eq!(site.host.installed("globex-ledger").as_deref(), Some("1.1.0-1"));
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    assert_eq!(events.ledger().outages().len(), 0, "it was stopped for another vendor's upgrade");
    site.nothing_was_lost(events);
    entries.wait_acknowledged(SOON).unwrap();
}

#[test]
fn a_halted_product_does_not_keep_the_other_from_its_upgrade() {
    lab!();
    let both = Both::installed("one-halted", Release::Bookworm);
    let site = &both.site;
    both.acme.release(Product::canopsis("3.26.0")).unwrap();
    site.clear_canopsis();
    let events = site.client();
    site.trouble("fail");
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(4);
    next_version(&both.project);
    both.globex.release_project(&both.project).unwrap();
    site.host.apt_get(&["update"]).expect_ok();
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status_of(LEDGER, 0);
    assert_eq!(site.host.installed("globex-ledger").as_deref(), Some("1.1.0-1"));
    site.wait_status(4);
    site.trouble_is_over();
    site.consignee(&["retry", CANOPSIS]);
    site.wait_status(0);
    site.nothing_was_lost(events);
}

const SOON: std::time::Duration = std::time::Duration::from_secs(30);
