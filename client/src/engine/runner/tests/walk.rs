//! The list walked forward and back: what is durable before what is done.

use super::stage::*;
use super::*;

#[test]
fn an_upgrade_runs_through_in_order() {
    let mut stage = Stage::usual();
    assert_eq!(stage.proceed(), Standing::Gated, "nothing is stopped before a transaction asks");
    assert_eq!(stage.prepare(), Standing::Packages);
    assert_eq!(stage.told.lock().unwrap().len(), 1);
    let stops = ["stop web.service (flag)", "stop api.service (flag)", "stop db.service (flag)"];
    assert_eq!(stage.host.acts(), stops);
    assert_eq!(stage.proceed_live(), Standing::Packages);
    stage.record(packages(Packages::After, true));
    assert_eq!(stage.proceed(), Standing::Over);
    assert_eq!(stage.state(), &State::Completed);
    let finish = [
        "run init core 1.0.0 1.1.0 (flag)",
        "reload (flag)",
        "start db.service",
        "start api.service",
        "start web.service",
    ];
    assert_eq!(stage.host.acts(), finish);
    assert_eq!(stage.host.running(), Duration::from_secs(5), "the stability window");
}

#[test]
fn a_transaction_that_changed_nothing_brings_the_engines_back() {
    let mut stage = Stage::usual();
    stage.host.units.lock().unwrap().insert("api.service".into(), STOPPED);
    stage.prepare();
    stage.host.acts();
    stage.record(packages(Packages::Before, true));
    assert_eq!(stage.proceed(), Standing::Over);
    assert_eq!(stage.state(), &State::Cancelled);
    assert_eq!(stage.host.acts(), ["start db.service", "start web.service"]);
}

#[test]
fn a_preparation_that_fails_is_taken_back_before_the_barrier_answers() {
    let mut stage = Stage::usual();
    stage.host.broken.lock().unwrap().insert("stop db.service".into());
    assert_eq!(stage.prepare(), Standing::Over);
    assert_eq!(stage.state(), &State::Cancelled);
    let acts = stage.host.acts();
    assert_eq!(acts[3..], ["start db.service", "start api.service", "start web.service"]);
}

#[test]
fn a_program_that_prepared_is_taken_back_by_its_inverse() {
    let prepare = json!({"kind": "run", "name": "pause", "command": ["pause"], "user": "erp", "timeout_seconds": 9,
        "undo": {"inverse": ["go-on", "{from}"]}});
    let steps = |plan: &mut serde_json::Value| {
        plan["body"]["steps"].as_array_mut().unwrap().insert(2, prepare.clone());
    };
    let mut stage = Stage::of(plan(steps), Some("1.0.0"));
    stage.script("pause", [Ended::Exit(1)]);
    assert_eq!(stage.prepare(), Standing::Over);
    assert_eq!(stage.state(), &State::Cancelled);
    let acts = stage.host.acts();
    assert_eq!(acts[3..5], ["run pause (flag)", "run go-on 1.0.0 (flag)"]);
    assert_eq!(acts[5..], ["start db.service", "start api.service", "start web.service"]);
}

#[test]
fn a_preparation_whose_transaction_died_is_taken_back() {
    for busy in [false, true] {
        let mut stage = Stage::usual();
        stage.record(started(0, 1));
        stage.record(Event::StepSucceeded { item: 0 });
        if busy {
            stage.record(started(1, 1));
        }
        stage.again();
        assert_eq!(stage.proceed(), Standing::Over);
        assert_eq!(stage.state(), &State::Cancelled, "busy: {busy}");
    }
}

#[test]
fn a_preparation_goes_on_while_its_transaction_waits() {
    let mut stage = Stage::usual();
    stage.record(started(0, 1));
    stage.again();
    assert_eq!(stage.proceed_live(), Standing::Packages);
    assert_eq!(stage.journal.upgrade().attempts(0), 2);
}

#[test]
fn a_step_that_fails_halts_with_the_engines_stopped_and_retry_goes_on() {
    let mut stage = Stage::usual();
    stage.unpacked();
    stage.script("init", [Ended::Signal(9)]);
    assert_eq!(stage.proceed(), Standing::Person);
    let failure = Failure::Signal { signal: 9, output: Vec::new() };
    assert_eq!(stage.state(), &State::Halted { item: MIGRATE, cause: HaltCause::Failed { failure } });
    assert_eq!(stage.host.acts(), ["run init core 1.0.0 1.1.0 (flag)"]);
    assert_eq!(stage.proceed(), Standing::Person, "nothing happens by itself");
    stage.record(Event::Retry { by: Some(person()) });
    let path = stage.places.site(&stage.plan.id());
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, "[options]\nedition = \"cat\"\n").unwrap();
    assert_eq!(stage.proceed(), Standing::Over);
    assert_eq!(stage.host.acts()[0], "run init cat 1.0.0 1.1.0 (flag)", "the corrected file counts");
}

