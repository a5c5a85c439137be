//! An agent whose syncs do nothing, as if a line of its program had been removed: a power cut takes away what it had
//! written down. The harness that finds nothing with the true agent finds that.

use consign_lab::{Faults, Release, lab};

use crate::chain::{Chain, End};

/// Records before and after a power cut while the init step runs.
fn records_over_a_cut(chain: &mut Chain, faults: &Faults, plan: &str) -> (usize, usize) {
    chain.publish();
    chain.site.trouble("hang");
    faults.plan(plan);
    chain.upgrade().expect_ok();
    chain.site.wait_init_hangs();
    let before = chain.site.journal().len();
    chain.cut();
    chain.boot();
    // What is being written while it is read has no part in this: those from before the cut.
    let after = chain.site.journal().iter().take_while(|record| record["event"] != "interrupted").count();
    (before, after)
}

#[test]
fn an_agent_whose_syncs_do_nothing_forgets_over_a_power_cut_and_is_found_out() {
    lab!();
    let mut chain = Chain::on_disk("lies", Release::Bookworm);
    let faults = Faults::load(&chain.site.host).unwrap();
    let (before, after) = records_over_a_cut(&mut chain, &faults, "");
    assert_eq!(after, before, "the true agent forgets");
    chain.site.trouble_is_over();
    assert_eq!(chain.ends("cut while the init step hangs"), End::Completed);

    let (before, after) = records_over_a_cut(&mut chain, &faults, "lie");
    assert!(after < before, "nothing was lost of {before} records: the cut proves nothing");
}
