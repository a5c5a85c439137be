//! The disk is full, for the agent, from some call on. Nothing is lost; what is missing is said; with room again the
//! upgrade ends.

use consign_lab::matrix::{Count, keep};
use consign_lab::{Faults, Release, lab};

use crate::chain::Chain;
use crate::kills::assert_made_fewer;

/// So many calls, spread over all; in the long run every one.
const SAMPLE: usize = 3;

#[test]
fn a_disk_that_is_full_from_any_call_on_loses_nothing_and_is_named() {
    lab!();
    let mut chain = Chain::begin("full", Release::Bookworm);
    let faults = Faults::load(&chain.site.host).unwrap();
    faults.plan("");
    chain.undisturbed();
    let calls = faults.calls("all");
    let step = if crate::is_long() { 1 } else { calls.len() / SAMPLE };
    let mut count = Count::default();
    for number in (1..=calls.len()).step_by(step) {
        chain.publish();
        faults.plan(&format!("full all {number}"));
        chain.upgrade();
        let fired = chain.met(&faults, &format!("call {number} of {}", calls.len()));
        let what = format!("full from call {number} of {} on: {fired:?}", calls.len());
        let is_said = || chain.agent_says("No space left on device").then_some(());
        if fired.is_some() {
            chain.site.host.wait_until(&what, crate::FINISH, is_said);
        } else {
            assert_made_fewer(&faults, "all", &calls, &what);
        }
        faults.over();
        chain.site.host.ok(&["systemctl", "start", "consignee-reconcile.service"]);
        chain.counted(&what, &mut count);
        println!("{what}");
    }
    chain.over();
    keep("full-call", &count).unwrap();
}
