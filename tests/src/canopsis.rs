//! A site that runs the Canopsis-like product: what the suites about failures start from and look at.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::product::Product;
use crate::records::RecordClient;
use crate::root::Release;
use crate::site::Site;
use crate::vendor::Vendor;

/// The product, as an administrator names it.
pub const CANOPSIS: &str = "acme/canopsis";

const RECORDS: &str = "http://127.0.0.1:8082/records";
const SOON: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_secs(120);

impl Site {
    /// A host where this version was installed and runs.
    #[track_caller]
    pub fn with_canopsis(name: &str, release: Release, version: &'static str) -> (Vendor, Site) {
        let vendor = Vendor::new("acme").expect("a vendor");
        vendor.release(Product::canopsis(version)).expect("a release");
        let site = Site::open(name, release, &vendor, CANOPSIS).expect("a site");
        site.host.apt_get(&["install", "canopsis"]).expect_ok();
        site.wait_status(0);
        (vendor, site)
    }

    /// A host where 3.25.0 runs, with 3.26.0 published and everything acknowledged.
    #[track_caller]
    pub fn with_canopsis_cleared(name: &str, release: Release) -> (Vendor, Site) {
        let (vendor, site) = Site::with_canopsis(name, release, "3.25.0");
        vendor.release(Product::canopsis("3.26.0")).expect("a release");
        site.clear_canopsis();
        (vendor, site)
    }

    /// Looks at what is offered and acknowledges all of it.
    #[track_caller]
    pub fn clear_canopsis(&self) {
        self.host.apt_get(&["update"]).expect_ok();
        self.consignee(&["ack", CANOPSIS, "--all", "--yes"]);
    }

    /// Somebody who works with the product from now on, and goes on after the last number that it has stored.
    #[track_caller]
    pub fn client(&self) -> RecordClient {
        let answers = || self.host.exec(&["curl", "-sf", RECORDS]).success().then_some(());
        self.host.wait_until("the product works", SOON, answers);
        let last = self.canopsis_records().last().copied().unwrap_or_default();
        let client = RecordClient::post_from(last + 1, &self.host, RECORDS);
        client.wait_acknowledged(SOON).expect("the product works");
        client
    }

    /// The client works again, nothing acknowledged is lost, no outage was unannounced.
    #[track_caller]
    pub fn nothing_was_lost(&self, client: RecordClient) {
        client.wait_acknowledged(SOON).expect("the product works again");
        client.stop().assert_kept(&self.canopsis_records(), &self.announced());
    }

    /// The client works again and nothing acknowledged is lost, after an outage that no plan could announce.
    #[track_caller]
    pub fn nothing_is_missing(&self, client: RecordClient) {
        client.wait_acknowledged(SOON).expect("the product works again");
        let missing = client.stop().missing(&self.canopsis_records());
        assert!(missing.is_empty(), "acknowledged and lost: {missing:?}");
    }

    /// The numbers that the product has stored.
    pub fn canopsis_records(&self) -> BTreeSet<u64> {
        let stored = self.host.shell("curl -sf http://127.0.0.1:8082/records");
        stored.lines().filter_map(|line| line.parse().ok()).collect()
    }

    /// What systemd says of an engine: `active`, `inactive`...
    pub fn engine(&self, name: &str) -> String {
        let unit = format!("canopsis-engine@{name}.service");
        self.host.exec(&["systemctl", "is-active", &unit]).stdout.trim().to_owned()
    }

    /// Nothing of the product runs, and nothing and nobody can start it.
    #[track_caller]
    pub fn assert_canopsis_stopped(&self) {
        for name in ["main", "worker", "web"] {
            assert_eq!(self.engine(name), "inactive", "{name}");
        }
        self.host.exec(&["systemctl", "start", "canopsis-engine@web.service"]);
        assert_eq!(self.engine("web"), "inactive", "it was started by hand");
        // A look at the data, as its owner, ends by itself; an engine does not.
        let is_empty = || {
            let left = self.host.exec(&["pgrep", "--list-full", "--euid", "canopsis"]);
            left.stdout.is_empty().then_some(())
        };
        self.host.wait_until("nothing of the product is left running", SOON, is_empty);
    }

    /// How the last upgrade stands that has begun; what was offered again since does not count.
    #[track_caller]
    pub fn last_begun(&self) -> String {
        let history = self.host.ok(&["consignee", "history", CANOPSIS, "--json"]);
        let history: Value = serde_json::from_str(&history.stdout).expect("a history");
        let state = |upgrade: &Value| upgrade["state"].as_str().unwrap_or_default().to_owned();
        let upgrades = history["upgrades"].as_array().into_iter().flatten();
        let begun = upgrades.filter(|upgrade| !["held", "planned", "cleared"].contains(&&*state(upgrade)));
        begun.max_by_key(|upgrade| upgrade["number"].as_u64()).map(state).unwrap_or_default()
    }

    /// The site's own choice of the edition.
    pub fn choose_edition(&self, edition: &str) {
        let text = format!("[options]\nedition = \"{edition}\"\n");
        self.host.write("/etc/consign/acme/canopsis.toml", text, 0o644);
    }

    /// Every time the init step was started, since the first install.
    pub fn init_calls(&self) -> Vec<String> {
        let log = self.host.read("/var/lib/canopsis/init.log");
        log.lines().filter(|line| line.contains("\"started\"")).map(str::to_owned).collect()
    }

    /// What a bad day looks like to the init step: `fail` or `hang`, in both cases half migrated.
    pub fn trouble(&self, word: &str) {
        self.host.write("/var/lib/canopsis/trouble", word, 0o644);
    }

    /// The end of the bad day.
    #[track_caller]
    pub fn trouble_is_over(&self) {
        self.host.ok(&["rm", "/var/lib/canopsis/trouble"]);
    }

    /// Waits until the init step hangs.
    #[track_caller]
    pub fn wait_init_hangs(&self) {
        let hangs = || self.host.read("/var/lib/canopsis/init.log").contains("hanging").then_some(());
        self.host.wait_until("the init step hangs", STEP, hangs);
    }
}
