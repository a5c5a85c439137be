//! Wake-ups: there may be one for every package of a transaction.

use std::time::{Duration, Instant};

use super::world::World;
use crate::agent::watch;

fn until(what: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !what() {
        assert!(Instant::now() < deadline, "it never comes to that");
        std::thread::yield_now();
    }
}

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
