//! A transaction that ended half way, finished on a person's word or on the site's.

use super::world::{PACKAGE, World};
use crate::agent::dialogue::Speaker;
use crate::agent::{decision, mend};
use crate::engine::event::Person;
use crate::engine::machine::{HaltCause, State};
use crate::request::{Decision, Reply};

/// Halted at its packages, which are as `version` and `configured` say.
fn half_way(version: &str, configured: bool) -> World {
    let world = World::with_baseline();
    world.barrier(&world.vendor.plan("1.1.0"));
    world.unpack(&world.vendor.plan("1.1.0"), false);
    world.ended();
    // The end of the transaction was watched, too, and what that found is done with.
    world.settle();
    world.agent.mending.lock().unwrap().clear();
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
    // What was wrong first, and what came of it.
    let told = "cannot configure the packages: it is pretended\ncannot install acme-erp: it is pretended";
    assert_eq!(retry(&world), Err(told.to_owned()));
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

/// Two versions are installed, as a cut leaves them under rpm; the site's policy says this.
fn twice(policy: &str) -> World {
    let world = half_way("1.1.0-1", false);
    world.host.state().twice = true;
    fs_err::create_dir_all(world.places.policy().parent().unwrap()).unwrap();
    fs_err::write(world.places.policy(), policy).unwrap();
    world
}

#[test]
fn nobody_asked_for_it_and_the_packages_stay_as_they_are() {
    for policy in ["", "repair = \"ask\"\n", "repair = \"perhaps\"\n"] {
        let world = twice(policy);
        assert!(!mend::unasked(&world.agent, &world.id()).unwrap());
        world.reconcile();
        assert_eq!(world.host.done(), Vec::<String>::new(), "{policy}");
        assert!(matches!(world.state(), State::Halted { cause: HaltCause::Partial, .. }), "{:?}", world.state());
    }
}

#[test]
fn a_person_who_retries_does_not_speak_for_the_site() {
    let world = twice("");
    world.host.state().broken = true;
    assert!(retry(&world).unwrap_err().contains("\ncannot install"), "its own way is tried, and nothing is removed");
    assert_eq!(world.host.done()[..2], ["repair", "install acme-erp 1.1.0-1"]);
    assert!(!world.host.state().packages[PACKAGE].configured);
}

#[test]
fn where_the_site_lets_the_agent_the_upgrade_goes_on_by_itself() {
    let world = twice("repair = \"auto\"\n");
    assert!(mend::unasked(&world.agent, &world.id()).unwrap());
    world.reconcile();
    assert_eq!(world.state(), State::Completed);
    assert_eq!(world.host.done()[..2], ["repair", "migrate"]);
    assert!(!mend::unasked(&world.agent, &world.id()).unwrap(), "there is nothing more to do");
}

#[test]
fn what_the_agent_could_not_mend_is_tried_again_by_the_next_service_and_not_at_once() {
    let world = twice("repair = \"auto\"\n");
    world.host.state().broken = true;
    assert!(mend::unasked(&world.agent, &world.id()).is_err());
    world.host.done();
    assert!(!mend::unasked(&world.agent, &world.id()).unwrap());
    assert_eq!(world.host.done(), Vec::<String>::new());
    world.agent.mending.lock().unwrap().clear();
    assert!(mend::unasked(&world.agent, &world.id()).is_err());
    assert_eq!(world.host.done()[0], "repair");
}

#[test]
fn after_three_transactions_that_came_to_nothing_a_person_decides() {
    let world = twice("repair = \"auto\"\n");
    for _ in 0..3 {
        world.barrier(&world.vendor.plan("1.1.0"));
        world.ended();
    }
    world.host.done();
    assert!(!mend::unasked(&world.agent, &world.id()).unwrap());
    assert_eq!(world.host.done(), Vec::<String>::new());
    world.host.state().broken = true;
    assert!(retry(&world).is_err());
    world.host.state().broken = false;
    world.agent.mending.lock().unwrap().clear();
    // The service takes it up by itself, too, and may be the first.
    let is_mended = mend::unasked(&world.agent, &world.id()).unwrap();
    assert!(is_mended || world.host.state().packages[PACKAGE].configured, "a person has decided since");
}
