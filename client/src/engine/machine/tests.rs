//! Every row of the table, what is in none of them, and the drawing of it.

mod model;

use std::collections::BTreeSet;

use consign_metadata::version::Version;

use super::*;
use crate::engine::sample::*;
use Activity::{Busy, Idle, Interrupted};
use Packages::{After, Before, Partial};

fn after(events: &[Event]) -> Upgrade {
    let mut upgrade = Upgrade::begin(header());
    for event in events {
        upgrade.apply(event).unwrap_or_else(|error| panic!("{error}"));
    }
    upgrade
}

fn list(parts: &[&[Event]]) -> Vec<Event> {
    parts.concat()
}

fn leads(events: &[Event], event: Event, to: State) {
    let mut upgrade = after(events);
    let from = upgrade.state.clone();
    upgrade.apply(&event).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(upgrade.state, to, "{from:?} and {event:?}");
}

fn refused(events: &[Event], event: Event) {
    let mut upgrade = after(events);
    let before = upgrade.clone();
    assert!(upgrade.apply(&event).is_err(), "{:?} took {event:?}", before.state);
    assert_eq!(upgrade, before, "a refused event must change nothing");
}

fn forward(item: usize, activity: Activity) -> State {
    State::Forward { item, activity }
}

fn backward(item: i64, activity: Activity) -> State {
    State::Backward { item, activity }
}

fn halted(item: usize, cause: HaltCause) -> State {
    State::Halted { item, cause }
}

fn failed_cause() -> HaltCause {
    HaltCause::Failed { failure: failure() }
}

/// Cleared, announced and stopped: the package manager has the word.
fn prepared() -> Vec<Event> {
    list(&[&[Event::Cleared], &done(0), &done(1)])
}

/// And the new packages are there.
fn unpacked() -> Vec<Event> {
    list(&[&prepared(), &[packages(After, true)]])
}

fn held() -> Event {
    Event::Held { reasons: vec![Reason::NoAnswer] }
}

fn undo_started(item: i64, attempt: u32) -> Event {
    Event::UndoStarted { item, attempt }
}

fn undone(item: i64) -> [Event; 2] {
    [undo_started(item, 1), Event::UndoSucceeded { item }]
}

fn rollback() -> Event {
    Event::RollbackRequested { by: person(), accepts_data_loss: false }
}

fn retry() -> Event {
    Event::Retry { by: Some(person()) }
}

fn rescued() -> (Event, State) {
    let observed: Version = "1.0.0".parse().unwrap();
    (Event::Rescued { observed: observed.clone(), by: person() }, State::Rescued { observed })
}

#[test]
fn before_it_is_opened() {
    for start in [vec![], vec![held()], vec![Event::Cleared]] {
        leads(&start, held(), State::Held);
        leads(&start, Event::Cleared, State::Cleared);
        leads(&start, Event::Superseded { by: 2 }, State::Superseded { by: 2 });
        leads(&start, Event::Cancelled, State::Cancelled);
        for event in [retry(), rollback(), rescued().0, Event::Interrupted { item: 0 }, succeeded(0), started(1, 1)] {
            refused(&start, event);
        }
    }
    refused(&[], started(0, 1));
    refused(&[held()], Event::StepSkipped { item: 0, because: super::super::event::SkipReason::AlreadyDone });
}

#[test]
fn packages_that_come_without_the_gates_halt_it() {
    let unsatisfied = |reasons| halted(PACKAGES, HaltCause::Unsatisfied { reasons });
    for seen in [After, Partial] {
        leads(&[], packages(seen, false), unsatisfied(vec![]));
        leads(&[held()], packages(seen, true), unsatisfied(vec![Reason::NoAnswer]));
    }
    leads(&[held()], packages(Before, true), State::Held);
    // Acknowledged afterwards, it goes on from there.
    let late = [held(), packages(After, true), retry()];
    leads(&late, packages(After, true), forward(3, Idle));
}

