//! What the agent does where nobody tells it of lists and packages.

use std::time::Duration;

use super::world::World;
use crate::agent::timetable;
use crate::bulletin::{AgentHeld, AgentLine, Bulletin};
use crate::engine::machine::State;
use crate::host::{Arrival, OwnPackage};

/// A host whose agent looks by itself, once an hour.
fn alone() -> World {
    let world = World::empty();
    world.host.state().every = Some(Duration::from_secs(3600));
    world
}

#[test]
fn a_first_install_of_which_nobody_told_begins_when_all_of_it_is_there() {
    let world = alone();
    world.host.state().arrival = Some(Arrival::Coming);
    world.install(&world.vendor.plan("1.0.0"));
    world.reconcile();
    assert!(world.product().newest().unwrap().is_none(), "others are still to come");
    assert!(world.product().is_unfinished(), "no engine may start before it is finished");
    world.host.state().arrival = Some(Arrival::Here);
    world.reconcile();
    assert_eq!((world.state(), world.upgrade().header.from), (State::Completed, None));
    assert!(world.host.done().contains(&"migrate".to_owned()));
}

#[test]
fn what_was_there_before_the_agent_is_not_installed_anew() {
    let world = alone();
    world.host.state().arrival = Some(Arrival::Known);
    world.install(&world.vendor.plan("1.0.0"));
    world.reconcile();
    assert!(world.product().newest().unwrap().is_none());
    assert!(!world.host.done().contains(&"migrate".to_owned()));
}

fn looked(world: &World) -> bool {
    let before = Bulletin::read(&world.places).and_then(|bulletin| bulletin.looked);
    timetable::keep(&world.agent);
    world.settle();
    Bulletin::read(&world.places).and_then(|bulletin| bulletin.looked) != before
}

#[test]
fn it_looks_when_it_is_time_and_writes_down_what_is_known() {
    let world = alone();
    assert!(looked(&world), "it has never looked");
    assert!(!looked(&world), "it has just looked");
    world.install(&world.vendor.plan("1.0.0"));
    world.reconcile();
    let release = world.vendor.release(&world.vendor.plan("1.1.0"));
    world.publish(&[&release], "1.1.0-1");
    assert!(looked(&world), "there is a product that no look has found");
    assert!(!looked(&world));
    let bulletin = Bulletin::read(&world.places).unwrap();
    let line = &bulletin.products[0];
    assert_eq!(line.published, Some("1.1.0".parse().unwrap()));
    assert_eq!(line.offers[0].offered, Some("1.1.0".parse().unwrap()));
    assert_eq!(line.detected[&super::world::PACKAGE.parse().unwrap()].version, "1.0.0-1");
    assert_eq!((line.problem.clone(), bulletin.feeds[0].generation), (None, 5));
    world.set_clock(1);
    assert!(looked(&world), "a day has passed");
    // Once it could not look it tries again sooner than in an hour.
    world.host.state().files.clear();
    world.set_clock(2);
    assert!(looked(&world));
    let bulletin = Bulletin::read(&world.places).unwrap();
    assert!(bulletin.products[0].problem.is_some());
    let pause = bulletin.next_look.unwrap().duration_since(bulletin.looked.unwrap());
    assert_eq!(pause.as_secs(), 15 * 60);
}

#[test]
fn where_lists_are_told_of_nothing_is_looked_for() {
    let world = World::with_baseline();
    assert!(!looked(&world));
    assert_eq!(Bulletin::read(&world.places), None);
}

fn agent_line(world: &World) -> AgentLine {
    Bulletin::read(&world.places).unwrap().agent.unwrap()
}

#[test]
fn what_becomes_of_a_newer_agent_is_written_down_beside_the_products() {
    let world = alone();
    let package = |version: &str| OwnPackage { installed: Some(version.to_owned()), ..OwnPackage::default() };
    world.host.state().own = Some(package("0.1.0-1"));
    assert!(looked(&world));
    let line = agent_line(&world);
    assert_eq!((line.held, line.published), (Some(AgentHeld::NotBrought), None));
    assert!(line.problem.unwrap().contains("fetch the agent") && line.looked.is_some());
    world.host.state().newest_agent = Some("0.2.0-1".to_owned());
    world.set_clock(1);
    assert!(looked(&world));
    let line = agent_line(&world);
    assert_eq!((line.published.as_deref(), line.held, line.problem), (Some("0.2.0-1"), None, None));
    // It was brought, and waits; it was tried often enough; it is there.
    let brought = OwnPackage { brought: Some("0.2.0-1".to_owned()), ..package("0.1.0-1") };
    world.host.state().own = Some(brought.clone());
    timetable::renew(&world.agent);
    assert_eq!((agent_line(&world).held, agent_line(&world).looked), (Some(AgentHeld::Waits), line.looked));
    let problem = Some("msiexec ended with 1603".to_owned());
    let tried = OwnPackage { attempts: 3, tried: line.looked, problem: problem.clone(), ..brought };
    world.host.state().own = Some(tried);
    timetable::renew(&world.agent);
    assert_eq!((agent_line(&world).held, agent_line(&world).problem), (Some(AgentHeld::TriedEnough), problem));
    world.host.state().own = Some(package("0.2.0-1"));
    timetable::renew(&world.agent);
    let line = agent_line(&world);
    assert_eq!((line.held, line.problem, line.published.as_deref()), (None, None, Some("0.2.0-1")));
}
