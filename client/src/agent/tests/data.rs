//! The third truth: what follows when the data is at another version than it should be.

use serde_json::{Value, json};

use super::world::World;
use crate::agent::dialogue::Speaker;
use crate::agent::{data, decision};
use crate::data::Record;
use crate::engine::event::{Event, FORMAT_WITH_BACKUP, Failure, Person, SkipReason};
use crate::engine::machine::{HaltCause, State};
use crate::request::{Decision, Reply};

const ENGINES: [&str; 2] = ["erp-web.service", "erp.service"];

/// A plan whose steps bring the data to this version, where it says one.
fn plan(world: &World, version: &str, data: Option<&str>) -> Value {
    let mut plan = world.vendor.plan(version);
    plan["body"]["format"] = 3.into();
    plan["body"]["data"] = json!({"probe": {"command": ["probe"], "user": "erp", "timeout_seconds": 5}});
    if let Some(data) = data {
        plan["body"]["data"]["version"] = data.into();
    }
    plan
}

/// 1.1.0 is finished, with the data at 1.
fn finished() -> World {
    let world = World::with_baseline();
    world.host.state().data = "0\n".to_owned();
    upgrade(&world, &plan(&world, "1.1.0", Some("1")), "1\n");
    assert_eq!(world.state(), State::Completed);
    world
}

fn upgrade(world: &World, plan: &Value, migrated: &str) {
    world.host.state().migrated = Some(migrated.to_owned());
    world.barrier(plan);
    world.install(plan);
    world.ended();
}

fn record(world: &World) -> Record {
    Record::read(&world.product()).unwrap().expect("there is no record")
}

fn by() -> Person {
    Person { uid: 0, name: "marie".to_owned() }
}

fn accept(world: &World) -> Reply {
    data::accept(&world.agent, &world.id(), &by()).unwrap()
}

fn retry(world: &World) {
    decision::decide(&world.agent, &world.id(), &Decision::Retry, &by(), &mut Speaker::to_nobody()).unwrap();
    world.reconcile();
}

