//! One of every code, and the proof that a wording says what the code carries.

use std::collections::BTreeSet;

use consign_metadata::digest::Sha256;
use consign_metadata::plan::OnInterrupt;
use consign_metadata::text::{Language, Text};
use consign_metadata::version::{Class, Version};
use serde::Serialize;
use serde_json::Value;

use crate::engine::event::{
    Answer, EngineState, Event, Failure, FolderProblem, FullFileSystem, Header, HeldFile, Holder, Item, ModuleChange,
    Packages, Person, Purpose, Reason, SkipReason,
};
use crate::engine::machine::{Activity, HaltCause, State};

/// Fields that a sentence does not repeat: codes it translates, places it names otherwise, digests.
const NOT_REPEATED: [&str; 15] = [
    "kind", "purposes", "event", "opens", "sha256", "item", "because", "answer", "uid", "ended", "class", "active",
    "enabled", "activity", "code",
];
/// Codes among values that are else repeated.
const TRANSLATED: [&str; 3] = ["before", "partial", "after"];

/// How many variants a type has: it does not compile while one is left out.
macro_rules! variants {
    ($type:ident: $($variant:ident)+) => {{
        fn _all(value: &$type) {
            match value { $($type::$variant { .. } => {})+ }
        }
        [$(stringify!($variant)),+].len()
    }};
}

pub(crate) use variants;

/// Every text and number in the value stands in both sentences, and the two languages differ.
pub fn assert_worded(value: &impl Serialize, sentence: impl Fn(Language) -> String) {
    let json = serde_json::to_value(value).unwrap();
    let (english, french) = (sentence(Language::En), sentence(Language::Fr));
    assert_ne!(english, french, "{json}");
    for text in [&english, &french] {
        assert!(!text.trim().is_empty(), "{json}");
        for parameter in parameters(&json) {
            assert!(text.contains(&parameter), "{parameter:?} of {json} is not in {text:?}");
        }
    }
}

fn parameters(json: &Value) -> Vec<String> {
    match json {
        Value::Object(fields) if fields.contains_key("header") => Vec::new(),
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| !NOT_REPEATED.contains(&name.as_str()))
            // The first attempt goes without saying.
            .filter(|(name, value)| *name != "attempt" || **value != 1)
            // The tag of a state; the state of a unit is repeated.
            .filter(|(name, _)| *name != "state" || fields.contains_key("unit"))
            .flat_map(|(name, value)| match name.ends_with(".service") {
                true => vec![name.clone()],
                false => parameters(value),
            })
            .collect(),
        Value::Array(items) => items.iter().filter(|item| item.get("code").is_none()).flat_map(parameters).collect(),
        Value::String(text) if TRANSLATED.contains(&text.as_str()) => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Bool(_) | Value::Null => Vec::new(),
    }
}

/// The codes of some values; a test that lists them notices a variant without a sample.
pub fn codes<T: Serialize>(values: &[T], tag: &str) -> BTreeSet<String> {
    let code = |value: &T| serde_json::to_value(value).unwrap()[tag].as_str().unwrap().to_owned();
    values.iter().map(code).collect()
}

pub fn v(text: &str) -> Version {
    text.parse().unwrap()
}

pub fn person() -> Person {
    Person { uid: 0, name: "marie".to_owned() }
}

pub fn header() -> Header {
    let item = |name: &str, packages| Item {
        name: name.to_owned(),
        packages,
        task: None,
        undo: !packages,
        no_return: false,
        on_interrupt: OnInterrupt::Rerun,
    };
    Header {
        format: 1,
        upgrade: 2,
        product: "acme/erp".parse().unwrap(),
        plan: Sha256::of(b"plan"),
        from: Some(v("1.4.0")),
        to: v("1.5.0"),
        revision: 1,
        class: Some(Class::Minor),
        modules: vec![ModuleChange {
            package: "acme-erp".parse().unwrap(),
            before: Some("1.4.0-1".to_owned()),
            after: "1.5.0-1".to_owned(),
        }],
        items: vec![item("stop", false), item("packages", true), item("init", false), item("start", false)],
        supersedes: None,
        has_served: false,
        joined: Vec::new(),
        agent: v("0.1.0"),
    }
}

