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
    if crate::is_long() {
        killed_at_every("all", "kill-calls", "kill-call");
    }
}
