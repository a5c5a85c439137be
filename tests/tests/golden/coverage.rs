//! What the formats can say, as the code that reads them knows it: all of it is in some golden version.
//! Whoever adds something to a format makes a golden version that has it.

use std::cell::RefCell;
use std::collections::BTreeSet;

use consign_metadata::add_on::{AllowedAddOn, JoinedStep, Joins};
use consign_metadata::anchor::{Anchor, WindowsPins};
use consign_metadata::document::Role;
use consign_metadata::feed::{EntryPoints, Feed, FeedPackage, FeedRelease, FileReference, Shard, WindowsIndex};
use consign_metadata::plan::{
    self, Backup, BackupPart, Data, DataProbe, Database, Envelope, HealthCheck, Limits, Maintenance, Module,
    NativeVersions, NoteReference, OnInterrupt, OomPolicy, PlanBody, Ready, RunStep, Script, SideEffect, SiteOption,
    Step, Undo, When, WindowsModule, WindowsService, WindowsStart, WindowsWrite,
};
use consign_metadata::prerequisite::{Check, Prerequisite};
use consign_metadata::task::Task;
use consignee::engine::event::{
    Answer, Event, Failure, Header, Item, JoinedAddOn, ModuleChange, Packages, Reason, SkipReason,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::fixture::{BOTH, VERSIONS, WINDOWS, every, files, golden};

/// Reasons that pass with time: never in a journal.
const PASSING: [&str; 13] = [
    "outside-window",
    "unattended",
    "no-room",
    "no-room-for-upgrade",
    "folder-unusable",
    "previous-packages-missing",
    "reboot-pending",
    "files-held-open",
    "not-writable",
    "check-unknown",
    "long-preparation",
    "not-fetched",
    "not-installed",
];

/// The names that a reader knows: it lists them for whoever comes with another.
fn known<T: DeserializeOwned>(other: Value) -> BTreeSet<String> {
    let said = serde_json::from_value::<T>(other).err().expect("no format has this name").to_string();
    let listed = said.split_once("expected ").unwrap_or_else(|| panic!("{said}")).1;
    let names = listed.split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

fn fields<T: DeserializeOwned>() -> BTreeSet<String> {
    known::<T>(json!({ "other name": 0 }))
}

fn kinds<T: DeserializeOwned>(tag: &str) -> BTreeSet<String> {
    known::<T>(json!({ tag: "other name" }))
}

fn words<T: DeserializeOwned>() -> BTreeSet<String> {
    known::<T>(json!("other name"))
}

/// What lies at a path, `*` standing for every member.
fn at<'a>(values: &[&'a Value], path: &[&str]) -> Vec<&'a Value> {
    let down = |values: Vec<&'a Value>, name: &&str| -> Vec<&'a Value> {
        let below = |value: &'a Value| -> Vec<&'a Value> {
            match (value, *name) {
                (Value::Array(members), "*") => members.iter().collect(),
                (Value::Object(members), "*") => members.values().collect(),
                (value, name) => value.get(name).into_iter().collect(),
            }
        };
        values.into_iter().flat_map(below).collect()
    };
    path.iter().fold(values.to_vec(), down)
}

/// What of these names is none of a field, and no word, of any of the values.
fn missing(names: BTreeSet<String>, values: &[&Value]) -> Vec<String> {
    let said = |value: &&Value| match value {
        Value::Object(members) => members.keys().cloned().collect(),
        Value::String(word) => vec![word.clone()],
        _ => Vec::new(),
    };
    let found: BTreeSet<String> = values.iter().flat_map(said).collect();
    names.difference(&found).cloned().collect()
}

/// Every record of every journal of a version.
pub fn records(version: &str) -> Vec<Value> {
    let text = |file| fs_err::read_to_string(file).unwrap();
    let journals = files(&golden(&format!("{version}/journals")));
    let parsed = |text: String| text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect::<Vec<_>>();
    journals.into_iter().map(text).flat_map(parsed).collect()
}

