//! What a power cut, a bad disk and an editor do to a journal.

use proptest::prelude::*;

use super::*;
use crate::engine::sample::*;

fn at() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

/// A journal that has taken those of the events that were possible.
fn journal(folder: &Path, events: &[Event]) -> Journal {
    let mut journal = Journal::create(folder, header(), at()).unwrap();
    for event in events {
        match journal.append(event.clone(), at()) {
            Ok(()) | Err(JournalError::Illegal(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    journal
}

fn some_events() -> Vec<Event> {
    let reasons = vec![super::super::event::Reason::NoAnswer];
    let start = vec![Event::Held { reasons }, Event::Cleared];
    [start, done(0).to_vec(), done(1).to_vec(), vec![started(2, 1)]].concat()
}

#[test]
fn what_was_appended_is_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let written = journal(folder.path(), &some_events());
    let again = Journal::open(folder.path()).unwrap().unwrap();
    assert_eq!(again.upgrade(), written.upgrade());
    assert_eq!(Replay::of(folder.path()).unwrap().records.len(), 7);
    assert!(Journal::create(folder.path(), header(), at()).is_err(), "a journal is never begun twice");
}

#[test]
fn an_event_that_does_not_fit_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = journal(folder.path(), &[]);
    let before = fs_err::read(folder.path().join(FILE)).unwrap();
    assert!(matches!(journal.append(succeeded(0), at()), Err(JournalError::Illegal(_))));
    assert_eq!(fs_err::read(folder.path().join(FILE)).unwrap(), before);
    journal.append(Event::Cleared, at()).unwrap();
    assert!(Journal::open(folder.path()).unwrap().is_some());
}

#[test]
fn a_torn_last_line_is_dropped_wherever_it_was_torn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    journal(folder.path(), &some_events());
    let whole = fs_err::read(&path).unwrap();
    let last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for length in last..whole.len() {
        // The tail never came, or came as the zeros of pages that were not written.
        for zeros in [0, 1, whole.len() - length, 4096] {
            let torn = [&whole[..length], &vec![0; zeros]].concat();
            fs_err::write(&path, &torn).unwrap();
            let mut journal = Journal::open(folder.path()).unwrap().unwrap_or_else(|| panic!("at {length}"));
            assert_eq!(journal.next_seq, 6, "at {length} with {zeros} zeros");
            journal.append(started(2, 1), at()).unwrap_err();
            journal.append(super::super::sample::packages(super::super::event::Packages::After, true), at()).unwrap();
            assert_eq!(Replay::of(folder.path()).unwrap().records.len(), 7, "at {length}");
        }
    }
}

#[test]
fn a_first_line_that_is_torn_was_no_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    journal(folder.path(), &[]);
    let whole = fs_err::read(&path).unwrap();
    for length in 0..whole.len() {
        fs_err::write(&path, &whole[..length]).unwrap();
        assert!(Journal::open(folder.path()).unwrap().is_none(), "at {length}");
    }
}

/// The disk takes the beginning of a line and then no more: `ulimit` is such a disk, for a process of its own.
#[test]
fn a_line_that_found_room_for_a_part_of_it_is_not_there_at_all() {
    const IN_LITTLE_ROOM: &str = "IN_LITTLE_ROOM";
    if std::env::var_os(IN_LITTLE_ROOM).is_none() {
        let name = "engine::journal::tests::a_line_that_found_room_for_a_part_of_it_is_not_there_at_all";
        let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" --exact \"$1\"";
        let program = std::env::current_exe().unwrap();
        let mut command = std::process::Command::new("sh");
        let child = command.args(["-c", script]).arg(program).arg(name).env(IN_LITTLE_ROOM, "1").output().unwrap();
        assert!(child.status.success(), "{child:?}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut journal = journal(folder.path(), &[Event::Cleared]);
    let held = || Event::Held { reasons: vec![super::super::event::Reason::NoAnswer] };
    let full = (0..1000).find_map(|_| journal.append(held(), at()).err()).expect("the disk is full at some time");
    assert!(matches!(full, JournalError::Io { action: "write", .. }), "{full}");
    let written = journal.next_seq;
    journal.append(held(), at()).unwrap_err();
    let replay = Replay::of(folder.path()).unwrap();
    assert!(!replay.torn && replay.records.len() as u64 == written && written > 2);
}

#[test]
fn any_other_damage_stops_with_the_line_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    journal(folder.path(), &some_events());
    let whole = fs_err::read(&path).unwrap();
    for place in 0..whole.len() - 1 {
        let mut damaged = whole.clone();
        damaged[place] ^= 1;
        fs_err::write(&path, &damaged).unwrap();
        let line = whole[..place].iter().filter(|byte| **byte == b'\n').count() + 1;
        match Journal::open(folder.path()) {
            Err(JournalError::Damaged { line: named, .. }) => assert_eq!(named, line, "byte {place}"),
            other => panic!("byte {place}: {other:?}"),
        }
        assert_eq!(fs_err::read(&path).unwrap(), damaged, "a damaged journal is evidence: it stays as it is");
    }
}

#[test]
fn a_journal_of_a_later_format_asks_for_a_later_agent() {
    let folder = tempfile::tempdir().unwrap();
    drop(Journal::create(folder.path(), Header { format: 9, ..header() }, at()).unwrap());
    let line = fs_err::read_to_string(folder.path().join(FILE)).unwrap();
    fs_err::write(folder.path().join(FILE), line.replace("\"format\":9", "\"wonders\":[],\"format\":9")).unwrap();
    let error = Replay::of(folder.path()).unwrap_err();
    assert!(matches!(&error, JournalError::Newer { found: 9, known: 3, .. }), "{error}");
}

#[test]
fn lines_that_were_moved_or_lost_are_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    journal(folder.path(), &some_events());
    let whole = fs_err::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    for gone in 0..lines.len() - 1 {
        let without: String = lines.iter().enumerate().filter(|(i, _)| *i != gone).map(|(_, line)| *line).collect();
        fs_err::write(&path, without).unwrap();
        assert!(matches!(Replay::of(folder.path()), Err(JournalError::Damaged { line, .. }) if line == gone + 1));
    }
}

