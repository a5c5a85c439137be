//! An upgrade and everything that can happen to it, for the tests of this folder.

use consign_metadata::digest::Sha256;
use consign_metadata::plan::OnInterrupt;

use super::event::{
    Answer, EngineState, Event, FORMAT, Failure, Header, Item, ModuleChange, Packages, Person, Reason, SkipReason,
};
use super::machine::Upgrade;

/// announce, stop, packages, migrate, start, health: the list of [`header`].
pub const PACKAGES: usize = 2;

pub fn item(name: &str) -> Item {
    Item {
        name: name.to_owned(),
        packages: name == "packages",
        task: None,
        undo: !["packages", "migrate"].contains(&name),
        no_return: name == "start",
        on_interrupt: if name == "migrate" { OnInterrupt::Ask } else { OnInterrupt::Rerun },
    }
}

pub fn header_of(names: &[&str]) -> Header {
    Header {
        format: FORMAT,
        upgrade: 1,
        product: "acme/erp".parse().unwrap(),
        plan: Sha256::of(b"plan"),
        from: Some("1.0.0".parse().unwrap()),
        to: "1.1.0".parse().unwrap(),
        revision: 1,
        class: None,
        modules: vec![ModuleChange {
            package: "acme-erp".parse().unwrap(),
            before: Some("1.0.0-1".to_owned()),
            after: "1.1.0-1".to_owned(),
        }],
        items: names.iter().map(|name| item(name)).collect(),
        supersedes: None,
        has_served: false,
        joined: Vec::new(),
        agent: "0.1.0".parse().unwrap(),
    }
}

pub fn header() -> Header {
    header_of(&["announce", "stop", "packages", "migrate", "start", "health"])
}

pub fn person() -> Person {
    Person { uid: 0, name: "ops".to_owned() }
}

pub fn failure() -> Failure {
    Failure::Exit { status: 1, output: vec!["no \"room\" left, é".to_owned()] }
}

pub fn packages(observed: Packages, ended: bool) -> Event {
    Event::Packages { observed, ended }
}

pub fn started(item: usize, attempt: u32) -> Event {
    Event::StepStarted { item, attempt }
}

pub fn succeeded(item: usize) -> Event {
    Event::StepSucceeded { item }
}

pub fn failed(item: usize) -> Event {
    Event::StepFailed { item, failure: failure() }
}

/// Runs an item to its success.
pub fn done(item: usize) -> [Event; 2] {
    [started(item, 1), succeeded(item)]
}

/// Every event there is, aimed at every item, and with the attempt that would be next.
pub fn every_event(upgrade: &Upgrade) -> Vec<Event> {
    let all: Vec<i64> = (-1..i64::try_from(upgrade.header.items.len()).unwrap()).collect();
    events_about(upgrade, &all)
}

/// The same aimed at some of the items, of which −1 is the old version's health.
pub fn events_about(upgrade: &Upgrade, items: &[i64]) -> Vec<Event> {
    let observed = EngineState { active: true, enabled: true };
    let mut events = vec![
        Event::Held { reasons: vec![Reason::NoAnswer] },
        Event::Cleared,
        Event::Superseded { by: 2 },
        Event::Cancelled,
        Event::EnginesObserved { engines: [("erp.service".parse().unwrap(), observed)].into() },
        Event::Retry { by: Some(person()) },
        Event::Retry { by: None },
        Event::SkippedBy { by: person() },
        Event::Rescued { observed: "1.0.0".parse().unwrap(), by: person() },
        Event::RollbackRequested { by: person(), accepts_data_loss: false },
        Event::RollbackRequested { by: person(), accepts_data_loss: true },
        Event::PackagesKept { missing: Vec::new() },
        Event::UndoRetried { by: person() },
        Event::DataObserved { version: Some("7".to_owned()) },
        Event::DataObserved { version: None },
        Event::DataAccepted { version: "6".to_owned(), by: person() },
    ];
    for seen in [Packages::Before, Packages::Partial, Packages::After] {
        events.extend([packages(seen, false), packages(seen, true)]);
    }
    for item in items.iter().filter_map(|item| usize::try_from(*item).ok()) {
        events.extend([
            started(item, upgrade.attempts(item) + 1),
            succeeded(item),
            Event::StepSkipped { item, because: SkipReason::AlreadyDone },
            Event::RetryLater { item },
            failed(item),
            Event::Interrupted { item },
            Event::Asked { item },
            Event::LoopDetected { item, attempts: upgrade.attempts(item), holders: Vec::new() },
        ]);
        let answers = [Answer::Done, Answer::Rerun, Answer::Undo];
        events.extend(answers.map(|answer| Event::Answered { item, answer, by: person() }));
    }
    for item in items.iter().copied() {
        events.extend([
            Event::UndoStarted { item, attempt: upgrade.undo_attempts(item) + 1 },
            Event::UndoSucceeded { item },
            Event::UndoInterrupted { item },
            Event::UndoFailed { item, failure: failure() },
        ]);
    }
    events
}
