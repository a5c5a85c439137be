//! A host whose clock is wrong by a year.

use std::time::Duration;

use super::world::{World, reasons};
use crate::agent::dialogue::Speaker;
use crate::agent::preinst::{Arrival, Brings, preinst};
use crate::engine::event::Reason;
use crate::engine::machine::State;
use crate::request::Reply;

const YEAR: i64 = 365;

fn offered(world: &World) -> Vec<Reason> {
    world.publish(&[&world.vendor.release(&world.vendor.plan("1.1.0"))], "1.1.0-1");
    world.look().remove(0).held
}

#[test]
fn a_year_ahead_nothing_new_is_believed() {
    let world = World::with_baseline();
    assert_eq!(offered(&world), []);
    world.set_clock(YEAR);
    let held = offered(&world);
    assert!(matches!(&held[..], [Reason::Unverified { cause, .. }] if cause.contains("expired")), "{held:?}");
    assert_eq!(world.cleared(), [""; 0]);
    // The clock is put right.
    world.set_clock(0);
    assert_eq!(offered(&world), []);
    assert_eq!(world.barrier(&world.vendor.plan("1.1.0")), Reply::Pass);
}

#[test]
fn a_year_behind_what_was_signed_since_is_not_believed() {
    let world = World::with_baseline();
    let plan = world.vendor.plan("1.1.0").to_string();
    let path = world.places.at("/consign-plan");
    fs_err::write(&path, world.vendor.sign_later(&plan, Duration::from_secs(86400 * 365))).unwrap();
    let package = "acme-erp".parse().unwrap();
    let arrival = Arrival { package: &package, brings: Brings::Plan(&path), before: Some("1.0.0-1"), attended: true };
    let answer = preinst(&world.agent, &world.id(), &arrival, &mut Speaker::to_nobody()).unwrap();
    assert!(matches!(&reasons(&answer)[..], [Reason::Unverified { .. }]), "{answer:?}");
    assert_eq!(world.host.running().len(), 2);
}

#[test]
fn a_clock_that_is_put_right_in_the_middle_stops_no_upgrade() {
    for days in [YEAR, -YEAR] {
        let world = World::with_baseline();
        assert_eq!(offered(&world), []);
        assert_eq!(world.barrier(&world.vendor.plan("1.1.0")), Reply::Pass);
        world.set_clock(days);
        world.install(&world.vendor.plan("1.1.0"));
        world.ended();
        assert_eq!(world.state(), State::Completed);
        assert_eq!(world.product().upgrades().unwrap(), [1]);
    }
}