#[test]
fn without_a_service_manager_nothing_is_done() {
    let mut stage = Stage::of(plan(|_| {}), None);
    stage.host.no_systemd = true;
    stage.record(packages(Packages::After, true));
    assert_eq!(stage.proceed(), Standing::NoServices);
    assert!(stage.host.acts().is_empty() && !stage.host.flag.exists());
}

#[test]
fn a_stuck_undo_waits_and_is_tried_again() {
    let mut stage = Stage::usual();
    stage.prepare();
    stage.record(packages(Packages::Before, true));
    stage.host.broken.lock().unwrap().insert("start api.service".into());
    assert_eq!(stage.proceed(), Standing::Person);
    assert!(matches!(stage.state(), State::Stuck { item: 1, .. }));
    stage.host.broken.lock().unwrap().clear();
    stage.record(Event::UndoRetried { by: person() });
    assert_eq!(stage.proceed(), Standing::Over);
}

#[test]
fn health_has_time_to_come_and_must_then_hold() {
    let checked = |ends: Vec<Ended>| {
        let check = json!([{"kind": "command", "command": ["check"], "user": "erp"}]);
        let mut stage = Stage::of(plan(|plan| plan["body"]["steps"][6]["checks"] = check.clone()), Some("1.0.0"));
        stage.unpacked();
        stage.script("check", ends);
        let standing = stage.proceed();
        (standing, stage.host.running().as_secs(), stage)
    };
    let no = || Ended::Exit(1);
    let (standing, seconds, _) = checked(vec![no(), no(), no()]);
    assert_eq!((standing, seconds), (Standing::Over, 3 + 5));
    let (standing, seconds, stage) = checked(vec![Ended::Exit(0), Ended::Exit(0), no()]);
    assert_eq!((standing, seconds), (Standing::Person, 2), "a break is a failure");
    let failure = Failure::Unhealthy { check: "check".to_owned(), found: "exit status 1".to_owned() };
    assert_eq!(stage.state(), &State::Halted { item: 6, cause: HaltCause::Failed { failure } });
    let (standing, seconds, _) = checked(vec![no(); 100]);
    assert_eq!((standing, seconds), (Standing::Person, 30));
}

#[test]
fn the_old_version_counts_as_healthy_when_its_own_checks_hold_again() {
    let check = json!([{"kind": "command", "command": ["check", "{option.edition}", "{to}"], "user": "erp"}]);
    let mut stage = Stage::usual();
    stage.previous = Some(plan(|plan| {
        plan["version"] = "1.0.0".into();
        plan["body"]["steps"][6]["checks"] = check.clone();
    }));
    stage.prepare();
    stage.record(packages(Packages::Before, true));
    stage.script("check", vec![Ended::Exit(1); 100]);
    assert_eq!(stage.proceed(), Standing::Person);
    let failure =
        Failure::Unhealthy { check: "check {option.edition} {to}".to_owned(), found: "exit status 1".to_owned() };
    assert_eq!(stage.state(), &State::Stuck { item: -1, failure });
    let acts = stage.host.acts();
    assert!(acts.last().is_some_and(|act| act.contains("check core 1.0.0")), "{acts:?}");
    stage.script("check", [Ended::Exit(1), Ended::Exit(0)]);
    stage.record(Event::UndoRetried { by: person() });
    assert_eq!((stage.proceed(), stage.state()), (Standing::Over, &State::Cancelled));
}

#[test]
fn an_engine_that_ran_and_is_gone_has_failed_at_once() {
    let mut stage = Stage::of(plan(|_| {}), Some("1.0.0"));
    stage.unpacked();
    *stage.host.dies.lock().unwrap() = Some((Duration::from_secs(2), "web.service".parse().unwrap()));
    assert_eq!((stage.proceed(), stage.host.running().as_secs()), (Standing::Person, 2));
    let State::Halted { cause: HaltCause::Failed { failure: Failure::NotActive { unit, .. } }, .. } = stage.state()
    else {
        panic!("{:?}", stage.state())
    };
    assert_eq!(unit.as_str(), "web.service");
}
