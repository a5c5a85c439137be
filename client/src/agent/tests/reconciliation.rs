//! Reconciling: packages that changed past every gate.

use super::world::{World, preinst_of, reasons};
use crate::agent::{Agent, removal};
use crate::engine::event::Reason;
use crate::engine::machine::{HaltCause, State};
use crate::host::PackageManager;
use crate::request::{Reply, Request};

fn finished(world: &World, version: &str) {
    let plan = world.vendor.plan(version);
    world.barrier(&plan);
    world.install(&plan);
    world.ended();
    assert_eq!(world.state(), State::Completed);
    world.host.done();
}

#[test]
fn a_baseline_is_left_alone() {
    let world = World::with_baseline();
    world.reconcile();
    assert_eq!(world.host.done(), Vec::<String>::new());
    assert_eq!(world.product().upgrades().unwrap(), Vec::<u32>::new());
}

#[test]
fn what_leads_away_from_a_baseline_with_nobody_asked_is_finished() {
    let world = World::with_baseline();
    world.reconcile();
    world.install(&world.vendor.plan("1.1.0"));
    world.reconcile();
    assert_eq!(world.state(), State::Completed);
    let (from, done) = (world.upgrade().header.from.unwrap(), world.host.done());
    assert!(from.as_str() == "1.0.0" && done.contains(&"migrate".to_owned()), "{from}: {done:?}");
    assert_eq!(world.host.running(), ["erp-web.service", "erp.service"]);
}

#[test]
fn a_baseline_that_was_removed_is_none_for_what_comes_later() {
    let world = World::with_baseline();
    world.reconcile();
    world.remove();
    world.reconcile();
    world.install(&world.vendor.plan("1.1.0"));
    world.reconcile();
    assert_eq!((world.product().newest().unwrap(), world.host.done()), (None, Vec::new()));
}

#[test]
fn a_baseline_whose_upgrade_was_taken_back_is_a_baseline_still() {
    let world = World::with_baseline();
    world.barrier(&world.vendor.plan("1.1.0"));
    world.ended();
    assert_eq!(world.state(), State::Cancelled);
    world.host.done();
    world.reconcile();
    assert_eq!(world.host.done(), Vec::<String>::new());
    assert_eq!(world.product().upgrades().unwrap(), [1]);
}

#[test]
fn a_power_cut_before_the_first_record_leaves_no_upgrade() {
    let world = World::with_baseline();
    fs_err::create_dir_all(world.product().upgrade_folder(1)).unwrap();
    fs_err::write(world.product().upgrade_folder(1).join("plan.pgp"), b"half").unwrap();
    world.reconcile();
    assert_eq!(world.product().newest().unwrap(), None);
    finished(&world, "1.1.0");
    assert_eq!(world.product().upgrades().unwrap(), [1]);
}

#[test]
fn an_upgrade_past_its_gates_halts_with_the_engines_stopped() {
    let world = World::with_baseline();
    finished(&world, "1.1.0");
    world.install(&world.vendor.plan_with_note("1.2.0"));
    world.reconcile();
    let State::Halted { cause: HaltCause::Unsatisfied { reasons }, .. } = world.state() else {
        panic!("{:?}", world.state());
    };
    assert!(matches!(&reasons[..], [Reason::NoteUnread { .. }]));
    assert!(world.host.running().is_empty());
    assert!(world.product().is_unfinished());
    world.reconcile();
    assert_eq!(world.product().upgrades().unwrap(), [1, 2], "told once");
}

#[test]
fn an_upgrade_past_the_barrier_whose_gates_are_satisfied_is_finished() {
    let world = World::with_baseline();
    finished(&world, "1.1.0");
    world.install(&world.vendor.plan("1.2.0"));
    world.reconcile();
    assert_eq!(world.state(), State::Completed);
    assert_eq!(
        world.host.done(),
        ["stop erp-web.service", "stop erp.service", "migrate", "reload", "start erp.service", "start erp-web.service"]
    );
}

#[test]
fn a_downgrade_that_is_found_halts_and_is_over_when_it_is_put_back() {
    let world = World::with_baseline();
    finished(&world, "1.1.0");
    world.install(&world.vendor.plan("1.0.0"));
    world.reconcile();
    let State::Halted { cause: HaltCause::Unsatisfied { reasons }, .. } = world.state() else {
        panic!("{:?}", world.state());
    };
    assert!(matches!(&reasons[..], [Reason::Downgrade { .. }]));
    assert!(world.host.running().is_empty());
    world.barrier(&world.vendor.plan("1.1.0"));
    world.install(&world.vendor.plan("1.1.0"));
    world.ended();
    assert_eq!(world.state(), State::RolledBack);
    assert_eq!(world.host.running(), ["erp-web.service", "erp.service"]);
    assert_eq!(world.product().finished().unwrap().unwrap().0, "1.1.0".parse().unwrap());
}

#[test]
fn a_crash_before_the_engines_of_a_halted_upgrade_were_stopped_is_made_good() {
    let world = World::with_baseline();
    finished(&world, "1.1.0");
    world.install(&world.vendor.plan_with_note("1.2.0"));
    world.host.state().stubborn.insert("erp.service".to_owned());
    let _the_engine_that_does_not_stop = crate::agent::reconcile::reconcile(&world.agent, &world.id());
    assert!(matches!(world.state(), State::Halted { .. }), "{:?}", world.state());
    world.product().clear_unfinished().unwrap();
    world.host.state().stubborn.clear();
    world.reconcile();
    assert!(world.host.running().is_empty());
    assert!(world.product().is_unfinished());
}

