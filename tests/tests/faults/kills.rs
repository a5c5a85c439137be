//! The agent's service is killed, once in each upgrade, and starts again.

use consign_lab::{Faults, Release, lab};

use crate::chain::{Chain, End};

/// What an upgrade that nothing happens to does to the agent's files.
fn undisturbed(chain: &mut Chain, faults: &Faults, kind: &str) -> usize {
    chain.publish();
    faults.plan("");
    chain.upgrade().expect_ok();
    assert_eq!(chain.ends("undisturbed"), End::Completed);
    faults.calls(kind).len()
}

/// Killed before the n-th call of a kind; the upgrade ends, and where it was taken back the next one passes.
fn killed(chain: &mut Chain, faults: &Faults, kind: &str, number: usize) -> End {
    let what = format!("killed at {kind} {number}");
    chain.publish();
    faults.plan(&format!("kill {kind} {number}"));
    chain.upgrade();
    let end = chain.ends(&what);
    let fired = faults.fired().unwrap_or_else(|| panic!("{what}: the fault did not fire"));
    println!("{what}: {fired}: {end:?}");
    if end == End::TakenBack {
        chain.upgrade().expect_ok();
        assert_eq!(chain.ends(&what), End::Completed);
    }
    assert_eq!(chain.finished_calls(), 1, "{what}: the step was done twice");
    end
}

#[test]
fn an_agent_that_is_killed_at_any_record_finishes_the_upgrade_or_takes_it_back() {
    lab!();
    let mut chain = Chain::begin("kill-records", Release::Bookworm);
    let faults = Faults::load(&chain.site.host).unwrap();
    let records = undisturbed(&mut chain, &faults, "record");
    assert!(records > 12, "only {records} records");
    for number in 1..=records {
        killed(&mut chain, &faults, "record", number);
    }
    chain.over();
}