#[track_caller]
fn differs(state: State, expected: &str, found: &str) {
    let failure = Failure::DataDiffers { expected: expected.to_owned(), found: found.to_owned() };
    match state {
        State::Halted { cause: HaltCause::Failed { failure: told }, .. } | State::Stuck { failure: told, .. } => {
            assert_eq!(told, failure);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_upgrade_leaves_on_record_what_its_steps_made_of_the_data() {
    let world = finished();
    let upgrade = world.upgrade();
    assert_eq!(upgrade.header.format, FORMAT_WITH_BACKUP);
    assert_eq!((upgrade.data_before.as_deref(), upgrade.data.as_deref()), (Some("0"), Some("1")));
    let record = record(&world);
    assert_eq!((&*record.version, record.release.to_string(), record.upgrade), ("1", "1.1.0".to_owned(), 1));
    assert_eq!((record.accepted_by, record.differs), (None, None));
    assert_eq!(world.host.running(), ENGINES);
}

#[test]
fn engines_are_stopped_on_restored_data_and_started_when_they_are_put_back() {
    let world = finished();
    world.host.state().data = "0".to_owned();
    world.reconcile();
    assert!(world.host.running().is_empty() && world.product().is_unfinished());
    assert_eq!(record(&world).differs.map(|differs| differs.found), Some("0".to_owned()));
    world.reconcile();
    assert!(world.host.running().is_empty());
    world.host.state().data = "1".to_owned();
    world.reconcile();
    assert_eq!(world.host.running(), ENGINES);
    assert!(!world.product().is_unfinished() && record(&world).differs.is_none());
}

#[test]
fn an_engine_that_was_stopped_on_purpose_is_not_started_with_the_others() {
    let world = finished();
    world.host.state().running.remove("erp-web.service");
    world.host.state().data = "0".to_owned();
    world.reconcile();
    world.host.state().data = "1".to_owned();
    world.reconcile();
    assert_eq!(world.host.running(), ["erp.service"]);
}

#[test]
fn an_upgrade_of_restored_data_is_refused_until_a_person_accepts_them() {
    let world = finished();
    world.host.state().data = "0".to_owned();
    world.reconcile();
    let next = plan(&world, "1.2.0", Some("2"));
    let refused = super::world::reasons(&world.barrier(&next));
    assert_eq!(serde_json::to_value(&refused[0]).unwrap()["code"], "data-differs");
    world.ended();
    assert_eq!(accept(&world), Reply::Data { found: Some("0".to_owned()), failure: None });
    assert_eq!(world.host.running(), ENGINES);
    assert_eq!(record(&world).accepted_by, Some(by()));
    upgrade(&world, &next, "2");
    assert_eq!(world.state(), State::Completed);
    assert_eq!(record(&world).version, "2");
}

#[test]
fn data_that_change_between_two_looks_are_seen_before_the_first_step() {
    let world = finished();
    world.host.state().data = "0".to_owned();
    let refused = world.barrier(&plan(&world, "1.2.0", Some("2")));
    assert!(matches!(refused, Reply::Refuse { .. }), "{refused:?}");
    let replay = world.product().replay(2).unwrap();
    let told = replay.records.iter().find_map(|record| match &record.event {
        Event::StepFailed { item: 0, failure } => serde_json::to_value(failure).ok(),
        // Somebody looked in between: then it is a gate's word.
        Event::Held { reasons } => serde_json::to_value(&reasons[0]).ok(),
        _ => None,
    });
    assert_eq!(told, Some(json!({"code": "data-differs", "expected": "1", "found": "0"})));
    world.ended();
    assert!(world.host.running().is_empty(), "they ran on data that nobody knows");
}

#[test]
fn engines_of_a_release_do_not_start_on_data_of_another() {
    let world = finished();
    upgrade(&world, &plan(&world, "1.2.0", Some("2")), "1");
    differs(world.state(), "2", "1");
    assert!(world.host.running().is_empty());
    retry(&world);
    differs(world.state(), "2", "1");
    accept(&world);
    retry(&world);
    assert_eq!(world.state(), State::Completed);
    assert_eq!(record(&world).version, "1");
}

#[test]
fn data_that_another_host_has_brought_to_the_release_are_no_others() {
    let world = finished();
    world.host.state().data = "2".to_owned();
    upgrade(&world, &plan(&world, "1.2.0", Some("2")), "2");
    assert_eq!(world.state(), State::Completed);
}

#[test]
fn what_a_step_that_failed_made_of_the_data_is_taken_as_it_is() {
    let world = finished();
    let mut next = plan(&world, "1.2.0", None);
    let second = json!({"kind": "run", "name": "second", "command": ["second"], "user": "erp", "timeout_seconds": 5});
    next["body"]["steps"].as_array_mut().unwrap().insert(3, second);
    world.host.state().failing.insert("second".to_owned());
    upgrade(&world, &next, "2");
    world.host.state().failing.clear();
    world.host.state().data = "3".to_owned();
    retry(&world);
    assert_eq!(world.state(), State::Completed);
    assert_eq!(record(&world).version, "3");
}

#[test]
fn what_a_step_that_waits_for_time_has_left_is_compared_before_it_runs_again() {
    let world = finished();
    world.settle();
    let mut next = plan(&world, "1.2.0", None);
    next["body"]["steps"][2]["retry_later_exit"] = 75.into();
    world.host.state().exit = 75;
    world.host.state().migrated = Some("2".to_owned());
    world.barrier(&next);
    world.install(&next);
    // Nobody else runs the step while the data change.
    world.ended_and_postponed();
    assert!(matches!(world.state(), State::Forward { .. }), "{:?}", world.state());
    world.host.state().data = "9".to_owned();
    world.reconcile();
    differs(world.state(), "2", "9");
}

#[test]
fn old_engines_do_not_start_on_data_that_were_changed_meanwhile() {
    let world = finished();
    let next = plan(&world, "1.2.0", None);
    world.barrier(&next);
    world.host.state().data = "9".to_owned();
    world.ended();
    differs(world.state(), "1", "9");
    assert!(world.host.running().is_empty());
    accept(&world);
    retry(&world);
    assert_eq!(world.state(), State::Cancelled);
    assert_eq!(world.host.running(), ENGINES);
}

#[test]
fn what_nobody_can_look_at_keeps_nothing_from_starting() {
    let world = finished();
    world.host.state().data = String::new();
    world.reconcile();
    assert_eq!(world.host.running(), ENGINES);
    let told = data::look(&world.agent, &world.id()).unwrap();
    assert!(matches!(told, Reply::Data { found: None, failure: Some(_) }), "{told:?}");
    assert!(matches!(accept(&world), Reply::Data { found: None, failure: Some(_) }));
    upgrade(&world, &plan(&world, "1.2.0", Some("2")), "");
    assert_eq!(world.state(), State::Completed);
}

/// A plan whose data several hosts share.
fn shared(world: &World, version: &str, data: &str) -> Value {
    let mut plan = plan(world, version, Some(data));
    plan["body"]["data"]["lock"] = json!({"engine": "postgresql", "name": "erp", "user": "postgres"});
    plan
}

fn did(world: &World, what: &str) -> bool {
    world.host.done().iter().any(|done| done == what)
}

#[test]
fn of_two_hosts_on_the_same_data_one_migrates_and_the_other_finds_it_done() {
    let world = finished();
    world.host.state().locked = true;
    world.host.done();
    upgrade(&world, &shared(&world, "1.2.0", "2"), "2");
    // The other host is half way: that is no other version, and nothing of this host touches it.
    assert!(matches!(world.state(), State::Forward { .. }), "{:?}", world.state());
    world.host.state().data = "1 and a half".to_owned();
    world.reconcile();
    assert!(matches!(world.state(), State::Forward { .. }), "{:?}", world.state());
    assert!(!did(&world, "migrate") && world.host.running().is_empty());

    world.host.state().data = "2".to_owned();
    world.host.state().locked = false;
    world.reconcile();
    assert_eq!(world.state(), State::Completed);
    assert!(!did(&world, "migrate"));
    assert_eq!(world.host.running(), ENGINES);
    assert!(world.host.state().staying.is_empty(), "the lock is still held");
    let done = |event: &Event| matches!(event, Event::StepSkipped { item: 2, because: SkipReason::AlreadyDone });
    assert!(world.product().replay(2).unwrap().records.iter().any(|record| done(&record.event)));
}

#[test]
fn who_has_the_lock_migrates_and_lets_it_go_before_the_engines_start() {
    let world = finished();
    upgrade(&world, &shared(&world, "1.2.0", "2"), "2");
    assert_eq!(world.state(), State::Completed);
    assert!(did(&world, "migrate") && world.host.state().staying.is_empty());
}

#[test]
fn a_step_that_was_cut_off_is_not_done_because_the_data_look_so() {
    let world = finished();
    world.host.state().failing.insert("migrate".to_owned());
    upgrade(&world, &shared(&world, "1.2.0", "2"), "2");
    assert!(matches!(world.state(), State::Halted { .. }), "{:?}", world.state());
    assert!(!world.host.state().staying.is_empty(), "others must not work on half migrated data");
    world.host.state().failing.clear();
    world.host.done();
    retry(&world);
    assert_eq!(world.state(), State::Completed);
    assert!(did(&world, "migrate"));
}

#[test]
fn a_host_whose_data_were_migrated_by_another_one_may_be_upgraded() {
    let world = finished();
    world.host.state().data = "2".to_owned();
    world.reconcile();
    assert!(world.host.running().is_empty(), "the old engines do not start on it");
    upgrade(&world, &shared(&world, "1.2.0", "2"), "2");
    assert_eq!(world.state(), State::Completed);
    assert_eq!(world.host.running(), ENGINES);
}

#[test]
fn a_plan_without_a_probe_keeps_the_older_format() {
    let world = World::with_baseline();
    upgrade(&world, &world.vendor.plan("1.1.0"), "1");
    assert_eq!(world.upgrade().header.format, 1);
    assert_eq!(Record::read(&world.product()).unwrap(), None);
    let skipped = |event: &Event| matches!(event, Event::StepSkipped { because: SkipReason::AlreadyDone, .. });
    assert!(!world.product().replay(1).unwrap().records.iter().any(|record| skipped(&record.event)));
}