#[test]
fn packages_that_are_there_already_make_the_preparation_late() {
    let seen = [Event::Cleared, packages(After, true)];
    assert_eq!(after(&seen).state, State::Cleared);
    let late = list(&[&seen, &done(0), &done(1)]);
    assert_eq!(after(&late).state, forward(PACKAGES, Idle));
    leads(&late, packages(After, true), forward(3, Idle));
    refused(&seen, Event::Cancelled);
    refused(&seen, Event::Superseded { by: 2 });
}

#[test]
fn a_step_starts_and_ends() {
    leads(&[Event::Cleared], started(0, 1), forward(0, Busy));
    leads(&unpacked(), started(3, 1), forward(3, Busy));
    refused(&unpacked(), started(3, 2));
    refused(&unpacked(), started(4, 1));
    refused(&unpacked(), started(1, 2));
    let busy = list(&[&unpacked(), &[started(3, 1)]]);
    let skipped = Event::StepSkipped { item: 3, because: super::super::event::SkipReason::AlreadyDone };
    leads(&busy, succeeded(3), forward(4, Idle));
    leads(&busy, skipped.clone(), forward(4, Idle));
    leads(&unpacked(), skipped, forward(4, Idle));
    leads(&busy, Event::RetryLater { item: 3 }, forward(3, Idle));
    leads(&busy, failed(3), halted(3, failed_cause()));
    refused(&busy, started(3, 2));
    refused(&busy, succeeded(4));
    refused(&busy, rollback());
    let end = list(&[&unpacked(), &done(3), &done(4), &[started(5, 1)]]);
    leads(&end, succeeded(5), State::Completed);
}

#[test]
fn only_started_records_count_attempts() {
    let later = [started(3, 1), Event::RetryLater { item: 3 }, started(3, 2), Event::RetryLater { item: 3 }];
    let upgrade = after(&list(&[&unpacked(), &later]));
    assert_eq!((upgrade.attempts(3), upgrade.postponements(3)), (2, 2));
    let upgrade = after(&list(&[&unpacked(), &later, &[started(3, 3), failed(3), retry()]]));
    assert_eq!((upgrade.attempts(3), upgrade.postponements(3)), (3, 0));
}

#[test]
fn a_step_found_busy_was_interrupted() {
    let busy = list(&[&unpacked(), &[started(3, 1)]]);
    refused(&unpacked(), Event::Interrupted { item: 3 });
    leads(&busy, Event::Interrupted { item: 3 }, forward(3, Interrupted));
    let interrupted = list(&[&busy, &[Event::Interrupted { item: 3 }]]);
    leads(&interrupted, started(3, 2), forward(3, Busy));
    leads(&interrupted, failed(3), halted(3, failed_cause()));
    leads(&interrupted, Event::Asked { item: 3 }, State::Waiting { item: 3 });
    leads(&busy, Event::Asked { item: 3 }, State::Waiting { item: 3 });
    leads(
        &interrupted,
        Event::LoopDetected { item: 3, attempts: 1, holders: Vec::new() },
        halted(3, HaltCause::LoopDetected { attempts: 1, holders: Vec::new() }),
    );
    refused(&interrupted, succeeded(3));
    refused(&interrupted, Event::RetryLater { item: 3 });
    refused(&unpacked(), Event::Asked { item: 3 });
    assert_eq!(after(&interrupted).interruptions(3), 1);
}

#[test]
fn a_person_answers() {
    let waiting = list(&[&unpacked(), &[started(3, 1), Event::Interrupted { item: 3 }, Event::Asked { item: 3 }]]);
    let answered = |answer| Event::Answered { item: 3, answer, by: person() };
    leads(&waiting, answered(Answer::Done), forward(4, Idle));
    leads(&waiting, answered(Answer::Rerun), forward(3, Idle));
    leads(&waiting, answered(Answer::Undo), halted(3, HaltCause::Interrupted));
    refused(&waiting, Event::Answered { item: 4, answer: Answer::Done, by: person() });
    refused(&waiting, rollback());
    refused(&waiting, retry());
    leads(&waiting, packages(Partial, true), State::Waiting { item: 3 });
}

