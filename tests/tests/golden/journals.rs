//! Journals of an earlier agent: each tells the state that it told then.

use std::collections::BTreeSet;

use consign_metadata::digest::Sha256;
use consignee::engine::event::{Event, FORMAT, FORMAT_WITH_ADD_ONS, FORMAT_WITH_BACKUP, Failure, Header};
use consignee::engine::journal::{FILE, Journal, JournalError, Replay};
use consignee::engine::machine::{Activity, HaltCause, State, Upgrade};

use crate::coverage::{codes, records};
use crate::fixture::{VERSIONS, copy_of, files, golden, text, turned};

/// Every code of version 1. Later agents may know more; none goes.
const EVENTS: &str = "answered asked begun cancelled cleared engines-observed held interrupted loop-detected \
    packages rescued retry retry-later rollback-requested skipped-by step-failed step-skipped step-started \
    step-succeeded superseded undo-failed undo-interrupted undo-retried undo-started undo-succeeded";
const FAILURES: &str = "cannot-start exit host interrupted not-active signal site still-running timeout unhealthy";
const REASONS: &str = "agent-too-old class-unsupported downgrade mixed-versions no-answer not-prepared note-unread \
    required-stops side-effect-unacknowledged site too-old unfinished unverified withdrawn would-remove";
/// What version 2 has besides.
const LATER_FAILURES: &str = "add-on-unfinished";
const LATER_REASONS: &str = "add-on-no-point add-on-not-allowed add-on-unsupported base-unsupported \
    prerequisite-failed prerequisite-unknown task-open";

fn replay(name: &str) -> Replay {
    let (version, journal) = name.split_once('/').unwrap();
    let folder = golden(version).join("journals").join(journal);
    Replay::of(&folder).unwrap_or_else(|error| panic!("{error}"))
}

fn upgrade(name: &str) -> Upgrade {
    replay(name).upgrade.unwrap()
}

/// Every journal, as `<version>/<name>`.
fn all() -> Vec<String> {
    let journals = |version: &str| {
        let folder = golden(version).join("journals");
        let name = move |file: std::path::PathBuf| {
            let journal = file.parent().unwrap().strip_prefix(&folder).unwrap().display().to_string();
            format!("{version}/{journal}")
        };
        files(&golden(version).join("journals")).into_iter().map(name).collect::<Vec<_>>()
    };
    VERSIONS.into_iter().flat_map(journals).collect()
}

/// About to undo an item.
fn back(item: usize) -> State {
    State::Backward { item: i64::try_from(item).unwrap(), activity: Activity::Idle }
}

fn tells(told: &[(&str, State)]) {
    for (name, state) in told {
        assert_eq!(upgrade(name).state, *state, "{name}");
    }
}

#[test]
fn each_tells_the_state_that_it_told_then() {
    tells(&[
        ("1/completed", State::Completed),
        ("1/cancelled", State::Cancelled),
        ("1/not-wanted", State::Cancelled),
        ("1/superseded", State::Superseded { by: 8 }),
        ("1/rescued", State::Rescued { observed: "1.0.0".parse().unwrap() }),
        ("1/rolled-back", State::RolledBack),
        ("1/torn", State::Forward { item: 3, activity: Activity::Busy }),
    ]);
    assert_eq!((upgrade("1/completed").attempts(3), upgrade("1/completed").attempts(4)), (4, 10));
    assert_eq!(upgrade("1/cancelled").undo_attempts(1), 3);
    assert_eq!((upgrade("1/torn").header.from, upgrade("1/rescued").header.from), (None, "1.0.0".parse().ok()));
    assert_eq!(upgrade("1/superseded").header.supersedes, Some(6));
    let engines = upgrade("1/completed").engines;
    assert!(engines.values().all(|engine| engine.active && !engine.enabled) && engines.len() == 1);
}

#[test]
fn each_that_an_add_on_joined_tells_the_state_that_it_told_then() {
    tells(&[
        ("2/completed", State::Completed),
        ("2/at-a-task", State::Waiting { item: 4 }),
        ("2/halted", State::Halted { item: 4, cause: HaltCause::Interrupted }),
        ("2/cancelled", State::Cancelled),
        ("2/superseded", State::Superseded { by: 8 }),
        ("2/rescued", State::Rescued { observed: "3.25.0".parse().unwrap() }),
        ("2/rolled-back", State::RolledBack),
        ("2/torn", State::Forward { item: 4, activity: Activity::Busy }),
    ]);
    let completed = upgrade("2/completed");
    assert_eq!((completed.attempts(4), completed.attempts(5), completed.attempts(8)), (4, 1, 1));
    for name in all().iter().filter(|name| name.starts_with("2/")) {
        let Upgrade { header, .. } = upgrade(name);
        let joined: Vec<_> =
            header.joined.iter().map(|add_on| format!("{} {}", add_on.product, add_on.version)).collect();
        let (format, expected) = match name.as_str() {
            "2/at-a-task" => (FORMAT, vec![]),
            _ => (FORMAT_WITH_ADD_ONS, vec!["globex/snmp 2.0.0".to_owned()]),
        };
        assert_eq!((header.format, joined), (format, expected), "{name}");
        let tasks: Vec<_> = header.items.iter().filter_map(|item| item.task.as_ref()?.fr.as_deref()).collect();
        assert_eq!(tasks, ["Branchez les sondes."], "{name}");
    }
}

