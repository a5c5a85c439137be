//! The site's rules on when a release may be installed, and by whom.

use jiff::{Timestamp, ToSpan, tz::TimeZone};

use super::world::{PACKAGE, World, reasons};
use crate::agent::{barrier, dialogue::Speaker, timing};
use crate::engine::event::{Person, Reason};
use crate::engine::machine::State;
use crate::request::Reply;

/// A host where 1.1.0 is offered and cleared by its gates, under these rules.
fn offered(rules: &str) -> World {
    let world = World::with_baseline();
    let path = world.places.policy();
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, rules).unwrap();
    let release = world.vendor.release(&world.vendor.plan("1.1.0"));
    world.publish(&[&world.vendor.release(&world.vendor.plan("1.0.0")), &release], "1.1.0-1");
    world.look();
    world
}

/// A window on the day after tomorrow.
fn closed() -> String {
    let day = Timestamp::now().to_zoned(TimeZone::system()).date().saturating_add(2.days());
    format!("[window]\nallowed = [\"{} 10:00-11:00\"]\n", day.strftime("%a"))
}

fn with_nobody(world: &World) -> Reply {
    let action = world.action(&world.vendor.plan("1.1.0"));
    world.host.state().transaction = Some(std::process::id());
    barrier::barrier(&world.agent, &[action], false, &mut Speaker::to_nobody()).unwrap()
}

fn allow(world: &World) {
    let by = Person { uid: 0, name: "marie".to_owned() };
    assert_eq!(timing::allow(&world.agent, &world.id(), &by).unwrap(), Reply::Accepted);
}

#[test]
fn outside_the_windows_nothing_begins_and_the_next_opening_is_said() {
    let world = offered(&closed());
    let [offer] = &world.look()[..] else { panic!() };
    let Some(Reason::OutsideWindow { opens }) = offer.held.first() else { panic!("{offer:?}") };
    assert!(*opens > Timestamp::now());
    assert_eq!(world.cleared(), [""; 0]);
    // The gates are satisfied: that is what is written down. The hold opens by itself.
    assert_eq!(world.state(), State::Cleared);
    assert!(world.host.state().wakes.contains(opens));
    assert_eq!(reasons(&world.barrier(&world.vendor.plan("1.1.0"))), [Reason::OutsideWindow { opens: *opens }]);
    assert_eq!(world.state(), State::Cleared);
    assert!(world.host.running().contains(&"erp.service".to_owned()));
}

#[test]
fn the_hold_follows_the_windows_without_another_look() {
    let world = offered("[window]\nallowed = [\"00:00-24:00\"]\n");
    assert_eq!(world.cleared(), ["1.1.0-1"]);
    fs_err::write(world.places.policy(), closed()).unwrap();
    world.reconcile();
    assert_eq!(world.cleared(), [""; 0]);
    fs_err::write(world.places.policy(), "").unwrap();
    world.reconcile();
    assert_eq!(world.cleared(), ["1.1.0-1"]);
}

#[test]
fn a_person_may_let_this_release_through_and_no_other() {
    let rules = format!("{}[unattended]\nclasses = []\n", closed());
    let world = offered(&rules);
    allow(&world);
    assert_eq!(world.cleared(), ["1.1.0-1"]);
    assert!(world.host.state().unattended.contains(PACKAGE));
    assert_eq!(with_nobody(&world), Reply::Pass);
    world.install(&world.vendor.plan("1.1.0"));
    world.ended();
    assert_eq!(world.state(), State::Completed);
    world.publish(
        &[&world.vendor.release(&world.vendor.plan("1.1.0")), &world.vendor.release(&world.vendor.plan("1.2.0"))],
        "1.2.0-1",
    );
    world.look();
    assert_eq!(world.cleared(), [""; 0]);
    assert!(!world.host.state().unattended.contains(PACKAGE));
}

#[test]
fn an_upgrade_that_has_begun_comes_to_its_end_outside_the_windows() {
    let world = offered("[window]\nallowed = [\"00:00-24:00\"]\n");
    let plan = world.vendor.plan("1.1.0");
    assert_eq!(world.barrier(&plan), Reply::Pass);
    fs_err::write(world.places.policy(), format!("{}[unattended]\nclasses = []\n", closed())).unwrap();
    // The same command once more, after whatever went wrong.
    assert_eq!(with_nobody(&world), Reply::Pass);
    world.install(&plan);
    world.ended();
    assert_eq!(world.state(), State::Completed);
}

#[test]
fn with_nobody_there_only_the_classes_that_the_site_names_are_installed() {
    let world = offered("[unattended]\nclasses = [\"patch\"]\n");
    assert_eq!(world.cleared(), ["1.1.0-1"], "somebody at a terminal may");
    assert!(!world.host.state().unattended.contains(PACKAGE));
    let class = consign_metadata::version::Class::Minor;
    assert_eq!(reasons(&with_nobody(&world)), [Reason::Unattended { class }]);
    assert_eq!(world.barrier(&world.vendor.plan("1.1.0")), Reply::Pass);

    let world = offered("[unattended]\nclasses = [\"patch\", \"minor\"]\n");
    assert!(world.host.state().unattended.contains(PACKAGE));
    assert_eq!(with_nobody(&world), Reply::Pass);
}

#[test]
fn a_rule_that_cannot_be_read_holds_before_the_next_look_does() {
    let world = offered("");
    assert_eq!(world.cleared(), ["1.1.0-1"]);
    fs_err::write(world.places.policy(), "[window]\nallowed = [\"sometimes\"]\n").unwrap();
    world.reconcile();
    assert_eq!(world.cleared(), [""; 0]);
    let said = reasons(&world.barrier(&world.vendor.plan("1.1.0")));
    assert!(matches!(&said[..], [Reason::Site { problem }] if problem.contains("\"sometimes\"")), "{said:?}");
}