/// The codes of journals: events, failures and reasons.
pub fn codes(records: &[Value]) -> [BTreeSet<String>; 3] {
    let mut found = [(); 3].map(|()| BTreeSet::new());
    let code = |value: &Value| value["code"].as_str().map(str::to_owned);
    for record in records {
        found[0].extend(record["event"].as_str().map(str::to_owned));
        found[1].extend(code(&record["failure"]));
        found[2].extend(record["reasons"].as_array().into_iter().flatten().filter_map(code));
    }
    found
}

#[test]
fn every_event_failure_and_reason_is_in_a_golden_journal() {
    let records: Vec<Value> = VERSIONS.into_iter().flat_map(records).collect();
    let reasons: BTreeSet<String> =
        kinds::<Reason>("code").into_iter().filter(|code| !PASSING.contains(&code.as_str())).collect();
    assert_eq!(codes(&records), [kinds::<Event>("event"), kinds::<Failure>("code"), reasons]);
}

#[test]
fn every_field_of_the_first_record_and_every_word_of_an_event_is_in_a_golden_journal() {
    let records: Vec<Value> = VERSIONS.into_iter().flat_map(records).collect();
    let records: Vec<&Value> = records.iter().collect();
    let cases = [
        (fields::<Header>(), at(&records, &["header"])),
        (fields::<ModuleChange>(), at(&records, &["header", "modules", "*"])),
        (fields::<Item>(), at(&records, &["header", "items", "*"])),
        (words::<OnInterrupt>(), at(&records, &["header", "items", "*", "on_interrupt"])),
        (fields::<JoinedAddOn>(), at(&records, &["header", "joined", "*"])),
        (words::<SkipReason>(), at(&records, &["because"])),
        (words::<Answer>(), at(&records, &["answer"])),
        (words::<Packages>(), at(&records, &["observed"])),
    ];
    for (names, values) in cases {
        assert_eq!(missing(names, &values), [""; 0]);
    }
}

#[test]
fn everything_that_a_feed_can_say_is_in_a_golden_feed() {
    every(|published| {
        let json = |file: &str| serde_json::from_slice::<Value>(&published.read(&format!("documents/{file}"))).unwrap();
        let (feed, shard, anchor) = (json("feed.json"), json("shard.json"), json("anchor.json"));
        let mut of_release = fields::<FeedRelease>();
        // Nothing can withdraw a release yet.
        of_release.remove("withdrawn");
        let cases = [
            (fields::<Feed>(), at(&[&feed], &[])),
            (fields::<EntryPoints>(), at(&[&feed], &["entry_points"])),
            (fields::<FileReference>(), at(&[&feed], &["shards", "*"])),
            (fields::<Shard>(), at(&[&shard], &[])),
            (of_release, at(&[&shard], &["releases", "*"])),
            (fields::<FeedPackage>(), at(&[&shard], &["releases", "*", "packages", "*"])),
            (of_other_hosts::<Anchor>(), at(&[&anchor], &[])),
        ];
        for (names, values) in cases {
            assert_eq!(missing(names, &values), [""; 0]);
        }
    });
}

/// An anchor says on every host what it says elsewhere than on Windows.
fn of_other_hosts<T: DeserializeOwned>() -> BTreeSet<String> {
    fields::<T>().into_iter().filter(|name| name != "windows").collect()
}

#[test]
fn everything_that_a_host_with_windows_is_told_is_in_golden_documents() {
    let json = |file: &str| serde_json::from_slice::<Value>(&WINDOWS.read(&format!("documents/{file}"))).unwrap();
    let (anchor, index, shard) = (json("anchor.json"), json("windows.json"), json("shard.json"));
    let cases = [
        (fields::<Anchor>(), at(&[&anchor], &[])),
        (fields::<WindowsPins>(), at(&[&anchor], &["windows"])),
        (fields::<WindowsIndex>(), at(&[&index], &[])),
        (fields::<FeedPackage>(), at(&[&index], &["packages", "*"])),
    ];
    for (names, values) in cases {
        assert_eq!(missing(names, &values), [""; 0]);
    }
    let both = serde_json::from_slice::<Value>(&BOTH.read("documents/shard.json")).unwrap();
    let natives = at(&[&both, &shard], &["releases", "*", "packages", "*", "native"]);
    assert_eq!(missing(fields::<NativeVersions>(), &natives), [""; 0]);
}

