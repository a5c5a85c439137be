//! Wake-ups: there may be one for every package of a transaction.

use std::sync::Arc;

use super::world::{World, until};
use crate::agent::dialogue::Speaker;
use crate::agent::{decision, watch};
use crate::engine::event::{Event, Person};
use crate::engine::machine::State;
use crate::request::Decision;

#[test]
fn however_often_it_is_woken_one_compares_a_product_and_one_waits() {
    let world = World::with_baseline();
    let (agent, id) = (&world.agent, world.id());
    let held = agent.locks.lock(&id);
    watch::expect(agent, &id);
    until(|| agent.duty.workers() == 1 && !agent.expected().contains(&id));
    watch::expect(agent, &id);
    until(|| agent.duty.workers() == 2);
    for _ in 0..1000 {
        watch::expect(agent, &id);
        std::thread::yield_now();
    }
    assert_eq!(agent.duty.workers(), 2);
    drop(held);
    until(|| agent.duty.workers() == 0);
    assert!(!agent.expected().contains(&id));
}

/// How often its step has asked to be run again later.
fn postponed(world: &World) -> usize {
    let records = world.product().replay(world.upgrade().header.upgrade).unwrap().records;
    records.iter().filter(|record| matches!(record.event, Event::RetryLater { .. })).count()
}

fn resume(world: &World) {
    let by = Person { uid: 0, name: "marie".to_owned() };
    decision::decide(&world.agent, &world.id(), &Decision::Resume, &by, &mut Speaker::to_nobody()).unwrap();
}

/// An upgrade whose step asks for more time, and whoever would try it again sleeps.
fn postponing() -> World {
    let world = World::with_baseline();
    let mut plan = world.vendor.plan("1.1.0");
    plan["body"]["steps"][2]["retry_later_exit"] = 75.into();
    world.barrier(&plan);
    world.install(&plan);
    world.host.state().exit = 75;
    world.ended_and_postponed();
    assert_eq!(postponed(&world), 1);
    world
}

#[test]
fn a_person_who_resumes_an_upgrade_that_waits_for_time_has_it_tried_at_once() {
    let world = postponing();
    world.host.state().exit = 0;
    resume(&world);
    until(|| world.state() == State::Completed);
    assert_eq!((postponed(&world), world.sleepers.asleep()), (1, 1), "nobody else has woken up");
    world.sleepers.wake();
    world.settle();
}

/// A step is tried again so often, and not once more for everything that has woken the agent meanwhile.
#[test]
fn however_often_it_is_taken_up_a_step_that_waits_for_time_has_one_who_tries_it_again() {
    let world = postponing();
    for tries in 2..=4 {
        resume(&world);
        until(|| postponed(&world) == tries && world.sleepers.asleep() == tries);
    }
    world.sleepers.wake();
    // One has tried it. Those who came first are gone: nobody has the agent but this test, and the one who sleeps.
    until(|| postponed(&world) == 5 && Arc::strong_count(&world.agent) == 2 && world.sleepers.asleep() == 1);
    world.host.state().exit = 0;
    world.sleepers.wake();
    until(|| world.state() == State::Completed);
    world.settle();
}