#[test]
fn each_of_an_upgrade_with_a_backup_tells_the_state_that_it_told_then() {
    tells(&[
        ("4/completed", State::Completed),
        ("4/taken-back-by-itself", State::RolledBack),
        ("4/taken-back-by-hand", State::RolledBack),
        ("4/taken-back-after-a-fix", State::RolledBack),
        ("4/torn", State::Forward { item: 9, activity: Activity::Busy }),
    ]);
    let differs = Failure::DataDiffers { expected: "1".to_owned(), found: "2".to_owned() };
    assert_eq!(upgrade("4/stuck").state, State::Stuck { item: 1, failure: differs });
    assert!(
        all()
            .iter()
            .filter(|name| name.starts_with("4/"))
            .all(|name| upgrade(name).header.format == FORMAT_WITH_BACKUP)
    );
    assert!(upgrade("4/taken-back-after-a-fix").header.has_served);
    assert_eq!(upgrade("4/completed").attempts(4), 5);
}

#[test]
fn the_codes_that_they_held_are_still_there() {
    let set = |codes: &[&str]| -> BTreeSet<String> { codes.join(" ").split_whitespace().map(str::to_owned).collect() };
    assert_eq!(codes(&records("1")), [set(&[EVENTS]), set(&[FAILURES]), set(&[REASONS])]);
    let [_, failures, reasons] = codes(&records("2"));
    assert!(failures.is_superset(&set(&[LATER_FAILURES])), "{failures:?}");
    assert_eq!(reasons, set(&[LATER_REASONS]));
    let [events, failures, reasons] = codes(&records("4"));
    assert!(events.is_superset(&set(&["data-accepted data-observed packages-kept"])), "{events:?}");
    let latest =
        "data-differs did-not-stop ended-early out-of-memory program-missing script script-changed script-differs";
    assert!(failures.is_superset(&set(&[latest])), "{failures:?}");
    assert_eq!(reasons, set(&["data-differs program-missing taken-back"]));
}

/// Although nothing else in it is unknown.
#[test]
fn a_format_that_comes_later_is_not_gone_on_with() {
    let later = Header { format: FORMAT_WITH_BACKUP + 1, ..upgrade("2/completed").header };
    let folder = tempfile::tempdir().unwrap();
    Journal::create(folder.path(), later, "2027-01-01T00:00:00Z".parse().unwrap()).unwrap();
    let refused = Replay::of(folder.path());
    assert!(matches!(refused, Err(JournalError::Newer { found: 4, known: 3, .. })), "{refused:?}");
}

#[test]
fn a_turned_bit_is_found_in_the_line_that_has_it() {
    for name in ["1/completed", "1/cancelled", "1/rolled-back", "2/completed", "2/rolled-back", "4/taken-back-by-hand"]
    {
        let folder = golden(&name.replace('/', "/journals/"));
        let whole = fs_err::read(folder.join(FILE)).unwrap();
        let copy = copy_of(&folder);
        let mut begins = 0;
        for (index, line) in whole.split_inclusive(|byte| *byte == b'\n').enumerate() {
            for at in [begins + 3, begins + line.len() / 2, begins + line.len() - 5] {
                fs_err::write(copy.path().join(FILE), turned(&whole, at)).unwrap();
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
    for (version, busy) in [("1", 3), ("2", 4), ("4", 9)] {
        let copy = copy_of(&golden(version).join("journals/torn"));
        assert!(replay(&format!("{version}/torn")).torn);
        let mut journal = Journal::open(copy.path()).unwrap().unwrap();
        let failed = Event::StepFailed { item: busy, failure: Failure::Interrupted };
        journal.append(failed, "2027-01-01T00:00:00Z".parse().unwrap()).unwrap();
        let replay = Replay::of(copy.path()).unwrap();
        assert!(!replay.torn);
        // That of version 4 goes back by itself.
        let state = replay.upgrade.unwrap().state;
        assert!(matches!(state, State::Halted { item, .. } if item == busy) || version == "4" && state == back(busy));
    }
}

/// A record written today is the one that was written then. A parameter that came later is left out
/// where it has nothing to say.
#[test]
fn the_same_events_make_the_same_lines() {
    for name in all().iter().filter(|name| !name.ends_with("/torn")) {
        let folder = tempfile::tempdir().unwrap();
        let mut records = replay(name).records.into_iter();
        let header = upgrade(name).header;
        let mut journal = Journal::create(folder.path(), header, records.next().unwrap().at).unwrap();
        for record in records {
            journal.append(record.event, record.at).unwrap();
        }
        let again = fs_err::read(folder.path().join(FILE)).unwrap();
        let golden = text(&format!("{}/{FILE}", name.replace('/', "/journals/")));
        assert_eq!(Sha256::of(&again), Sha256::of(golden.as_bytes()), "{name}");
    }
}