pub fn reasons() -> Vec<Reason> {
    let all = vec![
        Reason::ClassUnsupported { class: Class::Major, from: v("1.4.0"), to: v("2.0.0") },
        Reason::TooOld { from: v("1.0.0"), supported_from: v("1.2.0") },
        Reason::RequiredStops { stops: vec![v("1.3.0"), v("1.6.0")] },
        Reason::Downgrade { from: v("1.5.0"), to: v("1.4.0") },
        Reason::NoteUnread { version: v("1.5.0"), sha256: Sha256::of(b"note") },
        Reason::SideEffectUnacknowledged { id: "reset-root".parse().unwrap(), sha256: Sha256::of(b"effect") },
        Reason::Unfinished { upgrade: 7 },
        Reason::TakenBack { upgrade: 6 },
        Reason::AgentTooOld { minimum: v("9.1.0") },
        Reason::Site { problem: "line 3: unknown key".to_owned() },
        Reason::Withdrawn { why: "data loss in reports".to_owned() },
        Reason::Unverified { what: "the feed".to_owned(), cause: "it is not signed".to_owned() },
        Reason::WouldRemove { packages: vec!["acme-erp".parse().unwrap(), "acme-web".parse().unwrap()] },
        Reason::MixedVersions { packages: vec![("acme-erp".parse().unwrap(), "1.5.0-1".to_owned())] },
        Reason::NotPrepared { upgrade: 8, failure: Failure::StillRunning { unit: "erp.service".parse().unwrap() } },
        Reason::PrerequisiteFailed {
            id: "postgresql".parse().unwrap(),
            otherwise: Text { en: "PostgreSQL 15 is needed.".to_owned(), fr: None },
        },
        Reason::PrerequisiteUnknown {
            id: "postgresql".parse().unwrap(),
            failure: Failure::Signal { signal: 9, output: Vec::new() },
        },
        Reason::TaskOpen {
            id: "snapshot".parse().unwrap(),
            summary: Text { en: "Take a snapshot.".to_owned(), fr: None },
            sha256: Sha256::of(b"task"),
        },
        Reason::AddOnUnsupported {
            add_on: "globex/snmp".parse().unwrap(),
            version: v("1.0.3"),
            supports: ">=1.4.0, <1.5.0".parse().unwrap(),
        },
        Reason::AddOnNotAllowed {
            add_on: "globex/snmp".parse().unwrap(),
            version: v("1.0.3"),
            primary: "A1".repeat(20).try_into().unwrap(),
        },
        Reason::AddOnNoPoint {
            add_on: "globex/snmp".parse().unwrap(),
            version: v("1.0.3"),
            point: "before-start".parse().unwrap(),
        },
        Reason::BaseUnsupported {
            base: "acme/console".parse().unwrap(),
            version: v("2.1.0"),
            supports: ">=2.2.0".parse().unwrap(),
        },
        Reason::ProgramMissing { step: "site".parse().unwrap(), program: "/srv/erp/site-hook".to_owned() },
        Reason::OutsideWindow { opens: jiff::Timestamp::UNIX_EPOCH },
        Reason::Unattended { class: Class::Minor },
        Reason::NoRoom { folder: "/var/lib/consignee".to_owned(), free_mib: 2, needed_mib: 8 },
        Reason::LongPreparation { seconds: 600 },
        Reason::NotFetched { cause: "cannot resolve packages.acme.example".to_owned() },
        Reason::NotInstalled { upgrade: 6, cause: "dpkg returned an error".to_owned() },
        unusable(FolderProblem::NotAFolder),
        unusable(FolderProblem::LeadsNowhere { target: "/mnt/backups".to_owned() }),
        unusable(FolderProblem::Refused { cause: "Read-only file system".to_owned() }),
        unusable(FolderProblem::NoAnswer { seconds: 3 }),
        Reason::NoRoomForUpgrade {
            file_systems: vec![FullFileSystem {
                folder: "/var/lib/consignee".to_owned(),
                free_mib: 20,
                needed_mib: 108,
                purposes: vec![Purpose::PreviousPackages, Purpose::Backup],
            }],
        },
        Reason::PreviousPackagesMissing { packages: vec![("acme-erp".parse().unwrap(), "1.4.0-1".to_owned())] },
        Reason::RebootPending { packages: vec!["linux-image-6.12".to_owned(), "libc6".to_owned()] },
        Reason::FilesHeldOpen {
            files: vec![HeldFile {
                file: "/usr/lib/acme/erp.so".to_owned(),
                process: "report".to_owned(),
                pid: 4711,
                unit: Some("acme-report.service".to_owned()),
            }],
            more: 3,
        },
        Reason::NotWritable {
            folder: r"C:\ProgramData\Acme\spool".to_owned(),
            account: r"NT SERVICE\AcmeErp".to_owned(),
            cause: Some("Access is denied. (os error 5)".to_owned()),
        },
        Reason::NotWritable {
            folder: r"C:\ProgramData\Acme\spool".to_owned(),
            account: "LocalService".to_owned(),
            cause: None,
        },
        Reason::DataDiffers { expected: "42".to_owned(), found: "41".to_owned() },
        Reason::CheckUnknown { check: "open_files".to_owned(), cause: "/proc is not mounted".to_owned() },
        Reason::NoAnswer,
    ];
    let variants = variants!(Reason: ClassUnsupported TooOld RequiredStops Downgrade NoteUnread
        SideEffectUnacknowledged TakenBack Unfinished AgentTooOld Site Withdrawn Unverified WouldRemove MixedVersions NotPrepared
        PrerequisiteFailed PrerequisiteUnknown TaskOpen AddOnUnsupported AddOnNotAllowed AddOnNoPoint BaseUnsupported
        ProgramMissing OutsideWindow Unattended NoRoom NoRoomForUpgrade FolderUnusable PreviousPackagesMissing RebootPending FilesHeldOpen
        NotWritable CheckUnknown LongPreparation NotFetched NotInstalled DataDiffers NoAnswer);
    assert_eq!(codes(&all, "code").len(), variants);
    all
}

