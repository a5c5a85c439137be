//! The agent's service is killed, once in each upgrade, and starts again.

use consign_lab::matrix::{Count, keep};
use consign_lab::{Faults, Release, lab};

use crate::chain::{Chain, End};

/// Killed at every call of a kind, one in each upgrade. A record of the matrix keeps the count.
fn killed_at_every(kind: &str, name: &str, record: &str) {
    let mut chain = Chain::begin(name, Release::Bookworm);
    let faults = Faults::load(&chain.site.host).unwrap();
    faults.plan("");
    chain.undisturbed();
    let calls = faults.calls(kind);
    assert!(calls.len() > 10, "only {} calls of {kind}", calls.len());
    let mut count = Count::default();
    for number in 1..=calls.len() {
        let what = format!("killed at {kind} {number} of {}", calls.len());
        chain.publish();
        faults.plan(&format!("kill {kind} {number}"));
        chain.upgrade();
        let Some(fired) = chain.met(&faults, &what) else {
            assert_made_fewer(&faults, kind, &calls, &what);
            assert_eq!(chain.ends(&what), End::Completed, "{what}");
            continue;
        };
        let what = format!("{what} ({fired})");
        let end = chain.counted(&what, &mut count);
        println!("{what}: {end:?}");
    }
    chain.over();
    keep(record, &count).unwrap();
}

#[test]
fn an_agent_that_is_killed_at_any_record_finishes_the_upgrade_or_takes_it_back() {
    lab!();
    killed_at_every("record", "kill-records", "kill-record");
}

#[test]
fn an_agent_that_is_killed_at_any_call_finishes_the_upgrade_or_takes_it_back() {
    lab!();
    killed_at_every("all", "kill-calls", "kill-call");
}

#[test]
fn an_agent_that_is_killed_at_any_record_of_a_rollback_takes_the_upgrade_back() {
    lab!();
    killed_in_rollbacks("record", "kill-rollback", |_, _| 1, if crate::is_long() { 1 } else { 13 });
}

/// From the first call of the way back on: those before it are the upgrade's.
#[test]
fn an_agent_that_is_killed_at_any_call_of_a_rollback_takes_the_upgrade_back() {
    lab!();
    killed_in_rollbacks("all", "kill-rollback-call", first_of_the_way_back, 1);
}

/// The init step fails after the packages: the upgrade is taken back, by an agent that is killed at calls of a kind.
fn killed_in_rollbacks(kind: &str, name: &str, first: impl Fn(&Chain, &[String]) -> usize, step: usize) {
    let mut chain = Chain::begin(name, Release::Bookworm);
    let faults = Faults::load(&chain.site.host).unwrap();
    taken_back(&mut chain, &faults, "", "undisturbed");
    chain.calls().assert_once(true, "undisturbed");
    let calls = faults.calls(kind);
    let first = first(&chain, &calls);
    assert!(calls.len() > first + 20, "only {} calls of {kind}, the first is {first}", calls.len());
    let mut count = Count::default();
    for number in (first..=calls.len()).step_by(step) {
        let what = format!("killed at {kind} {number} of {} of an upgrade that fails", calls.len());
        taken_back(&mut chain, &faults, &format!("kill {kind} {number}"), &what);
        let Some(fired) = faults.fired() else {
            assert_made_fewer(&faults, kind, &calls, &what);
            continue;
        };
        println!("{what} ({fired})");
        count.faults += 1;
        count.taken_back += 1;
    }
    chain.over();
    keep(name, &count).unwrap();
}

/// The fault did not come because this upgrade had no such call any more, all of whose own have had their turn: how
/// often the agent is asked, and tidies up, differs from one to the next.
#[track_caller]
pub fn assert_made_fewer(faults: &Faults, kind: &str, calls: &[String], what: &str) {
    let made = faults.calls(kind);
    assert!(made.len() * 10 > calls.len() * 8, "{what}: the fault did not fire, after {} calls", made.len());
}

/// The number of the call that makes the failure durable, which the way back follows.
fn first_of_the_way_back(chain: &Chain, calls: &[String]) -> usize {
    let find = "grep --line-number step-failed /var/lib/consignee/acme/canopsis/journal/*/records.jsonl | tail -n 1";
    let found = chain.site.host.shell(find);
    let [journal, line] = found.split(':').take(2).collect::<Vec<_>>()[..] else { panic!("{found}") };
    let of_the_journal = |call: &String| call.starts_with("fdatasync ") && call.ends_with(journal);
    let mut records = calls.iter().enumerate().filter(|(_, call)| of_the_journal(call));
    let before = line.parse::<usize>().unwrap() - 1;
    1 + records.nth(before).expect("its records were synced").0
}

/// An upgrade whose init step fails, from its look to its end.
fn taken_back(chain: &mut Chain, faults: &Faults, plan: &str, what: &str) {
    chain.publish();
    chain.site.trouble("fail");
    faults.plan(plan);
    chain.upgrade();
    let mut end = chain.ends(what);
    // Killed before the packages came: they come now, and then it fails.
    if !chain.has_been_tried() {
        chain.upgrade();
        end = chain.ends(what);
    }
    assert_eq!(end, End::TakenBack, "{what}");
    chain.calls().assert_accounted(what);
    chain.site.trouble_is_over();
}
