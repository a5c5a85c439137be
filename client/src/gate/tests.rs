//! Each gate alone, and all of them at once.

use std::collections::BTreeMap;

use consign_metadata::digest::Sha256;
use consign_metadata::feed::FeedRelease;
use consign_metadata::plan::UpgradePlan;
use consign_metadata::version::{Class, Version};
use jiff::Timestamp;

use super::*;
use crate::acknowledgement::{Acknowledgement, Subject, acknowledge};
use crate::engine::event::{Event, Header, Item, ModuleChange, Packages, Person};
use crate::engine::runner;

fn v(text: &str) -> Version {
    text.parse().unwrap()
}

fn plan(version: &str) -> UpgradePlan {
    let digest = Sha256::of(b"text");
    let json = serde_json::json!({
        "kind": "plan", "format": 1, "vendor": "acme", "product": "erp", "version": version, "revision": 1,
        "supported_from": "1.0.0", "upgrades": ["patch", "minor"], "class_rule": {"major": 1, "minor": 2},
        "required_stops": [],
        "notes": [
            {"version": "1.0.0", "acknowledge": true, "texts": {"en": digest}},
            {"version": "1.1.0", "acknowledge": true, "texts": {"en": digest}},
            {"version": "1.2.0", "acknowledge": false, "texts": {"en": digest}},
        ],
        "minimum_agent": "0.1.0",
        "body": {
            "format": 1,
            "modules": [{"package": "acme-erp", "native": {"deb": format!("{version}-1")}}],
            "engines": ["erp.service"],
            "options": {"edition": {"allowed": ["core", "cat"], "default": "core"}},
            "side_effects": [{"id": "password", "when": {"to": "<1.3.0"}, "summary": {"en": "The password is reset."}}],
            "steps": [{"kind": "stop", "timeout_seconds": 30}, {"kind": "packages"}, {"kind": "start", "timeout_seconds": 30}],
        },
    });
    UpgradePlan::parse(&serde_json::to_vec(&json).unwrap()).unwrap()
}

struct Site {
    _root: tempfile::TempDir,
    places: Places,
    product: Product,
    agent: Version,
    relations: Relations,
}