fn unusable(problem: FolderProblem) -> Reason {
    Reason::FolderUnusable { folder: "/var/lib/consignee/acme/erp/backups".to_owned(), problem }
}

pub fn failures() -> Vec<Failure> {
    let output = vec!["cannot connect".to_owned()];
    let all = vec![
        Failure::Exit { status: 13, output: output.clone() },
        Failure::Signal { signal: 9, output: output.clone() },
        Failure::Timeout { seconds: 1800, output: output.clone() },
        Failure::OutOfMemory { output: output.clone() },
        Failure::EndedEarly { status: 14, output: output.clone() },
        Failure::DidNotStop { seconds: 61, output: output.clone() },
        Failure::Script {
            script: "5.0.4/pre-10.py".to_owned(),
            failure: Box::new(Failure::Exit { status: 15, output }),
        },
        Failure::ScriptChanged { script: "5.0.4/pre-10.py".to_owned() },
        Failure::ScriptDiffers { script: "/opt/erp/scripts/5.0.4/pre-10.py".to_owned() },
        Failure::ProgramMissing { program: "/opt/erp/init".to_owned() },
        Failure::CannotStart { program: "/opt/erp/init".to_owned(), reason: "No such file".to_owned() },
        Failure::Site { problem: "option edition: gold is not allowed".to_owned() },
        Failure::StillRunning { unit: "erp.service".parse().unwrap() },
        Failure::NotActive { unit: "erp.service".parse().unwrap(), state: "failed, exit-code".to_owned() },
        Failure::Unhealthy { check: "http://127.0.0.1:80/".to_owned(), found: "status 503".to_owned() },
        Failure::Host { reason: "No space left on device".to_owned() },
        Failure::Interrupted,
        Failure::DataDiffers { expected: "42".to_owned(), found: "41".to_owned() },
        Failure::AddOnUnfinished { add_on: "globex/snmp".parse().unwrap(), upgrade: 4 },
    ];
    let variants = variants!(Failure: Exit Signal Timeout CannotStart Site StillRunning NotActive Unhealthy Host
        Interrupted DataDiffers AddOnUnfinished ProgramMissing OutOfMemory EndedEarly DidNotStop Script ScriptChanged
        ScriptDiffers);
    assert_eq!(codes(&all, "code").len(), variants);
    all
}

pub fn holders() -> Vec<Holder> {
    let held = HeldFile {
        file: "/var/lib/erp/erp.db".to_owned(),
        process: "report".to_owned(),
        pid: 4711,
        unit: Some("acme-report.service".to_owned()),
    };
    let all = vec![
        Holder::File(held),
        Holder::Packages { process: "apt-get".to_owned(), pid: 4712 },
        Holder::Data { database: "erp".to_owned() },
    ];
    let variants = variants!(Holder: File Packages Data);
    assert_eq!(codes(&all, "kind").len(), variants);
    all
}