#[test]
fn a_line_that_was_edited_with_care_does_not_fit_its_neighbours() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    journal(folder.path(), &some_events());
    let whole = fs_err::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    type Edit = fn(&mut Record);
    // Line, change of the record, and the line that gives it away.
    let edits: [(usize, Edit, usize); 3] = [
        (2, |record| record.at = Timestamp::UNIX_EPOCH, 4),
        (2, |record| record.seq += 1, 3),
        (6, |record| record.prev = Sha256::of(b"another"), 7),
    ];
    for (index, edit, named) in edits {
        let mut record = record_of(lines[index].as_bytes()).unwrap();
        edit(&mut record);
        let edited = line_of(&record);
        let text: String =
            (0..lines.len()).map(|i| if i == index { &edited } else { lines[i] }.to_owned() + "\n").collect();
        fs_err::write(&path, text).unwrap();
        match Replay::of(folder.path()) {
            Err(JournalError::Damaged { line, .. }) => assert_eq!(line, named),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_last_line_whose_middle_never_reached_the_disk_is_torn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    journal(folder.path(), &some_events());
    let mut holed = fs_err::read(&path).unwrap();
    let end = holed.len();
    holed[end - 40..end - 10].fill(0);
    fs_err::write(&path, holed).unwrap();
    assert!(Replay::of(folder.path()).unwrap().torn);
}

/// The line of `docs/journal.md`: what is written there is what is written.
#[test]
fn the_page_shows_a_real_line() {
    let page = include_str!("../../../../docs/journal.md");
    let shown: Vec<&str> = page.lines().filter(|line| line.starts_with("{\"seq\":")).collect();
    assert!(!shown.is_empty());
    for line in shown {
        let record = record_of(line.as_bytes()).unwrap_or_else(|problem| panic!("{problem}: {line}"));
        assert_eq!(line_of(&record), line);
    }
}

#[test]
fn the_page_knows_every_event() {
    let page = include_str!("../../../../docs/journal.md");
    for event in every_event(&Upgrade::begin(header())) {
        let code = serde_json::to_value(&event).unwrap()["event"].as_str().unwrap().to_owned();
        assert!(page.contains(&format!("| `{code}` |")), "{code}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever happens to an upgrade, in whatever order: the file tells the same state.
    #[test]
    fn any_history_replays_to_the_state_it_led_to(choices in prop::collection::vec(any::<prop::sample::Index>(), 0..60)) {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = journal(folder.path(), &[]);
        for choice in choices {
            let legal: Vec<Event> = every_event(journal.upgrade())
                .into_iter()
                .filter(|event| journal.upgrade().clone().apply(event).is_ok())
                .collect();
            if legal.is_empty() {
                break;
            }
            journal.append(choice.get(&legal).clone(), at()).unwrap();
        }
        let replay = Replay::of(folder.path()).unwrap();
        prop_assert_eq!(replay.upgrade.as_ref(), Some(journal.upgrade()));
        prop_assert_eq!(replay.records.len() as u64, journal.next_seq);
    }
}
