//! Journals of an earlier agent: each tells the state that it told then.

use std::collections::BTreeSet;

use consign_metadata::digest::Sha256;
use consignee::engine::event::Failure;
use consignee::engine::journal::{FILE, Journal, JournalError, Replay};
use consignee::engine::machine::{Activity, State, Upgrade};
use serde_json::Value;

use crate::fixture::{copy_of, files, golden, text, turned};

/// Every code of format 1. Later agents may know more; none goes.
const EVENTS: &str = "answered asked begun cancelled cleared engines-observed held interrupted loop-detected \
    packages rescued retry retry-later rollback-requested skipped-by step-failed step-skipped step-started \
    step-succeeded superseded undo-failed undo-interrupted undo-retried undo-started undo-succeeded";
const FAILURES: &str = "cannot-start exit host interrupted not-active signal site still-running timeout unhealthy";
const REASONS: &str = "agent-too-old class-unsupported downgrade mixed-versions no-answer not-prepared note-unread \
    required-stops side-effect-unacknowledged site too-old unfinished unverified withdrawn would-remove";

fn replay(name: &str) -> Replay {
    Replay::of(&golden("journals").join(name)).unwrap_or_else(|error| panic!("{error}"))
}

fn upgrade(name: &str) -> Upgrade {
    replay(name).upgrade.unwrap()
}

#[test]
fn each_tells_the_state_that_it_told_then() {
    let told = [
        ("completed", State::Completed),
        ("cancelled", State::Cancelled),
        ("not-wanted", State::Cancelled),
        ("superseded", State::Superseded { by: 8 }),
        ("rescued", State::Rescued { observed: "1.0.0".parse().unwrap() }),
        ("rolled-back", State::RolledBack),
        ("torn", State::Forward { item: 3, activity: Activity::Busy }),
    ];
    for (name, state) in told {
        assert_eq!(upgrade(name).state, state, "{name}");
    }
    assert_eq!((upgrade("completed").attempts(3), upgrade("completed").attempts(4)), (4, 10));
    assert_eq!(upgrade("cancelled").undo_attempts(1), 3);
    assert_eq!((upgrade("torn").header.from, upgrade("rescued").header.from), (None, "1.0.0".parse().ok()));
    assert_eq!(upgrade("superseded").header.supersedes, Some(6));
    let engines = upgrade("completed").engines;
    assert!(engines.values().all(|engine| engine.active && !engine.enabled) && engines.len() == 1);
}

#[test]
fn they_hold_every_code_of_the_format() {
    let mut events = BTreeSet::new();
    let mut reasons = BTreeSet::new();
    let mut failures = BTreeSet::new();
    let code = |value: &Value| value["code"].as_str().map(str::to_owned);
    for file in files(&golden("journals")) {
        let text = fs_err::read_to_string(file).unwrap();
        for record in text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            events.extend(record["event"].as_str().map(str::to_owned));
            reasons.extend(record["reasons"].as_array().into_iter().flatten().filter_map(code));
            failures.extend(code(&record["failure"]));
        }
    }
    let all = |codes: &str| codes.split_whitespace().map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!((events, reasons, failures), (all(EVENTS), all(REASONS), all(FAILURES)));
}

#[test]
fn a_turned_bit_is_found_in_the_line_that_has_it() {
    for name in ["completed", "cancelled", "rolled-back"] {
        let whole = text(&format!("journals/{name}/{FILE}"));
        let mut begins = 0;
        for (index, line) in whole.split_inclusive('\n').enumerate() {
            for at in [begins + 3, begins + line.len() / 2, begins + line.len() - 5] {
                let copy = copy_of(&format!("journals/{name}"));
                fs_err::write(copy.path().join(FILE), turned(whole.as_bytes(), at)).unwrap();
                match Replay::of(copy.path()) {
                    Err(JournalError::Damaged { line, .. }) => assert_eq!(line, index + 1, "{name}, byte {at}"),
                    other => panic!("{name}, byte {at}: {other:?}"),
                }
            }
            begins += line.len();
        }
    }
}

#[test]
fn a_torn_line_is_cut_off_and_the_journal_goes_on() {
    let copy = copy_of("journals/torn");
    assert!(replay("torn").torn);
    let mut journal = Journal::open(copy.path()).unwrap().unwrap();
    let failed = consignee::engine::event::Event::StepFailed { item: 3, failure: Failure::Interrupted };
    journal.append(failed, "2027-01-01T00:00:00Z".parse().unwrap()).unwrap();
    let replay = Replay::of(copy.path()).unwrap();
    assert!(!replay.torn && matches!(replay.upgrade.unwrap().state, State::Halted { item: 3, .. }));
}

/// A record written today is the one that was written then. A parameter that came later is left out
/// where it has nothing to say.
#[test]
fn the_same_events_make_the_same_lines() {
    for name in ["completed", "cancelled", "not-wanted", "superseded", "rescued", "rolled-back"] {
        let folder = tempfile::tempdir().unwrap();
        let mut records = replay(name).records.into_iter();
        let header = upgrade(name).header;
        let mut journal = Journal::create(folder.path(), header, records.next().unwrap().at).unwrap();
        for record in records {
            journal.append(record.event, record.at).unwrap();
        }
        let again = fs_err::read(folder.path().join(FILE)).unwrap();
        let golden = text(&format!("journals/{name}/{FILE}"));
        assert_eq!(Sha256::of(&again), Sha256::of(golden.as_bytes()), "{name}");
    }
}
