//! An upgrade that takes the place of one that halted, and what it has to take over from that one.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::world::{PACKAGE, World};
use crate::data::Record;
use crate::engine::event::{Event, SkipReason};
use crate::engine::machine::State;
use crate::host::Source;
use crate::request::Reply;

const ENGINES: [&str; 2] = ["erp-web.service", "erp.service"];
const DATA: &str = "/var/lib/erp";
const REPORTS: &str = "/var/lib/reports";
const FLAG: &str = "/var/lib/erp-closed";

/// 1.0.0 runs, whose data is at 1, and can be had again.
fn world() -> World {
    let world = World::with_baseline();
    for (folder, text) in [(DATA, "1"), (REPORTS, "as written")] {
        fs_err::create_dir_all(world.places.at(folder)).unwrap();
        fs_err::write(world.places.at(folder).join("version"), text).unwrap();
    }
    let package = format!("{PACKAGE} 1.0.0-1");
    let mut state = world.host.state();
    state.data_in = Some(world.places.at(DATA).join("version"));
    state.sources.insert(package.clone(), Source { file: None, download: Some(10) });
    state.downloads.insert(package, format!("{PACKAGE} 1.0.0-1\n").into_bytes());
    drop(state);
    world
}

fn version(world: &World) -> PathBuf {
    world.places.at(DATA).join("version")
}

fn reports(world: &World) -> PathBuf {
    world.places.at(REPORTS).join("version")
}

fn text(path: PathBuf) -> String {
    fs_err::read_to_string(path).unwrap()
}

/// A plan that saves these folders, each as a part of this name, and whose data is at this version then.
fn plan(world: &World, version: &str, parts: &[(&str, &str)], data: &str) -> Value {
    let mut plan = world.vendor.plan(version);
    let part = |(name, path): &(&str, &str)| json!({"kind": "files", "name": name, "paths": [path]});
    let parts: Vec<Value> = parts.iter().map(part).collect();
    plan["body"]["format"] = json!(3);
    plan["body"]["data"] =
        json!({"version": data, "probe": {"command": ["probe"], "user": "erp", "timeout_seconds": 5}});
    let steps = plan["body"]["steps"].as_array_mut().unwrap();
    steps.insert(1, json!({"kind": "backup", "parts": parts, "timeout_seconds": 60}));
    steps.iter_mut().filter(|step| step["kind"] == "run").for_each(|step| step["undo"] = json!("from-backup"));
    plan
}

/// A program after the step of this name, which can only be taken back where that is said.
fn with_program(mut plan: Value, after: &str, program: &str, undo: &str) -> Value {
    let steps = plan["body"]["steps"].as_array_mut().unwrap();
    let place = steps.iter().position(|step| step["name"] == after || step["kind"] == after).unwrap() + 1;
    let step = json!({"kind": "run", "name": program, "command": [program], "user": "erp", "timeout_seconds": 5});
    steps.insert(place, step);
    steps[place]["undo"] = json!(undo);
    plan
}

/// Goes as far as the plan does, with data that are migrated to this version.
fn go(world: &World, plan: &Value, migrated: &str) {
    world.host.state().migrated = Some(migrated.to_owned());
    assert_eq!(world.barrier(plan), Reply::Pass);
    world.install(plan);
    world.ended();
}

/// 1.1.0 halts behind a migration that went to its end.
fn halted(world: &World, parts: &[(&str, &str)]) {
    world.host.state().failing.insert("check".to_owned());
    go(world, &with_program(plan(world, "1.1.0", parts, "2"), "migrate", "check", "impossible"), "2");
    assert!(matches!(world.state(), State::Halted { .. }), "{:?}", world.state());
    assert_eq!(text(version(world)), "2");
}

#[test]
fn data_taken_back_over_two_upgrades_are_those_of_before_the_first() {
    let world = world();
    halted(&world, &[("data", DATA)]);
    let fix = with_program(plan(&world, "1.2.0", &[("data", DATA)], "3"), "migrate", "check", "harmless");
    go(&world, &fix, "3");
    assert_eq!(world.state(), State::RolledBack);
    assert_eq!((text(version(&world)), world.host.running()), ("1".to_owned(), ENGINES.map(str::to_owned).to_vec()));
    let record = Record::read(&world.product()).unwrap().unwrap();
    assert_eq!((&*record.version, record.release.as_str(), record.differs), ("1", "1.0.0", None));
}

