//! Each finding on a host that has it, and none on one that is in order.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::data::record::{Difference, Record};
use crate::engine::event::{Event, Header, Packages};
use crate::engine::sample;
use crate::sample::host::Host;
use crate::sample::vendor::Vendor;

struct Patient {
    _root: tempfile::TempDir,
    places: Places,
    host: Host,
    vendor: Vendor,
    product: Product,
}

impl Patient {
    /// A host in order: an anchor, a plan, a feed, an upgrade that has completed.
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        let vendor = Vendor::new("acme");
        vendor.anchor(&places);
        let product = Product::new(&places, "acme/erp".parse().unwrap());
        fs_err::create_dir_all(places.plans()).unwrap();
        let plan = vendor.sign_as_package(&vendor.plan("1.0.0").to_string());
        fs_err::write(places.plan_of(&"acme-erp".parse().unwrap()), plan).unwrap();
        fs_err::create_dir_all(product.folder()).unwrap();
        fs_err::create_dir_all(places.socket().parent().unwrap()).unwrap();
        fs_err::write(places.socket(), "").unwrap();
        let patient = Self { _root: root, places, host: Host::default(), vendor, product };
        patient.feed_until(Timestamp::now() + SignedDuration::from_hours(48));
        patient
    }

    fn feed_until(&self, expires: Timestamp) {
        let folder = self.places.feed(&"acme".parse().unwrap()).join("stable");
        fs_err::create_dir_all(&folder).unwrap();
        let files = self.vendor.feed_until(&[], 5, b"", expires);
        let (_, head) = files.iter().find(|(path, _)| path.ends_with("feed.pgp")).unwrap();
        fs_err::write(folder.join("feed.pgp"), head).unwrap();
    }

    fn begin(&self, events: &[Event], at: Timestamp) {
        let header = Header { product: self.product.id.clone(), ..sample::header() };
        let mut journal = self.product.begin(header, b"plan", at).unwrap();
        for event in events {
            journal.append(event.clone(), at).unwrap();
        }
    }

    fn findings(&self) -> Vec<Finding> {
        examine(&self.places, &self.host, &self.host, Timestamp::now())
    }

    #[track_caller]
    fn one(&self) -> Finding {
        let [finding] = &self.findings()[..] else { panic!("{:?}", self.findings()) };
        finding.clone()
    }
}

#[test]
fn a_host_in_order_has_no_findings() {
    assert_eq!(Patient::new().findings(), []);
}

#[test]
fn a_flag_without_an_upgrade_is_found_and_one_that_is_explained_is_not() {
    let patient = Patient::new();
    patient.product.set_unfinished().unwrap();
    assert!(matches!(patient.one(), Finding::FlagWithoutUpgrade { .. }));
    let deferred = patient.product.folder().join("deferred");
    fs_err::write(&deferred, "").unwrap();
    assert_eq!(patient.findings(), [], "packages are arriving");
    fs_err::remove_file(&deferred).unwrap();
    let at = Timestamp::now();
    let mut record = Record::new("42".to_owned(), "1.0.0".parse().unwrap(), 1, at);
    record.keep(&patient.product).unwrap();
    assert!(matches!(patient.one(), Finding::FlagWithoutUpgrade { .. }), "the data is as it was");
    record.differs = Some(Difference { found: "41".to_owned(), at, engines: Vec::new() });
    record.keep(&patient.product).unwrap();
    assert_eq!(patient.findings(), [], "the data is of another version");
    fs_err::remove_file(patient.product.folder().join("data.json")).unwrap();
    let partial = Event::Packages { observed: Packages::Partial, ended: true };
    patient.begin(&[partial], Timestamp::now());
    assert_eq!(patient.findings(), [], "an upgrade is under way");
}

#[test]
fn a_journal_that_cannot_be_replayed_is_named() {
    let patient = Patient::new();
    patient.begin(&[Event::Cleared], Timestamp::now());
    let path = patient.product.upgrade_folder(1).join("records.jsonl");
    let text = fs_err::read_to_string(&path).unwrap().replacen("cleared", "cleaned", 1);
    fs_err::write(&path, text).unwrap();
    assert!(matches!(patient.one(), Finding::JournalUnusable { upgrade: 1, .. }));
}

#[test]
fn a_file_that_nobody_knows_is_named_and_a_torn_one_of_the_agents_is_not() {
    let patient = Patient::new();
    for name in ["offers.json", "offers.json.new", "old.bak"] {
        fs_err::write(patient.product.folder().join(name), "").unwrap();
    }
    assert_eq!(patient.one(), Finding::UnknownFile { file: patient.product.folder().join("old.bak") });
}

#[test]
fn what_a_vendor_signs_is_believed_or_the_cause_is_told() {
    let patient = Patient::new();
    patient.feed_until(Timestamp::now() - SignedDuration::from_hours(1));
    assert!(matches!(patient.one(), Finding::FeedExpired { .. }));
    fs_err::write(patient.places.feed(&"acme".parse().unwrap()).join("stable/feed.pgp"), "no feed").unwrap();
    assert!(matches!(patient.one(), Finding::FeedUnusable { .. }));
    fs_err::remove_dir_all(patient.places.feed(&"acme".parse().unwrap())).unwrap();
    assert!(matches!(patient.one(), Finding::FeedMissing { .. }));
    fs_err::write(patient.places.plan_of(&"acme-erp".parse().unwrap()), "no plan").unwrap();
    assert!(patient.findings().iter().any(|finding| matches!(finding, Finding::PlanUnusable { .. })));
    fs_err::write(patient.places.anchors().join("acme/anchor.json"), "{}").unwrap();
    assert!(patient.findings().iter().any(|finding| matches!(finding, Finding::AnchorUnusable { .. })));
}

#[test]
fn a_clock_behind_the_journals_is_found() {
    let patient = Patient::new();
    patient.begin(&[Event::Cleared], Timestamp::now() + SignedDuration::from_hours(24));
    assert!(matches!(patient.one(), Finding::ClockBehind { .. }));
}

#[test]
fn an_engine_without_the_condition_is_found() {
    let patient = Patient::new();
    patient.host.state().unguarded = ["erp.service".to_owned()].into();
    let unit = "erp.service".parse().unwrap();
    assert_eq!(patient.one(), Finding::ConditionMissing { product: patient.product.id.clone(), unit });
}

#[test]
fn a_sites_file_and_a_socket_that_is_gone_are_found() {
    let patient = Patient::new();
    fs_err::remove_file(patient.places.socket()).unwrap();
    fs_err::create_dir_all(patient.places.policy().parent().unwrap()).unwrap();
    fs_err::write(patient.places.policy(), "languag = \"fr\"\n").unwrap();
    let found = patient.findings();
    assert!(found.iter().any(|finding| matches!(finding, Finding::ServiceUnreachable { .. })), "{found:?}");
    let of_files = found.iter().filter(|finding| matches!(finding, Finding::SiteFile { .. })).count();
    assert_eq!((of_files, found.len()), (1, 2), "the same line is said once: {found:?}");
}
