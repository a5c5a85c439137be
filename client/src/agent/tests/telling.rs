//! Who is told what, and how often.

use super::world::World;
use crate::engine::machine::State;
use crate::tell::{Outcome, What};

fn listening() -> World {
    let world = World::with_baseline();
    let policy = world.places.policy();
    fs_err::create_dir_all(policy.parent().unwrap()).unwrap();
    fs_err::write(policy, "[tell]\nprogram = [\"/bin/true\"]\n").unwrap();
    world
}

fn told(world: &World) -> Vec<What> {
    world.told.lock().unwrap().drain(..).map(|news| news.what).collect()
}

fn upgrade(world: &World, to: &str) {
    let plan = world.vendor.plan(to);
    world.barrier(&plan);
    world.install(&plan);
    world.ended();
}

#[test]
fn the_beginning_with_its_estimate_and_the_all_clear_are_told_once() {
    let world = listening();
    upgrade(&world, "1.1.0");
    world.reconcile();
    let news = told(&world);
    let [What::OutageBegins { estimate_seconds: None }, What::OutageOver { took_seconds, outcome }] = news[..] else {
        panic!("{news:?}")
    };
    assert!(took_seconds > 0 && outcome == Outcome::Completed);
    // The next one is announced by what this one took.
    upgrade(&world, "1.2.0");
    assert_eq!(told(&world)[0], What::OutageBegins { estimate_seconds: Some(took_seconds) });
}

#[test]
fn a_halt_is_told_once_for_each_try() {
    let world = listening();
    world.host.state().exit = 3;
    upgrade(&world, "1.1.0");
    assert!(matches!(world.state(), State::Halted { .. }), "{:?}", world.state());
    world.reconcile();
    let news = told(&world);
    assert!(matches!(&news[..], [What::OutageBegins { .. }, What::OutageGoesOn { step: Some(_) }]), "{news:?}");
    let retry = || {
        let by = crate::engine::event::Person { uid: 0, name: "marie".to_owned() };
        let mut journal = world.product().open(1).unwrap().unwrap();
        journal.append(crate::engine::event::Event::Retry { by: Some(by) }, jiff::Timestamp::now()).unwrap();
        drop(journal);
        world.reconcile();
    };
    retry();
    assert!(matches!(&told(&world)[..], [What::OutageGoesOn { .. }]));
    world.host.state().exit = 0;
    retry();
    assert!(matches!(&told(&world)[..], [What::OutageOver { outcome: Outcome::Completed, .. }]));
}

#[test]
fn what_is_taken_back_is_over_and_a_first_install_disturbs_nobody() {
    let world = listening();
    world.barrier(&world.vendor.plan("1.1.0"));
    world.ended();
    assert_eq!(world.state(), State::Cancelled);
    let news = told(&world);
    assert!(matches!(news[..], [_, What::OutageOver { outcome: Outcome::TakenBack, .. }]), "{news:?}");

    let fresh = World::empty();
    fs_err::create_dir_all(fresh.places.policy().parent().unwrap()).unwrap();
    fs_err::write(fresh.places.policy(), "[tell]\nprogram = [\"/bin/true\"]\n").unwrap();
    let plan = fresh.vendor.plan("1.0.0");
    super::world::preinst_of(&fresh, &plan, None);
    fresh.install(&plan);
    fresh.ended();
    assert_eq!(fresh.state(), State::Completed);
    assert_eq!(told(&fresh), []);
}