/// Every plan that was published, as JSON.
fn plans() -> Vec<Value> {
    let plans = RefCell::new(Vec::new());
    every(|published| {
        let keys = published.keys(Role::Package);
        for file in files(&published.path("repository/consign/plans")) {
            let verified = keys.verify_message(&fs_err::read(file).unwrap(), plan::MAXIMUM_SIZE).unwrap();
            plans.borrow_mut().push(serde_json::from_slice(&verified.bytes).unwrap());
        }
    });
    plans.into_inner()
}

#[test]
fn everything_that_a_plan_can_say_is_in_a_golden_plan() {
    let plans = plans();
    let envelopes: Vec<&Value> = plans.iter().collect();
    let body = at(&envelopes, &["body"]);
    let (steps, joined) = (at(&body, &["steps", "*"]), at(&body, &["joins", "steps", "*"]));
    let of_kind = |kind| steps.iter().copied().filter(move |step| step["kind"] == kind);
    let runs: Vec<&Value> = of_kind("run").chain(at(&joined, &["run"])).collect();
    let inner = of_kind("until").chain(of_kind("scripts")).filter_map(|step| step.get("run"));
    let limited: Vec<&Value> = runs.iter().copied().chain(inner).collect();
    let tasks: Vec<&Value> = of_kind("task").chain(at(&body, &["tasks", "*"])).collect();
    let cases = [
        (fields::<Envelope>(), envelopes.clone()),
        (fields::<NoteReference>(), at(&envelopes, &["notes", "*"])),
        (fields::<PlanBody>(), body.clone()),
        (fields::<Module>(), at(&body, &["modules", "*"])),
        (fields::<NativeVersions>(), at(&body, &["modules", "*", "native"])),
        (fields::<WindowsModule>(), at(&body, &["windows", "*"])),
        (fields::<WindowsService>(), at(&body, &["windows", "*", "services", "*"])),
        (words::<WindowsStart>(), at(&body, &["windows", "*", "services", "*", "start"])),
        (fields::<WindowsWrite>(), at(&body, &["windows", "*", "writes", "*"])),
        (fields::<SiteOption>(), at(&body, &["options", "*"])),
        (fields::<SideEffect>(), at(&body, &["side_effects", "*"])),
        (fields::<Prerequisite>(), at(&body, &["prerequisites", "*"])),
        (kinds::<Check>("kind"), at(&body, &["prerequisites", "*", "check", "kind"])),
        (fields::<Task>(), tasks),
        (fields::<AllowedAddOn>(), at(&body, &["add_ons", "*"])),
        (fields::<Joins>(), at(&body, &["joins"])),
        (fields::<JoinedStep>(), joined),
        (kinds::<Step>("kind"), at(&steps, &["kind"])),
        (kinds::<HealthCheck>("kind"), at(&steps, &["checks", "*", "kind"])),
        (fields::<RunStep>(), runs.clone()),
        (fields::<Backup>(), at(&of_kind("backup").collect::<Vec<_>>(), &[])),
        (kinds::<BackupPart>("kind"), at(&steps, &["parts", "*", "kind"])),
        (kinds::<Database>("engine"), at(&steps, &["parts", "*", "database", "engine"])),
        (fields::<Data>(), at(&body, &["data"])),
        (fields::<DataProbe>(), at(&body, &["data", "probe"])),
        (fields::<Maintenance>(), at(&body, &["maintenance"])),
        (fields::<Script>(), at(&steps, &["list", "*"])),
        (fields::<Ready>(), at(&steps, &["ready"])),
        (fields::<Limits>(), at(&limited, &["limits"])),
        (words::<OomPolicy>(), at(&limited, &["limits", "oom_policy"])),
        (words::<Undo>(), at(&runs, &["undo"])),
        (words::<OnInterrupt>(), at(&runs, &["on_interrupt"])),
        (fields::<When>(), at(&runs, &["when"])),
    ];
    for (names, values) in cases {
        assert_eq!(missing(names, &values), [""; 0]);
    }
}
