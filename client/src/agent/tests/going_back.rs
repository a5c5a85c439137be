//! The way back: packages and data of before, and what stands in it.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::world::{PACKAGE, World};
use crate::agent::decision;
use crate::agent::dialogue::Speaker;
use crate::agent::putting_back::UnderWay;
use crate::backup::{SEAL, Seal};
use crate::engine::event::{Event, Failure, Person, Reason};
use crate::engine::machine::{HaltCause, State};
use crate::going_back::{GoingBack, Obstacle};
use crate::host::Source;
use crate::request::{Decision, PackageAction, Reply};

const DATA: &str = "/var/lib/erp";

/// A plan whose migration can be taken back by a backup of these paths.
fn plan(world: &World, version: &str, paths: &[&str]) -> Value {
    let mut plan = world.vendor.plan(version);
    let parts = json!([{"kind": "files", "name": "files", "paths": paths}]);
    plan["body"]["format"] = json!(3);
    let steps = plan["body"]["steps"].as_array_mut().unwrap();
    steps.insert(1, json!({"kind": "backup", "parts": parts, "timeout_seconds": 60}));
    for step in steps.iter_mut().filter(|step| step["kind"] == "run") {
        step["undo"] = json!("from-backup");
    }
    plan
}

/// A host with data, where 1.0.0 runs and its package can be had.
fn world() -> (World, PathBuf) {
    let world = World::with_baseline();
    let data = world.places.at(DATA);
    fs_err::create_dir_all(data.join("orders")).unwrap();
    fs_err::write(data.join("orders/1"), "schema 1").unwrap();
    std::os::unix::fs::symlink("orders/1", data.join("newest")).unwrap();
    let package = format!("{PACKAGE} 1.0.0-1");
    world.host.state().sources.insert(package.clone(), Source { file: None, download: Some(10) });
    world.host.state().downloads.insert(package, format!("{PACKAGE} 1.0.0-1\n").into_bytes());
    (world, data)
}

fn migrated(data: &std::path::Path) {
    fs_err::write(data.join("orders/1"), "schema 2").unwrap();
    fs_err::write(data.join("orders/2"), "schema 2").unwrap();
    fs_err::remove_file(data.join("newest")).unwrap();
}

#[track_caller]
fn is_as_before(data: &std::path::Path) {
    assert_eq!(fs_err::read_to_string(data.join("orders/1")).unwrap(), "schema 1");
    assert_eq!(fs_err::read_link(data.join("newest")).unwrap(), PathBuf::from("orders/1"));
    assert!(!data.join("orders/2").exists());
}

/// Upgrades to 1.1.0; where `migrate` fails it has left half of its work.
fn upgrade(world: &World, data: &std::path::Path, fails: bool) {
    let plan = plan(world, "1.1.0", &[DATA]);
    assert_eq!(world.barrier(&plan), Reply::Pass);
    migrated(data);
    if fails {
        let program = plan["body"]["steps"].as_array().unwrap().iter().find(|step| step["kind"] == "run").unwrap();
        world.host.state().failing.insert(program["command"][0].as_str().unwrap().to_owned());
    }
    world.install(&plan);
    world.ended();
}

fn decide(world: &World, decision: &Decision) -> Result<Reply, String> {
    let by = Person { uid: 0, name: "marie".to_owned() };
    let answer = decision::decide(&world.agent, &world.id(), decision, &by, &mut Speaker::to_nobody());
    answer.map_err(|problem| problem.to_string())
}

fn rollback(accepts_data_loss: bool) -> Decision {
    Decision::Rollback { accepts_data_loss }
}

fn looked(world: &World) -> GoingBack {
    GoingBack::of(&world.product(), &world.host).unwrap().unwrap()
}

fn number(world: &World, number: u32) -> State {
    world.product().replay(number).unwrap().upgrade.unwrap().state
}