impl Site {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        let product = Product::new(&places, "acme/erp".parse().unwrap());
        Self { _root: root, places, product, agent: v("0.1.0"), relations: Relations::default() }
    }

    fn reasons(&self, plan: &UpgradePlan, from: &str, newest: Option<&Upgrade>) -> Vec<Reason> {
        let from = v(from);
        let (places, product, agent) = (&self.places, &self.product, &self.agent);
        let relations = &self.relations;
        reasons(&Case { places, product, plan, from: &from, newest, release: None, relations, agent, asking: None })
    }

    fn acknowledge(&self, subject: Subject, version: &str) {
        let by = Person { uid: 0, name: "marie".to_owned() };
        let one = Acknowledgement { at: Timestamp::UNIX_EPOCH, by, subject, version: v(version) };
        acknowledge(&self.product, &[one]).unwrap();
    }

    fn acknowledge_all(&self, plan: &UpgradePlan, from: &str) {
        for reason in self.reasons(plan, from, None) {
            match reason {
                Reason::NoteUnread { version, sha256 } => {
                    self.acknowledge(Subject::Note { version, sha256 }, plan.envelope.version.as_str());
                }
                Reason::SideEffectUnacknowledged { id, sha256 } => {
                    self.acknowledge(Subject::SideEffect { id, sha256 }, plan.envelope.version.as_str());
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

fn upgrade(plan: &UpgradePlan) -> Upgrade {
    let from = v("1.0.0");
    let items: Vec<Item> = runner::items(plan, Some(&from));
    Upgrade::begin(Header {
        format: 1,
        upgrade: 7,
        product: plan.id(),
        plan: plan.digest,
        class: Some(Class::Minor),
        from: Some(from),
        to: plan.envelope.version.clone(),
        revision: 1,
        modules: vec![ModuleChange {
            package: "acme-erp".parse().unwrap(),
            before: Some("1.0.0-1".to_owned()),
            after: "1.1.0-1".to_owned(),
        }],
        items,
        supersedes: None,
        has_served: false,
        joined: Vec::new(),
        agent: v("0.1.0"),
    })
}

fn halted_at_packages(plan: &UpgradePlan) -> Upgrade {
    let mut upgrade = upgrade(plan);
    upgrade.apply(&Event::Packages { observed: Packages::After, ended: true }).unwrap();
    upgrade
}

#[test]
fn all_reasons_are_given_at_once() {
    let site = Site::new();
    let mut plan = plan("2.0.0");
    plan.envelope.minimum_agent = v("9.0.0");
    plan.body.side_effects[0].when.to = None;
    fs_err::create_dir_all(site.places.policy().parent().unwrap()).unwrap();
    fs_err::write(site.places.policy(), "nonsense = 1\n").unwrap();
    let reasons = site.reasons(&plan, "0.9.0", None);
    let codes: Vec<String> =
        reasons.iter().map(|r| serde_json::to_value(r).unwrap()["code"].as_str().unwrap().to_owned()).collect();
    assert_eq!(
        codes,
        [
            "too-old",
            "class-unsupported",
            "agent-too-old",
            "site",
            "note-unread",
            "note-unread",
            "side-effect-unacknowledged"
        ]
    );
}

#[test]
fn only_notes_on_the_way_ask_and_an_edited_one_asks_again() {
    let site = Site::new();
    let mut plan = plan("1.2.0");
    let asked = |reason: &Reason| match reason {
        Reason::NoteUnread { version, .. } => Some(version.to_string()),
        _ => None,
    };
    let notes: Vec<String> = site.reasons(&plan, "1.0.0", None).iter().filter_map(asked).collect();
    assert_eq!(notes, ["1.1.0"], "neither that of the version before nor one that does not ask");
    site.acknowledge_all(&plan, "1.0.0");
    assert_eq!(site.reasons(&plan, "1.0.0", None), []);
    plan.envelope.notes[1].texts = BTreeMap::from([(consign_metadata::text::Language::En, Sha256::of(b"edited"))]);
    let reasons = site.reasons(&plan, "1.0.0", None);
    assert!(matches!(&reasons[..], [Reason::NoteUnread { version, .. }] if *version == v("1.1.0")), "{reasons:?}");
}

#[test]
fn a_side_effect_asks_for_every_version_and_not_outside_its_range() {
    let site = Site::new();
    let password = |reasons: &[Reason]| reasons.iter().any(|r| matches!(r, Reason::SideEffectUnacknowledged { .. }));
    site.acknowledge_all(&plan("1.1.0"), "1.0.0");
    assert!(!password(&site.reasons(&plan("1.1.0"), "1.0.0", None)));
    assert!(password(&site.reasons(&plan("1.2.0"), "1.0.0", None)));
    assert!(!password(&site.reasons(&plan("1.3.0"), "1.0.0", None)));
    let mut again = plan("1.1.0");
    again.envelope.revision = 2;
    assert!(!password(&site.reasons(&again, "1.1.0", None)), "a new packaging of the same version runs nothing");
}

#[test]
fn acknowledgements_that_cannot_be_read_do_not_count_as_given() {
    let site = Site::new();
    fs_err::create_dir_all(site.product.acknowledgements()).unwrap();
    let reasons = site.reasons(&plan("1.2.0"), "1.0.0", None);
    assert!(reasons.iter().all(|r| matches!(r, Reason::Unverified { .. })) && !reasons.is_empty(), "{reasons:?}");
}

#[test]
fn a_withdrawn_release_is_refused_and_a_missing_feed_is_not_punished() {
    let site = Site::new();
    let plan = plan("1.3.0");
    site.acknowledge_all(&plan, "1.2.0");
    let withdrawn: FeedRelease = serde_json::from_value(serde_json::json!({
        "version": "1.3.0", "revision": 1, "published": "2026-01-01T00:00:00Z", "plan": plan.digest,
        "withdrawn": {"en": "it loses invoices"},
        "plan_file": {"path": "x", "size": 1, "sha256": plan.digest}, "packages": [],
    }))
    .unwrap();
    let from = v("1.2.0");
    let case = Case {
        places: &site.places,
        product: &site.product,
        plan: &plan,
        from: &from,
        newest: None,
        release: None,
        relations: &site.relations,
        agent: &site.agent,
        asking: None,
    };
    assert_eq!(reasons(&case), []);
    let expected = [Reason::Withdrawn { why: "it loses invoices".to_owned() }];
    assert_eq!(reasons(&Case { release: Some(&withdrawn), ..case }), expected);
}

#[test]
fn an_earlier_upgrade_is_finished_first_unless_the_new_one_is_its_fix() {
    let site = Site::new();
    let (first, fix) = (plan("1.1.0"), plan("1.3.0"));
    site.acknowledge_all(&fix, "1.0.0");
    let unfinished = |newest: &Upgrade, plan: &UpgradePlan| {
        site.reasons(plan, "1.0.0", Some(newest)).contains(&Reason::Unfinished { upgrade: 7 })
    };
    assert!(!unfinished(&upgrade(&first), &fix), "a candidate that was never begun is in nobody's way");
    let halted = halted_at_packages(&first);
    assert!(!unfinished(&halted, &fix));
    assert!(!unfinished(&halted, &first), "the same release again is the retry");
    assert!(unfinished(&halted_at_packages(&fix), &first), "an older release is no fix");
    let mut running = upgrade(&first);
    for event in [Event::Cleared, Event::StepStarted { item: 0, attempt: 1 }] {
        running.apply(&event).unwrap();
    }
    assert!(unfinished(&running, &fix));
}

#[test]
fn a_choice_that_is_not_allowed_is_met_before_anything_is_stopped() {
    let site = Site::new();
    let plan = plan("1.3.0");
    site.acknowledge_all(&plan, "1.2.0");
    let path = site.places.site(&site.product.id);
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(&path, "[options]\nedition = \"go\"\n").unwrap();
    let reasons = site.reasons(&plan, "1.2.0", None);
    assert!(matches!(&reasons[..], [Reason::Site { problem }] if problem.contains("line 2")), "{reasons:?}");
}

#[test]
fn a_program_that_the_site_keeps_is_looked_for_before_the_upgrade() {
    let site = Site::new();
    site.acknowledge_all(&plan("1.3.0"), "1.2.0");
    let plan = {
        let mut json = serde_json::to_value(&plan("1.3.0").envelope).unwrap();
        json["body"]["format"] = 3.into();
        json["body"]["site_programs"] = serde_json::json!(["/srv/erp/hook", "/srv/erp/probe"]);
        let hook = serde_json::json!({"kind": "run", "name": "hook", "command": ["/srv/erp/hook"], "user": "root",
            "timeout_seconds": 5, "done_probe": ["/srv/erp/probe"], "when": {"from": ">=1.1.0"}});
        let init = serde_json::json!({"kind": "run", "name": "init", "command": ["/opt/erp/new"], "user": "root",
            "timeout_seconds": 5});
        let steps = json["body"]["steps"].as_array_mut().unwrap();
        steps.extend([hook, init]);
        UpgradePlan::parse(&serde_json::to_vec(&json).unwrap()).unwrap()
    };
    let missing = |program: &str| Reason::ProgramMissing { step: "hook".parse().unwrap(), program: program.to_owned() };
    assert_eq!(site.reasons(&plan, "1.2.0", None), [missing("/srv/erp/hook"), missing("/srv/erp/probe")]);
    let hook = site.places.at("/srv/erp/hook");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "").unwrap();
    assert_eq!(site.reasons(&plan, "1.2.0", None), [missing("/srv/erp/probe")]);
    // A folder is no program.
    std::fs::create_dir(site.places.at("/srv/erp/probe")).unwrap();
    assert_eq!(site.reasons(&plan, "1.2.0", None), [missing("/srv/erp/probe")]);
    std::fs::remove_dir(site.places.at("/srv/erp/probe")).unwrap();
    std::fs::write(site.places.at("/srv/erp/probe"), "").unwrap();
    assert_eq!(site.reasons(&plan, "1.2.0", None), []);
}