#[test]
fn what_the_halted_upgrade_has_migrated_keeps_its_fix_from_nothing() {
    let world = world();
    go(&world, &plan(&world, "1.0.1", &[("data", DATA)], "1"), "1");
    assert_eq!(Record::read(&world.product()).unwrap().unwrap().version, "1");
    halted(&world, &[("data", DATA)]);
    go(&world, &plan(&world, "1.2.0", &[("data", DATA)], "3"), "3");
    assert_eq!((world.state(), text(version(&world))), (State::Completed, "3".to_owned()));
}

#[test]
fn what_the_halted_upgrade_has_migrated_was_not_done_by_another_host() {
    let world = world();
    let shared = |mut plan: Value| {
        plan["body"]["data"]["lock"] = json!({"engine": "postgresql", "name": "erp", "user": "postgres"});
        plan
    };
    go(&world, &shared(plan(&world, "1.1.0", &[("data", DATA)], "1")), "1");
    world.host.state().failing.insert("check".to_owned());
    let second = with_program(plan(&world, "1.2.0", &[("data", DATA)], "2"), "migrate", "check", "impossible");
    go(&world, &shared(second), "2");
    assert!(matches!(world.state(), State::Halted { .. }), "{:?}", world.state());
    go(&world, &shared(plan(&world, "1.2.1", &[("data", DATA)], "2")), "2");
    assert_eq!(world.state(), State::Completed);
    let records = world.product().replay(3).unwrap().records;
    let done = |event: &Event| matches!(event, Event::StepSkipped { because: SkipReason::AlreadyDone, .. });
    assert!(!records.iter().any(|record| done(&record.event)), "it may be half done");
}

#[test]
fn a_fix_that_comes_to_nothing_leaves_the_data_as_the_halted_upgrade_had_them() {
    let world = world();
    halted(&world, &[("data", DATA)]);
    assert_eq!(world.barrier(&plan(&world, "1.2.0", &[("data", DATA)], "3")), Reply::Pass);
    world.ended();
    let second = world.product().replay(2).unwrap().upgrade.unwrap();
    assert_eq!((second.state, text(version(&world))), (State::Cancelled, "2".to_owned()));
}

#[test]
fn a_fix_that_came_to_nothing_may_be_tried_again() {
    let world = world();
    go(&world, &plan(&world, "1.0.1", &[("data", DATA)], "1"), "1");
    halted(&world, &[("data", DATA)]);
    let fix = plan(&world, "1.2.0", &[("data", DATA)], "3");
    assert_eq!(world.barrier(&fix), Reply::Pass);
    world.ended();
    world.settle();
    assert_eq!(Record::read(&world.product()).unwrap().unwrap().differs, None);
    go(&world, &fix, "3");
    assert_eq!((world.state(), text(version(&world))), (State::Completed, "3".to_owned()));
}

#[test]
fn where_one_of_several_has_changed_data_without_a_backup_nothing_goes_back() {
    let world = world();
    halted(&world, &[("data", DATA)]);
    let mut second = with_program(plan(&world, "1.2.0", &[], "3"), "migrate", "check", "impossible");
    let steps = second["body"]["steps"].as_array_mut().unwrap();
    steps.retain(|step| step["kind"] != "backup");
    steps.iter_mut().for_each(|step| step["undo"] = json!("impossible"));
    steps
        .iter_mut()
        .filter(|step| step["kind"] != "run")
        .for_each(|step| drop(step.as_object_mut().unwrap().remove("undo")));
    go(&world, &second, "3");
    let third = with_program(plan(&world, "1.3.0", &[("data", DATA)], "4"), "migrate", "check", "harmless");
    go(&world, &third, "4");
    assert!(matches!(world.state(), State::Halted { .. }), "{:?}", world.state());
    assert_eq!(text(version(&world)), "4");
}

#[test]
fn what_was_saved_is_restored_by_the_plan_that_saved_it() {
    let world = world();
    halted(&world, &[("data", DATA), ("reports", REPORTS)]);
    fs_err::write(reports(&world), "half migrated").unwrap();
    let fix = with_program(plan(&world, "1.2.0", &[("data", DATA)], "3"), "migrate", "check", "harmless");
    go(&world, &fix, "3");
    assert_eq!(world.state(), State::RolledBack);
    assert_eq!((text(version(&world)), text(reports(&world))), ("1".to_owned(), "as written".to_owned()));
}