#[test]
fn a_migration_that_fails_is_taken_back_with_packages_and_data() {
    let (world, data) = world();
    upgrade(&world, &data, true);
    assert_eq!(number(&world, 1), State::RolledBack);
    is_as_before(&data);
    let done = world.host.done();
    let expected = [
        &format!("fetch {PACKAGE} 1.0.0-1")[..],
        "stop erp-web.service",
        "stop erp.service",
        "migrate",
        &format!("put back {PACKAGE} 1.0.0-1"),
        "reload",
        "start erp.service",
        "start erp-web.service",
    ];
    assert_eq!(done, expected);
    assert!(!world.product().is_unfinished());
}

#[test]
fn a_finished_upgrade_is_taken_back_only_where_the_loss_is_accepted() {
    let (world, data) = world();
    upgrade(&world, &data, false);
    assert_eq!(number(&world, 1), State::Completed);
    let way = looked(&world);
    assert!(way.is_possible() && way.loses_since.is_some() && way.saved.is_some(), "{way:?}");
    let refused = decide(&world, &rollback(false)).unwrap_err();
    assert!(refused.contains("it is completed"), "{refused}");
    assert_eq!(number(&world, 1), State::Completed);
    assert_eq!(decide(&world, &rollback(true)), Ok(Reply::Accepted));
    world.reconcile();
    assert_eq!(number(&world, 1), State::RolledBack);
    is_as_before(&data);
    assert_eq!(world.host.running(), ["erp-web.service", "erp.service"]);
}

#[test]
fn a_backup_that_was_changed_stops_nothing() {
    let (world, data) = world();
    upgrade(&world, &data, false);
    let saved = world.product().backup(1).join("files.saved");
    let mut bytes = fs_err::read(&saved).unwrap();
    bytes[600] ^= 1;
    fs_err::write(&saved, bytes).unwrap();
    world.host.done();
    let refused = decide(&world, &rollback(true)).unwrap_err();
    assert!(refused.contains("it is not the file that was sealed"), "{refused}");
    assert_eq!((number(&world, 1), world.host.done()), (State::Completed, Vec::new()));
}

#[test]
fn without_the_old_packages_an_upgrade_halts_as_before() {
    let (world, data) = world();
    world.host.state().sources.clear();
    upgrade(&world, &data, true);
    let State::Halted { cause: HaltCause::Failed { failure: Failure::Exit { .. } }, .. } = number(&world, 1) else {
        panic!("{:?}", number(&world, 1))
    };
    assert!(matches!(&looked(&world).obstacles[..], [Obstacle::Packages { .. }]));
    // Somebody brings them, and says so.
    fs_err::create_dir_all(world.product().packages()).unwrap();
    let file = world.product().packages().join(format!("{PACKAGE}_1.0.0-1.deb"));
    fs_err::write(file, format!("{PACKAGE} 1.0.0-1\n")).unwrap();
    assert!(decide(&world, &rollback(false)).is_err(), "they were not there when it began");
}

#[test]
fn a_release_that_was_taken_back_waits_for_somebody_who_wants_it_again() {
    let (world, data) = world();
    upgrade(&world, &data, true);
    let plan = plan(&world, "1.1.0", &[DATA]);
    let Reply::Refuse { refusals } = world.barrier(&plan) else { panic!("it came again") };
    assert_eq!(refusals[0].reasons, [Reason::TakenBack { upgrade: 1 }]);
}

#[test]
fn it_is_held_again_without_another_look() {
    let (world, data) = world();
    let plan = plan(&world, "1.1.0", &[DATA]);
    world.publish(&[&world.vendor.release(&plan)], "1.1.0-1");
    world.look();
    upgrade(&world, &data, true);
    assert_eq!(number(&world, 1), State::RolledBack);
    assert_eq!((world.state(), world.upgrade().reasons()), (State::Held, &[Reason::TakenBack { upgrade: 1 }][..]));
    assert_eq!(world.cleared(), Vec::<String>::new());
}

