//! The agent's service is killed, once in each upgrade, and starts again.

use consign_lab::matrix::{Count, keep};
use consign_lab::{Faults, Release, lab};

use crate::chain::{Chain, End};

/// Killed at every call of a kind, one in each upgrade. A record of the matrix keeps the count.
fn killed_at_every(kind: &str, name: &str, record: &str) {
    let mut chain = Chain::begin(name, Release::Bookworm);
    let faults = Faults::load(&chain.site.host).unwrap();
    chain.publish();
    faults.plan("");
    chain.upgrade().expect_ok();
    assert_eq!(chain.ends("undisturbed"), End::Completed);
    let calls = faults.calls(kind).len();
    assert!(calls > 10, "only {calls} calls of {kind}");
    let mut count = Count::default();
    for number in 1..=calls {
        let what = format!("killed at {kind} {number} of {calls}");
        chain.publish();
        faults.plan(&format!("kill {kind} {number}"));
        chain.upgrade();
        chain.site.host.wait_until(&format!("{what}: the fault"), crate::FINISH, || faults.fired());
        let what = format!("{what} ({})", faults.fired().unwrap_or_default());
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

/// The init step fails after the packages: the upgrade is taken back, by an agent that is killed at every record of it.
#[test]
fn an_agent_that_is_killed_at_any_record_of_a_rollback_takes_the_upgrade_back() {
    lab!();
    let mut chain = Chain::begin("kill-rollback", Release::Bookworm);
    let faults = Faults::load(&chain.site.host).unwrap();
    let records = taken_back(&mut chain, &faults, "", "undisturbed");
    assert!(records > 20, "only {records} records");
    let step = if crate::is_long() { 1 } else { records / 3 };
    let mut count = Count::default();
    for number in (1..=records).step_by(step) {
        let what = format!("killed at record {number} of {records} of an upgrade that fails");
        taken_back(&mut chain, &faults, &format!("kill record {number}"), &what);
        let fired = faults.fired().unwrap_or_else(|| panic!("{what}: the fault did not fire"));
        println!("{what} ({fired})");
        count.faults += 1;
        count.taken_back += 1;
    }
    chain.over();
    keep("kill-rollback", &count).unwrap();
}

/// An upgrade whose init step fails, from its look to its end; answers how many records that took.
fn taken_back(chain: &mut Chain, faults: &Faults, plan: &str, what: &str) -> usize {
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
    chain.site.trouble_is_over();
    faults.calls("record").len()
}