#[test]
fn what_only_the_fix_changes_is_saved_by_the_fix() {
    let world = world();
    halted(&world, &[("data", DATA)]);
    let parts = [("data", DATA), ("reports", REPORTS)];
    let fix = with_program(plan(&world, "1.2.0", &parts, "3"), "migrate", "check", "harmless");
    world.host.state().migrated = Some("3".to_owned());
    assert_eq!(world.barrier(&fix), Reply::Pass);
    let seal = crate::backup::Seal::read(&world.product(), 2).unwrap().unwrap();
    assert_eq!(seal.parts.iter().map(|part| part.name.as_str()).collect::<Vec<_>>(), ["reports"]);
    fs_err::write(reports(&world), "migrated").unwrap();
    world.install(&fix);
    world.ended();
    assert_eq!(world.state(), State::RolledBack);
    assert_eq!((text(version(&world)), text(reports(&world))), ("1".to_owned(), "as written".to_owned()));
}

#[test]
fn a_part_that_the_fix_describes_otherwise_is_not_taken_for_saved() {
    let world = world();
    halted(&world, &[("data", DATA)]);
    let mut fix = with_program(plan(&world, "1.2.0", &[("data", DATA)], "3"), "migrate", "check", "harmless");
    fix["body"]["steps"][1]["parts"][0]["paths"] = json!([DATA, REPORTS]);
    world.host.state().migrated = Some("3".to_owned());
    assert_eq!(world.barrier(&fix), Reply::Pass);
    fs_err::write(reports(&world), "migrated").unwrap();
    world.install(&fix);
    world.ended();
    assert_eq!(world.state(), State::RolledBack);
    assert_eq!((text(version(&world)), text(reports(&world))), ("1".to_owned(), "as written".to_owned()));
}

/// 1.1.0 halts while it is checked, started and closed to everybody.
fn halted_in_maintenance(world: &World) {
    let mut plan = with_program(plan(world, "1.1.0", &[("data", DATA)], "2"), "start", "check", "impossible");
    plan["body"]["maintenance"] =
        json!({"flag": FLAG, "enter": ["close"], "leave": ["open", "{to}"], "user": "erp", "timeout_seconds": 5});
    let steps = plan["body"]["steps"].as_array_mut().unwrap();
    let start = steps.iter().position(|step| step["kind"] == "start").unwrap();
    steps.insert(start, json!({"kind": "enter-maintenance"}));
    steps.push(json!({"kind": "leave-maintenance"}));
    world.host.state().failing.insert("check".to_owned());
    go(world, &plan, "2");
    assert!(matches!(world.state(), State::Halted { .. }), "{:?}", world.state());
    assert!(world.places.at(FLAG).exists() && !world.host.running().is_empty());
    world.host.done();
}

#[test]
fn a_fix_without_a_maintenance_mode_ends_that_of_the_halted_upgrade() {
    let world = world();
    halted_in_maintenance(&world);
    let fix = plan(&world, "1.2.0", &[("data", DATA)], "3");
    assert_eq!(world.barrier(&fix), Reply::Pass);
    // By the programs that are still there, with nobody served.
    assert_eq!(world.host.done(), ["stop erp-web.service", "stop erp.service", "open 1.1.0"]);
    assert!(!world.places.at(FLAG).exists());
    world.host.state().migrated = Some("3".to_owned());
    world.install(&fix);
    world.ended();
    assert_eq!(world.state(), State::Completed);
}

#[test]
fn a_maintenance_mode_is_ended_once() {
    let world = world();
    halted_in_maintenance(&world);
    let second = with_program(plan(&world, "1.2.0", &[("data", DATA)], "3"), "migrate", "check", "impossible");
    go(&world, &second, "3");
    assert!(matches!(world.state(), State::Halted { .. }), "{:?}", world.state());
    world.host.done();
    go(&world, &plan(&world, "1.3.0", &[("data", DATA)], "4"), "4");
    assert_eq!(world.state(), State::Completed);
    assert!(!world.host.done().contains(&"open 1.1.0".to_owned()), "its programs are gone");
}

#[test]
fn a_fix_that_is_taken_back_leaves_nobody_in_maintenance() {
    let world = world();
    halted_in_maintenance(&world);
    let fix = with_program(plan(&world, "1.2.0", &[("data", DATA)], "3"), "packages", "check", "harmless");
    go(&world, &fix, "3");
    assert_eq!(world.state(), State::RolledBack);
    assert!(!world.places.at(FLAG).exists() && world.host.done().contains(&"open 1.1.0".to_owned()));
    assert_eq!(world.host.running(), ENGINES);
}
