//! Packages whose scripts cannot refuse: what comes uncleared is stopped and halted, never turned away.

use consign_metadata::name::PackageName;

use super::world::{PACKAGE, World, preinst_of, reasons};
use crate::agent::dialogue::Speaker;
use crate::agent::preinst;
use crate::engine::event::{Packages, Reason};
use crate::engine::machine::{HaltCause, State};
use crate::request::Reply;

/// A package's `%pre` runs, and the process of its transaction goes on living.
fn arrive(world: &World, plan: Option<&serde_json::Value>) {
    let archive = plan.and_then(|plan| world.action(plan).archive);
    let package: PackageName = PACKAGE.parse().unwrap();
    world.host.state().transaction = Some(std::process::id());
    let to_nobody = &mut Speaker::to_nobody();
    let reply = preinst::arrive(&world.agent, &world.id(), &package, archive.as_deref(), true, to_nobody);
    assert_eq!(reply.unwrap(), Reply::Pass);
}

#[test]
fn what_comes_uncleared_finds_the_engines_stopped_and_halts() {
    let world = World::with_baseline();
    let plan = world.vendor.plan_with_note("1.1.0");
    arrive(&world, Some(&plan));
    assert!(world.host.running().is_empty());
    assert!(world.product().is_unfinished());
    world.install(&plan);
    world.ended();
    let State::Halted { cause: HaltCause::Unsatisfied { reasons }, .. } = world.state() else {
        panic!("{:?}", world.state());
    };
    assert!(matches!(reasons.as_slice(), [Reason::NoteUnread { .. }]), "{reasons:?}");
    assert!(world.host.running().is_empty());
    assert_eq!(world.upgrade().packages, Packages::After, "seen half way, and looked at again afterwards");
}

/// The package manager asks only about packages that are in the list.
#[test]
fn no_death_leaves_a_product_begun_of_which_the_next_transaction_is_not_told() {
    let mut deaths = 0;
    for moment in 1.. {
        let mut world = World::empty();
        let plan = world.vendor.plan_with_note("1.1.0");
        world.host.set(PACKAGE, "1.0.0-1", false);
        world.host.state().running = ["erp.service".to_owned(), "erp-web.service".to_owned()].into();
        let reply = world.dying(moment, |world| preinst_of(world, &plan, Some("1.0.0-1")));
        let is_managed = fs_err::read_to_string(world.places.managed()).is_ok_and(|list| list == "acme-erp\n");
        let is_begun = world.product().newest().unwrap().is_some();
        assert!(is_managed || !is_begun, "begun and not managed at the {moment}. moment");
        if let Some(reply) = reply {
            assert_eq!(reply, Reply::Pass);
            assert!(is_begun && world.host.running().is_empty());
            break;
        }
        if is_begun {
            let refused = reasons(&world.barrier(&plan));
            assert!(matches!(refused.as_slice(), [Reason::NoteUnread { .. }]), "{refused:?} at the {moment}. moment");
        }
        deaths += 1;
    }
    assert!(deaths > 3, "{deaths}");
}

#[test]
fn what_comes_cleared_is_prepared_and_finished() {
    let world = World::with_baseline();
    let plan = world.vendor.plan("1.1.0");
    arrive(&world, Some(&plan));
    assert_eq!(world.host.done(), ["stop erp-web.service", "stop erp.service"]);
    world.install(&plan);
    world.ended();
    assert_eq!(world.state(), State::Completed);
}

#[test]
fn what_a_barrier_has_prepared_is_not_prepared_again() {
    let world = World::with_baseline();
    let plan = world.vendor.plan("1.1.0");
    assert_eq!(world.barrier(&plan), Reply::Pass);
    world.host.done();
    arrive(&world, Some(&plan));
    assert_eq!(world.host.done(), Vec::<String>::new());
}

#[test]
fn where_nothing_comes_of_it_the_old_engines_run_again() {
    let world = World::with_baseline();
    arrive(&world, Some(&world.vendor.plan_with_note("1.1.0")));
    assert!(world.host.running().is_empty());
    world.ended();
    assert_eq!(world.host.running(), ["erp-web.service", "erp.service"]);
    assert!(!world.product().is_unfinished());
}

#[test]
fn a_package_whose_file_is_not_known_passes() {
    let world = World::with_baseline();
    arrive(&world, None);
    assert_eq!(world.host.running(), ["erp-web.service", "erp.service"]);
}

#[test]
fn a_first_install_whose_file_is_not_known_is_no_baseline() {
    let world = World::empty();
    arrive(&world, None);
    assert!(world.product().is_unfinished());
    world.install(&world.vendor.plan("1.0.0"));
    world.ended();
    assert_eq!(world.state(), State::Completed);
    assert!(!world.product().is_unfinished());
}
