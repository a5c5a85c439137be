//! Steps that are cut off, and steps that ask for more time.

use super::stage::*;
use super::*;

#[test]
fn a_step_found_busy_is_left_to_a_person_unless_its_plan_says_otherwise() {
    let begun = |on_interrupt: &str| {
        let mut stage =
            Stage::of(plan(|plan| plan["body"]["steps"][3]["on_interrupt"] = json!(on_interrupt)), Some("1.0.0"));
        stage.unpacked();
        stage.record(started(MIGRATE, 1));
        stage.again();
        stage
    };
    let leftover = "end consignee-step-acme.erp.1.3 (flag)";
    let mut stage = begun("ask");
    assert_eq!(stage.proceed(), Standing::Person);
    assert_eq!(stage.state(), &State::Waiting { item: MIGRATE });
    assert_eq!(stage.host.acts(), [leftover]);
    stage.record(Event::Answered { item: MIGRATE, answer: Answer::Rerun, by: person() });
    assert_eq!(stage.proceed(), Standing::Over);

    let mut stage = begun("rerun");
    assert_eq!(stage.proceed(), Standing::Over);
    assert_eq!(stage.host.acts()[..2], [leftover, "run init core 1.0.0 1.1.0 (flag)"]);

    let mut stage = begun("undo");
    assert_eq!(stage.proceed(), Standing::Person);
    let cause = HaltCause::Failed { failure: Failure::Interrupted };
    assert_eq!(stage.state(), &State::Halted { item: MIGRATE, cause });
}

#[test]
fn a_probe_is_asked_before_a_step_runs_again() {
    let begun = |answer: Ended| {
        let probed = |plan: &mut serde_json::Value| plan["body"]["steps"][3]["done_probe"] = json!(["look", "{to}"]);
        let mut stage = Stage::of(plan(probed), Some("1.0.0"));
        stage.unpacked();
        stage.record(started(MIGRATE, 1));
        stage.again();
        stage.script("look", [answer]);
        let standing = stage.proceed();
        let acts = stage.host.acts();
        assert_eq!(acts[1], "run look 1.1.0 (flag)");
        (standing, acts[2..].join(", "), stage)
    };
    let (standing, acts, _) = begun(Ended::Exit(0));
    assert_eq!(standing, Standing::Over);
    assert!(acts.starts_with("reload"), "{acts}");
    for could_not in [Ended::Exit(1), Ended::Exit(2), Ended::Timeout] {
        let (standing, acts, stage) = begun(could_not);
        assert_eq!((standing, acts.as_str()), (Standing::Person, ""));
        assert_eq!(stage.state(), &State::Waiting { item: MIGRATE });
    }
}

#[test]
fn a_step_that_is_interrupted_again_and_again_is_a_loop() {
    let mut stage = Stage::of(plan(|plan| plan["body"]["steps"][3]["on_interrupt"] = json!("rerun")), Some("1.0.0"));
    stage.unpacked();
    for attempt in 1..=INTERRUPTIONS {
        stage.record(started(MIGRATE, attempt));
        if attempt < INTERRUPTIONS {
            stage.record(Event::Interrupted { item: MIGRATE });
        }
        stage.again();
    }
    stage.holders = vec![Holder::Packages { process: "apt-get".to_owned(), pid: 4711 }];
    assert_eq!(stage.proceed(), Standing::Person);
    let cause = HaltCause::LoopDetected { attempts: INTERRUPTIONS, holders: stage.holders.clone() };
    assert_eq!(stage.state(), &State::Halted { item: MIGRATE, cause });
    let halted = stage.state().clone();
    stage.again();
    assert_eq!(stage.state(), &halted, "who it was is in the journal");
    stage.record(Event::Retry { by: Some(person()) });
    assert_eq!(stage.proceed(), Standing::Over);
}

#[test]
fn a_step_may_ask_to_be_run_later() {
    let mut stage = Stage::usual();
    stage.unpacked();
    stage.script("init", std::iter::repeat_n(Ended::Exit(75), 200));
    let mut pauses = Vec::new();
    while let Standing::Later(pause) = stage.proceed() {
        pauses.push(pause.as_secs());
    }
    assert_eq!(pauses[..7], [10, 20, 40, 80, 160, 300, 300]);
    assert_eq!(pauses.len() as u32, RETRIES);
    assert_eq!(stage.host.running(), Duration::ZERO, "the runner does not wait: other products go on");
    let cause = HaltCause::LoopDetected { attempts: RETRIES, holders: Vec::new() };
    assert_eq!(stage.state(), &State::Halted { item: MIGRATE, cause });
}

#[test]
fn a_shutdown_is_no_failure() {
    let mut stage = Stage::usual();
    stage.unpacked();
    stage.script("init", [Ended::Signal(15)]);
    stage.host.going_down = true;
    assert_eq!(stage.proceed(), Standing::NoServices);
    assert_eq!(stage.state(), &State::Forward { item: MIGRATE, activity: Activity::Busy });
}

/// Engines that were started by hand, before the upgrade, start at no boot.
#[test]
fn engines_that_a_power_cut_took_away_after_their_start_are_started_again() {
    let mut stage = Stage::usual();
    stage.unpacked();
    *stage.host.dies.lock().unwrap() = Some((Duration::from_secs(1), "web.service".parse().unwrap()));
    assert_eq!(stage.proceed(), Standing::Person, "in a life that goes on nothing is started again");
    stage.host.acts();
    stage.record(Event::Retry { by: Some(person()) });
    assert_eq!(stage.proceed(), Standing::Over);
    assert_eq!(stage.host.acts(), ["start web.service"]);

    let mut stage = Stage::usual();
    stage.prepare();
    stage.record(packages(Packages::Before, true));
    for event in [
        Event::UndoStarted { item: 1, attempt: 1 },
        Event::UndoSucceeded { item: 1 },
        Event::UndoStarted { item: 0, attempt: 1 },
        Event::UndoSucceeded { item: 0 },
        Event::UndoStarted { item: -1, attempt: 1 },
    ] {
        stage.record(event);
    }
    Product::new(&stage.places, stage.plan.id()).clear_unfinished().unwrap();
    stage.again();
    stage.host.acts();
    assert_eq!(stage.proceed(), Standing::Over);
    assert_eq!(stage.host.acts()[1..], ["start db.service", "start api.service", "start web.service"]);
    assert_eq!(stage.state(), &State::Cancelled);
}
