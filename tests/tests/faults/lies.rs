//! An agent with one sync less, as if that line of its program had been removed. What a true agent passes, every check
//! that a power cut is followed by, it does not.
//!
//! The sync of a folder after a rename is not among them: ext4 writes its log in order, so that the next record of the
//! journal brings the rename along. It is for other file systems, and no power cut on this one tells.

use std::panic::{AssertUnwindSafe, catch_unwind};

use consign_lab::matrix::Count;
use consign_lab::{Faults, Release, lab};

use crate::chain::{Chain, End};

/// The next upgrade is cut off while its init step runs, by an agent with this fault.
fn cut_off(chain: &mut Chain, faults: &Faults, plan: &str) {
    chain.publish();
    faults.plan(plan);
    chain.upgrade_that_hangs();
    assert_eq!(faults.fired().is_some(), plan.starts_with("lie "), "{:?}", faults.calls("all"));
    chain.cut();
    chain.boot();
}

/// Whether what follows every cut does not hold.
fn is_found_out<T>(check: impl FnOnce() -> T) -> bool {
    println!("what fails here fails as it should");
    catch_unwind(AssertUnwindSafe(check)).is_err()
}

#[test]
fn an_agent_that_does_not_sync_its_records_is_found_out_by_what_follows_every_cut() {
    lab!();
    let mut chain = Chain::on_disk("lies", Release::Bookworm);
    let faults = Faults::load(&chain.site.host).unwrap();
    let ends = |chain: &mut Chain| chain.counted("cut while the init step hangs", &mut Count::default());
    for (plan, is_true) in [("", true), ("lie */records.jsonl", false)] {
        cut_off(&mut chain, &faults, plan);
        chain.site.trouble_is_over();
        match is_true {
            true => {
                assert_eq!(ends(&mut chain), End::Completed);
                chain.nothing_was_lost();
            }
            // What it has done to the data by then nobody has announced.
            false => assert!(is_found_out(|| ends(&mut chain)), "nobody noticed"),
        }
    }
}

#[test]
fn an_agent_that_does_not_sync_the_seal_is_found_out_by_what_follows_every_cut() {
    lab!();
    let mut chain = Chain::on_disk("lies-seal", Release::Bookworm);
    let faults = Faults::load(&chain.site.host).unwrap();
    let ends = |chain: &mut Chain| chain.ends("cut while the init step hangs, which then fails");
    for (plan, is_true) in [("", true), ("lie */seal.json.new", false)] {
        cut_off(&mut chain, &faults, plan);
        chain.trouble("fail");
        match is_true {
            true => {
                assert_eq!(ends(&mut chain), End::TakenBack);
                chain.nothing_was_lost();
            }
            // What it has done to the data by then nobody has announced.
            false => assert!(is_found_out(|| ends(&mut chain)), "nobody noticed"),
        }
    }
}