#[test]
fn what_is_offered_since_makes_room_for_the_way_back() {
    let (world, data) = world();
    upgrade(&world, &data, false);
    let next = plan(&world, "1.2.0", &[DATA]);
    let mut journal = {
        let catalogue = crate::agent::catalogue::Catalogue::read(&world.agent).unwrap();
        let situation =
            crate::agent::situation::Situation::of(&world.agent, &catalogue, &catalogue.entries[&world.id()]).unwrap();
        let signed = world.vendor.sign_as_package(&next.to_string());
        let parsed = consign_metadata::plan::UpgradePlan::parse(next.to_string().as_bytes()).unwrap();
        let target = crate::agent::catalogue::SignedPlan { plan: parsed, signed };
        let from = situation.from(&world.agent);
        crate::agent::upgrades::open_or_begin(&world.agent, &situation, &target, from.as_ref(), &Default::default())
            .unwrap()
    };
    journal.append(Event::Held { reasons: vec![Reason::NoAnswer] }, jiff::Timestamp::now()).unwrap();
    drop(journal);
    assert_eq!((world.upgrade().header.upgrade, looked(&world).upgrade), (2, 1));
    assert_eq!(decide(&world, &rollback(true)), Ok(Reply::Accepted));
    world.reconcile();
    assert_eq!((number(&world, 1), number(&world, 2)), (State::RolledBack, State::Cancelled));
    is_as_before(&data);
    assert_eq!(world.product().finished().unwrap(), Some(("1.0.0".parse().unwrap(), None)));
}

#[test]
fn the_agents_own_transaction_passes_and_another_does_not() {
    let (world, data) = world();
    world.host.state().broken = true;
    upgrade(&world, &data, true);
    assert!(matches!(number(&world, 1), State::Stuck { .. }), "{:?}", number(&world, 1));
    let action = |after: &str| PackageAction {
        package: PACKAGE.to_owned(),
        before: Some("1.1.0-1".to_owned()),
        after: Some(after.to_owned()),
        archive: Some("/a.deb".into()),
        remove: false,
    };
    let managed = [PACKAGE.parse().unwrap()];
    let own = |version: &str| UnderWay::on(&world.places).is(&[action(version)], &managed);
    assert!(!own("1.0.0-1"), "it is stuck: nobody puts anything back at this moment");
    let mut journal = world.product().open(1).unwrap().unwrap();
    let by = Person { uid: 0, name: "marie".to_owned() };
    let packages = i64::try_from(journal.upgrade().packages_item()).unwrap();
    journal.append(Event::UndoRetried { by }, jiff::Timestamp::now()).unwrap();
    journal.append(Event::UndoStarted { item: packages, attempt: 2 }, jiff::Timestamp::now()).unwrap();
    assert!(own("1.0.0-1"));
    assert!(!own("1.2.0-1"));
    // The agent was killed, and the transaction runs on.
    journal.append(Event::UndoInterrupted { item: packages }, jiff::Timestamp::now()).unwrap();
    assert!(own("1.0.0-1"));
}

#[test]
fn a_seal_comes_last_and_an_unsealed_backup_is_made_anew() {
    let (world, _data) = world();
    let plan = plan(&world, "1.1.0", &[DATA, "/var/lib/not-there"]);
    world.publish(&[&world.vendor.release(&plan)], "1.1.0-1");
    world.look();
    let folder = world.product().backup(1);
    fs_err::create_dir_all(&folder).unwrap();
    fs_err::write(folder.join("files.saved"), "half").unwrap();
    assert_eq!(world.barrier(&plan), Reply::Pass);
    assert!(folder.join(SEAL).exists());
    let seal = Seal::read(&world.product(), 1).unwrap().unwrap();
    seal.verify(&world.product()).unwrap();
    assert_eq!((seal.parts.len(), seal.from.as_str()), (1, "1.0.0"));
}

