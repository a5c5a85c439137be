//! Readers answer to whatever they are given, and what they take they can give back.

use consign_metadata::anchor::Anchor;
use consign_metadata::feed::{Feed, Shard};
use consign_metadata::path::obstacles;
use consign_metadata::plan::{Envelope, UpgradePlan};
use consign_metadata::version::{ClassRule, Version, VersionRange};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::add_ons::{add_on, base};
use crate::documents::{anchor, feed, plan, plan_2, shard};

/// A valid document, and who reads it.
type Document = (fn() -> Value, fn(&[u8]) -> bool);

const DOCUMENTS: [Document; 7] = [
    (plan, reads_plan),
    (plan_2, reads_plan),
    (base, reads_plan),
    (add_on, reads_plan),
    (feed, reads_feed),
    (shard, reads_shard),
    (anchor, reads_anchor),
];

// Each reads a document, asks it whatever can be asked, and says whether it was one.

fn reads_plan(bytes: &[u8]) -> bool {
    let from = "1.0.0".parse().unwrap();
    if let Ok(envelope) = Envelope::parse(bytes) {
        let _ = (obstacles(&envelope, &from), envelope.id());
        envelope.notes.iter().for_each(|note| assert_eq!(note.digest(), note.digest()));
    }
    UpgradePlan::parse(bytes).is_ok_and(|plan| {
        for from in [None, Some(&from), Some(&plan.envelope.version)] {
            plan.steps(from).iter().for_each(|step| assert!(!step.name().is_empty()));
            plan.side_effects(from).for_each(|effect| assert_eq!(effect.digest(), effect.digest()));
            plan.tasks_before(from).for_each(|task| assert_eq!(task.digest(), task.digest()));
            plan.prerequisites(from).for_each(|asked| assert!(!asked.id.as_str().is_empty()));
        }
        let joined = plan.body.joins.iter().flat_map(|joins| joins.steps(Some(&from), &plan.envelope.version));
        assert!(joined.count() <= plan.body.joins.as_ref().map_or(0, |joins| joins.steps.len()));
        plan.body.engines.iter().for_each(|unit| assert!(!unit.file().is_empty()));
        let again = json!({"body": &plan.body, "envelope": &plan.envelope}).to_string();
        assert!(again.contains("steps"));
        true
    })
}

fn reads_feed(bytes: &[u8]) -> bool {
    let read = Feed::parse(bytes, &"acme".parse().unwrap(), &"stable".parse().unwrap());
    read.is_ok_and(|feed| {
        let _ = feed.entry_points.current.iter().all(|file| feed.knows_entry_point(&file.sha256));
        serde_json::to_string(&feed).is_ok()
    })
}

fn reads_shard(bytes: &[u8]) -> bool {
    Shard::parse(bytes, &"acme/erp".parse().unwrap()).is_ok_and(|shard| {
        let _ = shard.release_of_deb(&"acme-erp".parse().unwrap(), "1.1.0-1");
        serde_json::to_string(&shard).is_ok()
    })
}

fn reads_anchor(bytes: &[u8]) -> bool {
    Anchor::parse(bytes).is_ok_and(|anchor| {
        let _ = anchor.covers(&"acme/erp".parse().unwrap());
        serde_json::to_string(&anchor).is_ok()
    })
}

/// How many values a document holds, itself included.
fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(count).sum::<usize>(),
        _ => 1,
    }
}

/// Replaces the value at a place, counted in the order of writing.
fn replace(value: &mut Value, place: &mut usize, with: &Value) {
    if *place == 0 {
        *value = with.clone();
    }
    *place = place.wrapping_sub(1);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, place, with)),
        Value::Object(fields) => fields.values_mut().for_each(|field| replace(field, place, with)),
        _ => {}
    }
}

/// A document with each of its values replaced in turn.
fn with_each_replaced(document: &Value, with: &Value) -> Vec<Vec<u8>> {
    let replaced = |mut place| {
        let mut document = document.clone();
        replace(&mut document, &mut place, with);
        document.to_string().into_bytes()
    };
    (0..count(document)).map(replaced).collect()
}

/// Values that fit where they do not belong.
fn odd_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        "[<>=]{0,2}[0-9]{1,21}\\.[0-9]{1,21}(\\.[0-9]{1,21})?".prop_map(Value::from),
    ]
}