#[test]
fn an_older_version_is_refused_with_that_reason_alone_and_leaves_no_journal() {
    let world = World::with_baseline();
    finished(&world, "1.1.0");
    let refused = reasons(&world.barrier(&world.vendor.plan_with_note("1.0.0")));
    assert!(matches!(&refused[..], [Reason::Downgrade { .. }]), "{refused:?}");
    assert_eq!(world.product().upgrades().unwrap(), [1]);
}

#[test]
fn a_new_packaging_of_the_same_version_runs_no_program_of_the_vendors() {
    let world = World::with_baseline();
    finished(&world, "1.1.0");
    let mut again = world.vendor.plan("1.1.0");
    again["revision"] = 2.into();
    again["body"]["modules"][0]["native"]["deb"] = "1.1.0-2".into();
    world.barrier(&again);
    world.install(&again);
    world.ended();
    let done = world.host.done();
    assert!(!done.contains(&"migrate".to_owned()) && done.contains(&"start erp.service".to_owned()), "{done:?}");
    assert_eq!(world.product().finished().unwrap().unwrap().1, Some(2));
}

#[test]
fn a_removed_product_is_neither_managed_nor_held_and_a_purge_keeps_backups() {
    let world = World::with_baseline();
    finished(&world, "1.1.0");
    removal::remove(&world.agent, &world.id(), &"acme-erp".parse().unwrap()).unwrap();
    assert!(world.host.done().starts_with(&["stop erp-web.service".to_owned(), "stop erp.service".to_owned()]));
    world.remove();
    world.reconcile();
    assert!(world.host.state().holds.is_empty());
    assert_eq!(fs_err::read_to_string(world.places.managed()).unwrap(), "");
    let backups = world.product().folder().join("backups");
    fs_err::create_dir_all(&backups).unwrap();
    fs_err::write(backups.join("dump"), "data").unwrap();
    removal::purge(&world.agent, &world.id(), &"acme-erp".parse().unwrap()).unwrap();
    let left: Vec<_> = fs_err::read_dir(world.product().folder()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["backups"]);
}

#[test]
fn a_purge_does_not_wait_for_a_step_that_runs_and_is_made_good_after_it() {
    let world = World::with_baseline();
    finished(&world, "1.1.0");
    let plan = world.vendor.plan("1.2.0");
    world.barrier(&plan);
    world.install(&plan);
    let at_work = world.agent.locks.lock(&world.id());
    let package = "acme-erp".parse().unwrap();
    removal::remove(&world.agent, &world.id(), &package).unwrap();
    world.remove();
    let refused = removal::purge(&world.agent, &world.id(), &package).unwrap_err().to_string();
    assert!(refused.contains("step packages of upgrade 2 is at work on it"), "{refused}");
    assert_eq!(world.product().upgrades().unwrap(), [1, 2]);
    drop(at_work);
    world.ended();
    assert!(!world.product().folder().exists());
}

#[test]
fn a_product_that_comes_again_before_its_purge_was_made_good_is_not_forgotten() {
    let world = World::with_baseline();
    finished(&world, "1.1.0");
    fs_err::write(world.product().folder().join("purged"), "").unwrap();
    world.reconcile();
    world.remove();
    world.reconcile();
    assert_eq!(world.product().upgrades().unwrap(), [1]);
}

#[test]
fn a_product_that_was_removed_and_comes_again_runs_without_its_programs_being_run_again() {
    let world = World::with_baseline();
    finished(&world, "1.1.0");
    removal::remove(&world.agent, &world.id(), &"acme-erp".parse().unwrap()).unwrap();
    world.remove();
    world.reconcile();
    world.host.done();
    assert_eq!(preinst_of(&world, &world.vendor.plan("1.1.0"), None), Reply::Pass);
    assert!(world.product().is_unfinished());
    world.install(&world.vendor.plan("1.1.0"));
    world.ended();
    assert_eq!(world.state(), State::Completed);
    assert_eq!(world.host.done(), ["reload", "start erp.service", "start erp-web.service"]);
}

#[test]
fn a_journal_that_is_damaged_is_an_error_and_moves_nothing() {
    let world = World::with_baseline();
    finished(&world, "1.1.0");
    let path = world.product().upgrade_folder(1).join("records.jsonl");
    let text = fs_err::read_to_string(&path).unwrap().replacen("packages", "packagez", 1);
    fs_err::write(&path, text).unwrap();
    let outcome = crate::agent::reconcile::reconcile(&world.agent, &world.id());
    assert!(outcome.unwrap_err().to_string().contains("damaged"));
    assert_eq!(world.host.done(), Vec::<String>::new());
}

#[test]
fn the_hooks_own_lines_are_requests() {
    let request = |text: &str| serde_json::from_str::<Request>(text).unwrap();
    assert_eq!(request("{\"request\":\"wake\"}"), Request::Wake);
    assert_eq!(request("{\"request\":\"ended\"}"), Request::Ended);
}

#[test]
fn a_service_of_this_host_can_be_put_together() {
    let world = World::empty();
    let agent = Agent::here(world.places.clone());
    assert_eq!(agent.packages.native(&Default::default()), None);
    assert_eq!(world.host.transaction(), Ok(None));
}