#[test]
fn the_package_transaction_is_observed() {
    let waiting = prepared();
    assert_eq!(after(&waiting).state, forward(PACKAGES, Idle));
    leads(&waiting, packages(After, false), forward(3, Idle));
    leads(&waiting, packages(After, true), forward(3, Idle));
    leads(&waiting, packages(Partial, false), forward(PACKAGES, Idle));
    leads(&waiting, packages(Before, false), forward(PACKAGES, Idle));
    leads(&waiting, packages(Before, true), backward(1, Idle));
    leads(&waiting, packages(Partial, true), halted(PACKAGES, HaltCause::Partial));
    leads(&waiting, Event::Retry { by: None }, forward(PACKAGES, Idle));
    refused(&waiting, started(PACKAGES, 1));
    refused(&waiting, succeeded(PACKAGES));
    // Later looks change no state: what they mean is the next upgrade's.
    leads(&unpacked(), packages(Partial, true), forward(3, Idle));
}

#[test]
fn a_partial_transaction_is_repaired_or_goes_back_by_itself() {
    let partial = list(&[&prepared(), &[packages(Partial, true)]]);
    leads(&partial, Event::Retry { by: None }, forward(PACKAGES, Idle));
    leads(&partial, packages(Before, true), backward(1, Idle));
    leads(&partial, packages(Before, false), halted(PACKAGES, HaltCause::Partial));
    leads(&partial, Event::Superseded { by: 2 }, State::Superseded { by: 2 });
    refused(&partial, Event::SkippedBy { by: person() });
    refused(&partial, rollback());
    let retried = list(&[&partial, &[Event::Retry { by: None }]]);
    leads(&retried, packages(After, true), forward(3, Idle));
}

#[test]
fn a_look_is_legal_where_nothing_can_be_taken_back() {
    let mut header = header();
    header.items[1].undo = false;
    let mut upgrade = Upgrade::begin(header);
    for event in list(&[&prepared(), &[packages(Partial, true), packages(Before, true)]]) {
        upgrade.apply(&event).unwrap();
    }
    assert_eq!(upgrade.state, halted(PACKAGES, HaltCause::Partial));
}

#[test]
fn a_preparation_whose_transaction_is_gone_is_taken_back() {
    let first = list(&[&[Event::Cleared], &done(0)]);
    leads(&first, packages(Before, true), backward(0, Idle));
    leads(&first, packages(Before, false), forward(1, Idle));
    let busy = list(&[&first, &[started(1, 1)]]);
    leads(&busy, packages(Before, true), forward(1, Busy));
    leads(&busy, failed(1), backward(1, Idle));
    let interrupted = list(&[&busy, &[Event::Interrupted { item: 1 }]]);
    leads(&interrupted, failed(1), backward(1, Idle));
    leads(&interrupted, packages(Before, true), backward(1, Idle));
}

#[test]
fn what_was_prepared_is_taken_back_in_reverse() {
    let back = list(&[&prepared(), &[packages(Before, true)]]);
    leads(&back, undo_started(1, 1), backward(1, Busy));
    refused(&back, undo_started(0, 1));
    refused(&back, Event::UndoSucceeded { item: 1 });
    let first = list(&[&back, &undone(1)]);
    assert_eq!(after(&first).state, backward(0, Idle));
    let health = list(&[&first, &undone(0)]);
    assert_eq!(after(&health).state, backward(-1, Idle));
    let busy = list(&[&health, &[undo_started(-1, 1)]]);
    leads(&busy, Event::UndoSucceeded { item: -1 }, State::Cancelled);
    leads(&busy, Event::UndoInterrupted { item: -1 }, backward(-1, Interrupted));
    leads(&busy, Event::UndoFailed { item: -1, failure: failure() }, State::Stuck { item: -1, failure: failure() });
    let interrupted = list(&[&busy, &[Event::UndoInterrupted { item: -1 }]]);
    leads(&interrupted, undo_started(-1, 2), backward(-1, Busy));
    refused(&interrupted, Event::UndoSucceeded { item: -1 });
}