#[test]
fn the_samples_are_read() {
    for (document, reads) in DOCUMENTS {
        assert!(reads(document().to_string().as_bytes()), "{}", document());
    }
}

#[test]
fn documents_cut_short_are_refused() {
    for (document, reads) in DOCUMENTS {
        let bytes = document().to_string().into_bytes();
        assert!((0..bytes.len()).all(|length| !reads(&bytes[..length])));
    }
}

#[test]
fn a_document_with_any_value_emptied_is_read_or_refused() {
    for with in [Value::Null, json!([]), json!({}), json!(""), json!(0), json!(u64::MAX), json!("a".repeat(10_000))] {
        for (document, reads) in DOCUMENTS {
            for changed in with_each_replaced(&document(), &with) {
                let _ = reads(&changed);
            }
        }
    }
}

#[test]
fn nesting_without_end_is_refused() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let hidden =
        plan().to_string().replace("\"format\":1,\"modules\"", &format!("\"x\":{deep},\"format\":1,\"modules\""));
    assert!(hidden.len() > deep.len());
    for (_, reads) in DOCUMENTS {
        assert!(!reads(deep.as_bytes()) && !reads(hidden.as_bytes()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_no_document(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for (_, reads) in DOCUMENTS {
            prop_assert!(!reads(&bytes));
        }
    }

    #[test]
    fn a_document_with_changed_bytes_is_read_or_refused(
        at in any::<Index>(),
        removed in 0..8_usize,
        bytes in prop_oneof![prop::collection::vec(any::<u8>(), 0..8), "[\\[\\]{}\",:0-9e.<>=-]{0,4}".prop_map(String::into_bytes)],
    ) {
        for (document, reads) in DOCUMENTS {
            let mut document = document().to_string().into_bytes();
            let at = at.index(document.len());
            let end = document.len().min(at + removed);
            document.splice(at..end, bytes.iter().copied());
            let _ = reads(&document);
        }
    }

    #[test]
    fn a_document_with_a_value_out_of_place_is_read_or_refused(at in any::<Index>(), value in odd_value()) {
        for (document, reads) in DOCUMENTS {
            let mut document = document();
            let mut place = at.index(count(&document));
            replace(&mut document, &mut place, &value);
            let _ = reads(document.to_string().as_bytes());
        }
    }

    #[test]
    fn a_version_is_given_back_as_it_was_written(text in prop_oneof![".{0,20}", "[0-9]{0,3}(\\.[0-9]{0,21}){0,3}(-[a-z0-9.-]{0,8})?"]) {
        if let Ok(version) = text.parse::<Version>() {
            prop_assert_eq!(version.as_str(), &text);
            let json = serde_json::to_string(&version).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Version>(&json).unwrap(), &version);
        }
    }

    #[test]
    fn versions_have_one_order(
        texts in prop::array::uniform3("0{0,2}[0-9]{1,2}\\.[0-9]{1,2}(\\.[0-9]{1,2})?(-(rc|[a-z]|[0-9]){1,2}(\\.[a-z0-9])?)?")
    ) {
        let versions: Vec<Version> = texts.iter().filter_map(|text| text.parse().ok()).collect();
        for (a, b) in versions.iter().flat_map(|a| versions.iter().map(move |b| (a, b))) {
            prop_assert_eq!(a.cmp(b), b.cmp(a).reverse());
            prop_assert_eq!(ClassRule::default().between(a, b), ClassRule::default().between(b, a));
            for c in &versions {
                prop_assert!(!(a <= b && b <= c) || a <= c);
            }
        }
    }

    #[test]
    fn a_range_means_the_same_when_it_is_written_again(
        text in prop_oneof![".{0,20}", "[<>= ]{1,3}[0-9]{1,2}\\.[0-9]{1,2}(, ?[<>=]{1,2}[0-9]\\.[0-9](-rc)?){0,2}"],
        version in "[0-9]{1,2}\\.[0-9]{1,2}",
    ) {
        if let Ok(range) = text.parse::<VersionRange>() {
            let again: VersionRange = range.to_string().parse().unwrap();
            prop_assert_eq!(&again, &range);
            let version = version.parse().unwrap();
            prop_assert_eq!(range.contains(&version), again.contains(&version));
        }
    }
}
