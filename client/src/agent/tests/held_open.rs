//! Packages that came, but for files that somebody has open.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use super::world::World;
use crate::agent::mend;
use crate::engine::event::Holder;
use crate::engine::machine::{HaltCause, State};
use crate::host::{HeldOpen, open_files};

/// Halted at its packages: they came, and a file of theirs did not.
fn halted(attempts: u32, due: Option<Timestamp>) -> World {
    let world = World::with_baseline();
    world.barrier(&world.vendor.plan("1.1.0"));
    world.unpack(&world.vendor.plan("1.1.0"), false);
    let holder =
        open_files::Holder { file: PathBuf::from("/erp.dll"), pid: 4711, process: "excel".to_owned(), unit: None };
    world.host.state().held_open = Some(HeldOpen { attempts, due, holders: vec![holder] });
    world.ended();
    world.settle();
    world.host.done();
    world
}

#[test]
fn it_is_tried_again_after_a_pause_and_not_before_whoever_asks() {
    let later = Timestamp::now() + SignedDuration::from_hours(1);
    let world = halted(1, Some(later));
    for _ in 0..3 {
        assert!(!mend::unasked(&world.agent, &world.id()).unwrap());
    }
    assert_eq!(world.host.done(), Vec::<String>::new());
    world.host.state().held_open.as_mut().unwrap().due = Some(Timestamp::UNIX_EPOCH);
    // What the package manager does about it here.
    assert!(mend::unasked(&world.agent, &world.id()).unwrap());
    assert_eq!(world.host.done(), ["repair"]);
    world.reconcile();
    assert_eq!(world.state(), State::Completed);
}

#[test]
fn once_that_was_enough_a_person_is_told_who_was_in_the_way() {
    let world = halted(3, None);
    for _ in 0..2 {
        assert!(!mend::unasked(&world.agent, &world.id()).unwrap());
    }
    let State::Halted { cause: HaltCause::LoopDetected { attempts: 3, holders }, .. } = world.state() else {
        panic!("{:?}", world.state())
    };
    assert!(matches!(&holders[..], [Holder::File(held)] if held.process == "excel"), "{holders:?}");
    assert_eq!(world.host.done(), Vec::<String>::new());
    // After a restart of the host the file is the new one: the upgrade goes on by itself.
    world.host.state().held_open = None;
    world.host.state().packages.values_mut().for_each(|package| package.configured = true);
    world.reconcile();
    assert_eq!(world.state(), State::Completed);
}