#[test]
fn once_the_packages_had_changed_the_end_is_rolled_back() {
    let seen = [packages(Partial, false), packages(Before, true)];
    let back = list(&[&prepared(), &seen, &undone(1), &undone(0), &undone(-1)]);
    assert_eq!(after(&back).state, State::RolledBack);
}

#[test]
fn an_undo_that_fails_is_stuck_until_a_person_acts() {
    let fails = [undo_started(1, 1), Event::UndoFailed { item: 1, failure: failure() }];
    let stuck = list(&[&prepared(), &[packages(Before, true)], &fails]);
    leads(&stuck, Event::UndoRetried { by: person() }, backward(1, Idle));
    leads(&stuck, rescued().0, rescued().1);
    refused(&stuck, retry());
    refused(&stuck, undo_started(1, 2));
}

#[test]
fn a_halted_upgrade_waits_for_a_person() {
    let stopped = list(&[&unpacked(), &[started(3, 1), failed(3)]]);
    leads(&stopped, retry(), forward(3, Idle));
    leads(&stopped, Event::SkippedBy { by: person() }, forward(4, Idle));
    leads(&stopped, rescued().0, rescued().1);
    leads(&stopped, Event::Superseded { by: 2 }, State::Superseded { by: 2 });
    refused(&stopped, rollback());
    refused(&stopped, started(3, 2));
    // Before the packages there is nothing to take the place of.
    let mut upgrade = Upgrade::begin(Header { items: vec![item("migrate"), item("packages")], ..header() });
    for event in [Event::Cleared, started(0, 1), failed(0)] {
        upgrade.apply(&event).unwrap();
    }
    assert_eq!(upgrade.state, halted(0, failed_cause()));
    assert!(upgrade.apply(&Event::Superseded { by: 2 }).is_err());
}

#[test]
fn after_the_first_start_nothing_is_taken_back() {
    let mut header = header();
    header.items[2].undo = true;
    header.items[3].undo = true;
    let run = |events: &[Event]| {
        let mut upgrade = Upgrade::begin(header.clone());
        for event in events {
            upgrade.apply(event).unwrap();
        }
        upgrade
    };
    let kept = |missing| vec![Event::PackagesKept { missing }];
    let had = |missing| list(&[&kept(missing), &unpacked(), &[started(3, 1), failed(3)]]);
    assert_eq!(run(&had(Vec::new())).state, backward(3, Idle));
    let erp = ("acme-erp".parse().unwrap(), "1.0.0-1".to_owned());
    assert_eq!(run(&had(vec![erp])).state, halted(3, failed_cause()), "there is nothing to put back");
    let mut serving = run(&list(&[&kept(Vec::new()), &unpacked(), &done(3), &done(4), &[started(5, 1), failed(5)]]));
    assert_eq!(serving.state, halted(5, failed_cause()));
    assert!(serving.apply(&rollback()).is_err());
    serving.apply(&Event::RollbackRequested { by: person(), accepts_data_loss: true }).unwrap();
    assert_eq!(serving.state, backward(5, Idle));
}

#[test]
fn where_people_have_worked_since_nothing_goes_back_by_itself() {
    let mut header = Header { has_served: true, supersedes: Some(1), ..header() };
    header.items[2].undo = true;
    header.items[3].undo = true;
    let mut upgrade = Upgrade::begin(header);
    let kept = Event::PackagesKept { missing: Vec::new() };
    for event in list(&[&[kept], &unpacked(), &[started(3, 1), failed(3)]]) {
        upgrade.apply(&event).unwrap();
    }
    assert_eq!(upgrade.state, halted(3, failed_cause()));
    assert!(!upgrade.can_walk_back() && upgrade.can_walk_back_with(true));
}

