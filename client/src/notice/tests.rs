//! Notices: when they are given, and when they have been answered.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::sample::vendor::Vendor as Sample;

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn host(days: u64) -> (tempfile::TempDir, Places) {
    let root = tempfile::tempdir().unwrap();
    let places = Places::below(root.path());
    Sample::living("acme", std::time::Duration::from_secs(days * 86400)).anchor(&places);
    (root, places)
}

fn notices(places: &Places, now: Timestamp) -> Vec<Notice> {
    all(places, &Trust::read(places).unwrap(), now)
}

#[test]
fn a_key_is_announced_sixty_days_ahead_and_told_when_it_is_over() {
    let (_root, places) = host(90);
    let now = Timestamp::now();
    assert_eq!(notices(&places, now), []);
    assert_eq!(notices(&places, now + DAY * 29), []);
    let soon = notices(&places, now + DAY * 31);
    assert!(matches!(&soon[..], [Notice::KeyExpires { .. }, Notice::KeyExpires { .. }]), "{soon:?}");
    assert!(!soon[0].is_urgent());
    let over = notices(&places, now + DAY * 91);
    assert!(matches!(&over[..], [Notice::KeyExpired { .. }, Notice::KeyExpired { .. }]), "{over:?}");
    assert!(over[0].is_urgent());
}

#[test]
fn an_unknown_key_is_told_until_the_anchor_has_it() {
    let (_root, places) = host(365);
    let vendor: VendorName = "acme".parse().unwrap();
    let trust = Trust::read(&places).unwrap();
    let known = trust.vendor(&vendor).unwrap().anchor.keys_of(Role::Index);
    let stranger = Fingerprint::try_from("A".repeat(40)).unwrap();
    let unknown = |keys: BTreeSet<Fingerprint>| Notice::KeyUnknown {
        vendor: vendor.clone(),
        channel: "stable".parse().unwrap(),
        url: "https://packages.acme.example/".to_owned(),
        keys,
        introduction: Some("/x".into()),
        doubt: None,
    };
    let now = Timestamp::now();
    let notice = unknown([stranger.clone()].into());
    keep(&places, &vendor, Found { introduction: Some("/x".into()), doubt: None, notices: vec![notice.clone()] }, now)
        .unwrap();
    assert_eq!(notices(&places, now), [notice]);
    keep(&places, &vendor, Found { introduction: Some("/x".into()), doubt: None, notices: vec![unknown(known)] }, now)
        .unwrap();
    assert_eq!(notices(&places, now), []);
}