/// 1.1.0 halts on a migration that cannot be taken back; its data is half way.
fn halted(world: &World, data: &std::path::Path) {
    let mut plan = plan(world, "1.1.0", &[DATA]);
    let steps = plan["body"]["steps"].as_array_mut().unwrap();
    steps.iter_mut().filter(|step| step["kind"] == "run").for_each(|step| step["undo"] = json!("impossible"));
    assert_eq!(world.barrier(&plan), Reply::Pass);
    migrated(data);
    world.host.state().failing.insert("migrate".to_owned());
    world.install(&plan);
    world.ended();
    assert!(matches!(number(world, 1), State::Halted { .. }), "{:?}", number(world, 1));
}

#[test]
fn the_fix_of_a_halted_upgrade_goes_back_to_what_was_there_before_both() {
    let (world, data) = world();
    halted(&world, &data);
    let fix = plan(&world, "1.2.0", &[DATA]);
    assert_eq!(world.barrier(&fix), Reply::Pass);
    assert!(!world.product().backup(2).exists(), "what is there by now is half migrated");
    world.install(&fix);
    world.host.done();
    world.ended();
    assert_eq!((number(&world, 1), number(&world, 2)), (State::Superseded { by: 2 }, State::RolledBack));
    is_as_before(&data);
    assert!(world.host.done().contains(&format!("put back {PACKAGE} 1.0.0-1")));
    assert_eq!(world.host.running(), ["erp-web.service", "erp.service"]);
    assert!(!world.product().is_unfinished());
}

#[test]
fn where_half_migrated_data_was_never_saved_the_fix_goes_nowhere_back() {
    let (world, data) = world();
    halted(&world, &data);
    fs_err::remove_dir_all(world.product().backup(1)).unwrap();
    let fix = plan(&world, "1.2.0", &[DATA]);
    assert_eq!(world.barrier(&fix), Reply::Pass);
    world.install(&fix);
    world.ended();
    assert!(matches!(number(&world, 2), State::Halted { .. }), "{:?}", number(&world, 2));
    assert_eq!(looked(&world).obstacles, [Obstacle::NoBackup]);
}

#[test]
fn a_fix_that_comes_to_nothing_loses_no_way_back() {
    let (world, data) = world();
    halted(&world, &data);
    let fix = plan(&world, "1.2.0", &[DATA]);
    assert_eq!(world.barrier(&fix), Reply::Pass);
    // Its transaction fails before anything has changed; the next one does not.
    world.ended();
    assert_eq!(number(&world, 2), State::Cancelled);
    // 1.1.0 is there and was never finished: that is begun anew, and fails again.
    world.settle();
    let next = plan(&world, "1.3.0", &[DATA]);
    assert_eq!(world.barrier(&next), Reply::Pass);
    let replaced = world.product().replaced_by(&world.upgrade().header);
    assert_eq!(replaced.last().map(|first| first.header.upgrade), Some(1));
    world.install(&next);
    world.ended();
    assert_eq!(world.state(), State::RolledBack);
    is_as_before(&data);
}

#[test]
fn where_nobody_knows_what_a_package_was_nothing_is_taken_away() {
    let (world, data) = world();
    // 1.1.0 came past everybody, before the agent had seen 1.0.0 as more than a baseline.
    world.publish(&[&world.vendor.release(&world.vendor.plan("1.2.0"))], "1.2.0-1");
    world.look();
    let plan = plan(&world, "1.1.0", &[DATA]);
    world.host.state().failing.insert("migrate".to_owned());
    migrated(&data);
    world.install(&plan);
    world.ended();
    assert!(!world.host.done().iter().any(|act| act.starts_with("put back")));
    assert!(world.host.state().packages.contains_key(PACKAGE), "the product was removed");
}

#[test]
fn an_upgrade_after_a_purge_has_a_backup_of_its_own() {
    let (world, data) = world();
    fs_err::create_dir_all(world.product().backup(4)).unwrap();
    upgrade(&world, &data, true);
    assert_eq!(world.product().upgrades().unwrap(), [5]);
    assert_eq!(number(&world, 5), State::RolledBack);
    is_as_before(&data);
}