#[test]
fn what_is_over_takes_nothing_more() {
    let completed = list(&[&unpacked(), &done(3), &done(4), &done(5)]);
    let ends = [
        completed,
        vec![Event::Cancelled],
        vec![Event::Superseded { by: 2 }],
        list(&[&unpacked(), &[started(3, 1), failed(3), rescued().0]]),
    ];
    for end in ends {
        let upgrade = after(&end);
        assert!(upgrade.is_over());
        for event in every_event(&upgrade) {
            refused(&end, event);
        }
    }
}

/// Every edge of the table as (from, event, to), found by trying every event in every state that can be
/// reached. Events that change nothing are no edges.
fn edges() -> BTreeSet<(String, String, String)> {
    let mut edges = BTreeSet::new();
    let mut undoable = header();
    undoable.items[2].undo = true;
    undoable.items[3].undo = true;
    undoable.items[4].no_return = false;
    let mut bound = header();
    bound.items[1].undo = false;
    let mut open = [header(), undoable, bound].map(Upgrade::begin).to_vec();
    let mut seen: BTreeSet<String> = open.iter().map(|upgrade| format!("{upgrade:?}")).collect();
    while let Some(upgrade) = open.pop() {
        for event in every_event(&upgrade) {
            let mut next = upgrade.clone();
            if next.apply(&event).is_err() {
                continue;
            }
            if next.state != upgrade.state {
                edges.insert((name(&upgrade.state), event_name(&event), name(&next.state)));
            }
            forget_counts(&mut next);
            if seen.insert(format!("{next:?}")) {
                open.push(next);
            }
        }
    }
    edges
}

// How often something was tried decides nothing here, nor what the data is at, and would make the states endless.
fn forget_counts(upgrade: &mut Upgrade) {
    for count in &mut upgrade.attempts {
        *count = (*count).min(1);
    }
    upgrade.undo_attempts.clear();
    upgrade.worked.clear();
    upgrade.interruptions.clear();
    upgrade.postponements.clear();
    upgrade.engines.clear();
    (upgrade.data, upgrade.data_before, upgrade.data_accepted) = (None, None, None);
    if let State::Halted { cause, .. } = &mut upgrade.state {
        *cause = HaltCause::Partial;
    }
    upgrade.reasons.clear();
}

fn name(state: &State) -> String {
    let text = format!("{state:?}");
    let variant = text.split([' ', '{']).next().unwrap_or_default().to_owned();
    match state {
        State::Forward { activity, .. } | State::Backward { activity, .. } => format!("{variant}{activity:?}"),
        _ => variant,
    }
}

fn event_name(event: &Event) -> String {
    match event {
        Event::Packages { observed, ended } => {
            let moment = if *ended { "Ended" } else { "Seen" };
            format!("{moment}{observed:?}")
        }
        Event::Answered { answer, .. } => format!("Answered{answer:?}"),
        _ => format!("{event:?}").split([' ', '{']).next().unwrap_or_default().to_owned(),
    }
}

const DRAWING: &str = include_str!("../../../../docs/state-diagram.md");

fn drawn() -> BTreeSet<(String, String, String)> {
    let diagram = DRAWING.split("```mermaid").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let mut drawn = BTreeSet::new();
    for line in diagram.lines().map(str::trim).filter(|line| line.contains("-->") && !line.contains("[*]")) {
        let (ends, events) = line.split_once(": ").unwrap_or_else(|| panic!("no event in {line}"));
        let (from, to) = ends.split_once(" --> ").unwrap();
        for event in events.split(", ") {
            assert!(drawn.insert((from.to_owned(), event.to_owned(), to.to_owned())), "twice: {line}");
        }
    }
    drawn
}

#[test]
fn the_drawing_shows_the_table() {
    let (table, drawn) = (edges(), drawn());
    let missing: Vec<_> = table.difference(&drawn).collect();
    let invented: Vec<_> = drawn.difference(&table).collect();
    assert!(missing.is_empty() && invented.is_empty(), "not drawn: {missing:#?}\nnot in the table: {invented:#?}");
}
