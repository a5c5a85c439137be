//! A transaction that ended half way, finished on a person's word.

use super::world::{PACKAGE, World};
use crate::agent::decision;
use crate::agent::dialogue::Speaker;
use crate::engine::event::Person;
use crate::engine::machine::{HaltCause, State};
use crate::request::{Decision, Reply};

/// Halted at its packages, which are as `version` and `configured` say.
fn half_way(version: &str, configured: bool) -> World {
    let world = World::with_baseline();
    world.barrier(&world.vendor.plan("1.1.0"));
    world.unpack(&world.vendor.plan("1.1.0"), false);
    world.ended();
    world.host.set(PACKAGE, version, configured);
    assert!(matches!(world.state(), State::Halted { cause: HaltCause::Partial, .. }), "{:?}", world.state());
    world.host.done();
    world
}

fn retry(world: &World) -> Result<Reply, String> {
    let by = Person { uid: 0, name: "marie".to_owned() };
    let decided = decision::decide(&world.agent, &world.id(), &Decision::Retry, &by, &mut Speaker::to_nobody());
    world.reconcile();
    decided.map_err(|problem| problem.to_string())
}

#[test]
fn what_is_only_unpacked_is_configured_and_nothing_is_installed() {
    let world = half_way("1.1.0-1", false);
    assert_eq!(retry(&world), Ok(Reply::Accepted));
    assert_eq!(world.state(), State::Completed);
    let done = world.host.done();
    assert_eq!(done[..2], ["repair", "migrate"]);
}

#[test]
fn what_is_missing_is_installed_in_exactly_the_version_of_the_upgrade() {
    let world = half_way("1.0.9-1", true);
    assert_eq!(retry(&world), Ok(Reply::Accepted));
    assert_eq!(world.host.done()[..2], ["repair", "install acme-erp 1.1.0-1"]);
    assert_eq!(world.state(), State::Completed);
}

#[test]
fn a_cause_that_is_still_there_is_told_and_the_upgrade_stays_halted() {
    let world = half_way("1.1.0-1", false);
    world.host.state().broken = true;
    assert_eq!(retry(&world), Err("cannot install acme-erp: it is pretended".to_owned()));
    assert!(matches!(world.state(), State::Halted { cause: HaltCause::Partial, .. }), "{:?}", world.state());
    assert!(world.host.running().is_empty());
}

#[test]
fn nothing_is_mended_while_somebody_has_a_transaction_open() {
    let world = half_way("1.1.0-1", false);
    world.host.state().transaction = Some(std::process::id());
    assert!(retry(&world).unwrap_err().contains("another package transaction"));
    assert!(matches!(world.state(), State::Halted { .. }), "{:?}", world.state());
    assert_eq!(world.host.done(), Vec::<String>::new());
}