pub fn halts() -> Vec<HaltCause> {
    let all = vec![
        HaltCause::Unsatisfied { reasons: reasons() },
        HaltCause::Partial,
        HaltCause::Abandoned,
        HaltCause::Failed { failure: failures().remove(0) },
        HaltCause::Interrupted,
        HaltCause::LoopDetected { attempts: 3, holders: holders() },
    ];
    let variants = variants!(HaltCause: Unsatisfied Partial Abandoned Failed Interrupted LoopDetected);
    assert_eq!(codes(&all, "code").len(), variants);
    all
}

pub fn states() -> Vec<State> {
    let mut all = vec![
        State::Planned,
        State::Held,
        State::Cleared,
        State::Waiting { item: 2 },
        State::Stuck { item: 0, failure: failures().remove(0) },
        State::Completed,
        State::Cancelled,
        State::RolledBack,
        State::Superseded { by: 3 },
        State::Rescued { observed: v("1.5.0") },
    ];
    for activity in [Activity::Idle, Activity::Busy, Activity::Interrupted] {
        all.extend([State::Forward { item: 2, activity }, State::Backward { item: 0, activity }]);
    }
    all.extend(halts().into_iter().map(|cause| State::Halted { item: 2, cause }));
    let variants = variants!(State: Planned Held Cleared Forward Waiting Halted Backward Stuck Completed Cancelled
        RolledBack Superseded Rescued);
    assert_eq!(codes(&all, "state").len(), variants);
    all
}

pub fn events() -> Vec<Event> {
    let by = person();
    let engine = EngineState { active: true, enabled: true };
    let mut all = vec![
        Event::Begun { header: Box::new(header()) },
        Event::Held { reasons: reasons() },
        Event::Cleared,
        Event::Superseded { by: 3 },
        Event::Cancelled,
        Event::EnginesObserved { engines: [("erp.service".parse().unwrap(), engine)].into() },
        Event::StepStarted { item: 2, attempt: 1 },
        Event::StepStarted { item: 2, attempt: 3 },
        Event::StepSucceeded { item: 2 },
        Event::StepSkipped { item: 2, because: SkipReason::AlreadyDone },
        Event::StepSkipped { item: 2, because: SkipReason::NoSystemd },
        Event::RetryLater { item: 2 },
        Event::Interrupted { item: 2 },
        Event::Asked { item: 2 },
        Event::LoopDetected { item: 2, attempts: 3, holders: Vec::new() },
        Event::LoopDetected { item: 2, attempts: 3, holders: holders() },
        Event::Retry { by: Some(by.clone()) },
        Event::Retry { by: None },
        Event::SkippedBy { by: by.clone() },
        Event::Rescued { observed: v("1.5.0"), by: by.clone() },
        Event::PackagesKept { missing: Vec::new() },
        Event::PackagesKept { missing: vec![("acme-erp".parse().unwrap(), "1.4.0-1".to_owned())] },
        Event::RollbackRequested { by: by.clone(), accepts_data_loss: false },
        Event::RollbackRequested { by: by.clone(), accepts_data_loss: true },
        Event::UndoStarted { item: -1, attempt: 1 },
        Event::UndoStarted { item: 0, attempt: 2 },
        Event::UndoSucceeded { item: 0 },
        Event::UndoInterrupted { item: 0 },
        Event::UndoRetried { by: by.clone() },
        Event::DataObserved { version: Some("42".to_owned()) },
        Event::DataObserved { version: None },
        Event::DataAccepted { version: "41".to_owned(), by: by.clone() },
    ];
    for answer in [Answer::Done, Answer::Rerun, Answer::Undo] {
        all.push(Event::Answered { item: 2, answer, by: by.clone() });
    }
    for observed in [Packages::Before, Packages::Partial, Packages::After] {
        all.extend([true, false].map(|ended| Event::Packages { observed, ended }));
    }
    all.extend(failures().into_iter().map(|failure| Event::StepFailed { item: 2, failure }));
    all.extend(failures().into_iter().map(|failure| Event::UndoFailed { item: 0, failure }));
    let variants = variants!(Event: Begun Held Cleared Superseded Cancelled EnginesObserved Packages StepStarted
        StepSucceeded StepSkipped RetryLater StepFailed Interrupted Asked Answered LoopDetected Retry SkippedBy
        Rescued PackagesKept RollbackRequested UndoStarted UndoSucceeded UndoInterrupted UndoFailed UndoRetried
        DataObserved DataAccepted);
    assert_eq!(codes(&all, "event").len(), variants);
    all
}
