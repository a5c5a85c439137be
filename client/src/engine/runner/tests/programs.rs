//! Programs that run until they are ready, scripts of versions, and the maintenance mode.

use super::stage::*;
use super::*;
use crate::scripts::Ran;
use consign_metadata::digest::Sha256;
use serde_json::Value;

fn until(ready: Value) -> Stage {
    Stage::of(
        plan(|plan| {
            plan["body"]["format"] = 3.into();
            let step = &mut plan["body"]["steps"][MIGRATE];
            let mut run = step.take();
            run.as_object_mut().unwrap().remove("kind");
            *step = json!({"kind": "until", "run": run, "ready": ready, "stop_seconds": 7});
        }),
        Some("1.0.0"),
    )
}

fn check() -> Value {
    json!({"check": {"kind": "command", "command": ["is-ready"], "user": "erp"}})
}

fn failure(stage: &Stage) -> &Failure {
    match stage.state() {
        State::Halted { cause: HaltCause::Failed { failure }, .. } => failure,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_the_plan_gives_a_step_reaches_its_program() {
    let limits = json!({"memory_mib": 64, "oom_policy": "kill", "oom_score": 500, "nice": 5, "cpu_weight": 20});
    let mut stage = Stage::of(
        plan(|plan| {
            plan["body"]["format"] = 3.into();
            let step = &mut plan["body"]["steps"][MIGRATE];
            step["limits"] = limits.clone();
            step["working_folder"] = "/opt/erp".into();
            step["environment"] = json!({"LANG": "C.UTF-8"});
        }),
        Some("1.0.0"),
    );
    stage.unpacked();
    assert_eq!(stage.proceed(), Standing::Over);
    let given = stage.host.given.lock().unwrap().take().unwrap();
    assert_eq!(serde_json::to_value(&given.limits).unwrap(), limits);
    assert_eq!(given.working_folder.as_deref(), Some(std::path::Path::new("/opt/erp")));
    assert_eq!(given.environment.get("LANG").map(String::as_str), Some("C.UTF-8"));
    assert_eq!((given.user.as_str(), given.limit, given.login_shell), ("erp", Duration::from_secs(60), false));
}

#[test]
fn a_program_is_done_when_it_is_ready() {
    let mut stage = until(check());
    stage.unpacked();
    assert_eq!(stage.proceed(), Standing::Over);
    let acts = stage.host.acts();
    assert_eq!(acts[..2], ["run init core 1.0.0 1.1.0 (flag)", "run is-ready (flag)"]);
}

#[test]
fn a_program_that_ends_before_it_is_ready_has_failed() {
    for (ended, expected) in [
        (Ended::Exit(0), Failure::EndedEarly { status: 0, output: Vec::new() }),
        (Ended::Exit(3), Failure::EndedEarly { status: 3, output: Vec::new() }),
        (Ended::Signal(9), Failure::Signal { signal: 9, output: Vec::new() }),
        (Ended::OutOfMemory, Failure::OutOfMemory { output: Vec::new() }),
        (Ended::Missing, Failure::ProgramMissing { program: "init".to_owned() }),
        (Ended::Stopped { killed: true }, Failure::DidNotStop { seconds: 7, output: Vec::new() }),
    ] {
        let mut stage = until(check());
        stage.unpacked();
        stage.script("init", [ended]);
        stage.script("is-ready", [Ended::Exit(1)]);
        assert_eq!(stage.proceed(), Standing::Person);
        match failure(&stage) {
            // The check's own words may be there.
            Failure::Exit { .. } => panic!("told as an end in order"),
            found => assert_eq!(*found, expected),
        }
    }
}

#[test]
fn an_end_in_order_counts_as_ready_only_where_the_plan_says_so() {
    let mut stage = until(json!({"exit": true}));
    stage.unpacked();
    assert_eq!(stage.proceed(), Standing::Over);
    let mut stage = until(json!({"exit": true}));
    stage.unpacked();
    stage.script("init", [Ended::Exit(75), Ended::Exit(3)]);
    assert!(matches!(stage.proceed(), Standing::Later(_)), "it may ask to be run again");
    assert_eq!(stage.proceed(), Standing::Person);
    assert_eq!(*failure(&stage), Failure::EndedEarly { status: 3, output: Vec::new() });
}

#[test]
fn what_it_was_not_ready_for_is_told_when_its_time_is_up() {
    let mut stage = until(check());
    stage.unpacked();
    stage.script("init", [Ended::Timeout]);
    stage.script("is-ready", [Ended::Exit(9)]);
    assert_eq!(stage.proceed(), Standing::Person);
    let Failure::Timeout { seconds: 60, output } = failure(&stage) else { panic!("{:?}", stage.state()) };
    assert!(output.iter().any(|line| line.starts_with("not ready:") && line.contains('9')), "{output:?}");
}

const SCRIPTS: [(&str, &str); 3] = [("1.0.0/pre-a", "1.0.0"), ("1.0.1/pre-a", "1.0.1"), ("1.1.0/pre-b", "1.1.0")];

/// A plan with scripts at this place of the list, and the scripts on the host.
fn with_scripts(place: usize, undo: &str, change: impl Fn(&mut Value)) -> Stage {
    let stage = Stage::of(
        plan(|plan| {
            plan["body"]["format"] = 3.into();
            let list: Vec<Value> = SCRIPTS
                .iter()
                .map(|(path, version)| json!({"path": path, "version": version, "sha256": Sha256::of(path.as_bytes())}))
                .collect();
            let mut step = json!({"kind": "scripts", "folder": "/opt/erp/scripts", "list": list, "run": {
                "name": "pre", "command": ["python3", "{script}", "{to}"], "user": "erp", "timeout_seconds": 60,
                "undo": undo, "on_interrupt": "rerun"}});
            change(&mut step);
            plan["body"]["steps"].as_array_mut().unwrap().insert(place, step);
        }),
        Some("1.0.0"),
    );
    for (path, _) in SCRIPTS {
        let file = stage.places.at("/opt/erp/scripts").join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, path).unwrap();
    }
    stage
}

fn ran(stage: &Stage) -> Vec<String> {
    let product = Product::new(&stage.places, stage.plan.id());
    let told = |done: bool| if done { "" } else { " (not done)" };
    let all = Ran::of(&product).unwrap().scripts;
    all.iter().map(|ran| format!("{} {} by {}{}", ran.step, ran.script, ran.upgrade, told(ran.done))).collect()
}

fn scripts_in(acts: &[String]) -> Vec<&str> {
    acts.iter().filter_map(|act| act.strip_prefix("run python3 /opt/erp/scripts/")).collect()
}

#[test]
fn the_scripts_of_the_versions_in_between_run_once_in_their_order() {
    let mut stage = with_scripts(MIGRATE, "impossible", |_| {});
    stage.unpacked();
    stage.script("python3", [Ended::Exit(0), Ended::Exit(4)]);
    assert_eq!(stage.proceed(), Standing::Person);
    let expected = Failure::Exit { status: 4, output: vec!["1.0.1/pre-a".to_owned(), "1.1.0/pre-b".to_owned()] };
    assert_eq!(*failure(&stage), Failure::Script { script: "1.1.0/pre-b".to_owned(), failure: Box::new(expected) });
    assert_eq!(scripts_in(&stage.host.acts()), ["1.0.1/pre-a 1.1.0 (flag)", "1.1.0/pre-b 1.1.0 (flag)"]);
    assert_eq!(ran(&stage), ["pre 1.0.1/pre-a by 1", "pre 1.1.0/pre-b by 1 (not done)"]);
    stage.record(Event::Retry { by: Some(person()) });
    assert_eq!(stage.proceed(), Standing::Over);
    assert_eq!(scripts_in(&stage.host.acts()), ["1.1.0/pre-b 1.1.0 (flag)"], "what has run does not run again");
    assert_eq!(ran(&stage), ["pre 1.0.1/pre-a by 1", "pre 1.1.0/pre-b by 1"]);
}

#[test]
fn an_upgrade_that_is_taken_back_takes_its_scripts_out_again() {
    let mut stage = with_scripts(1, "harmless", |_| {});
    stage.host.broken.lock().unwrap().insert("stop web.service".to_owned());
    stage.prepare();
    assert_eq!(stage.state(), &State::Cancelled);
    assert_eq!(scripts_in(&stage.host.acts()).len(), 2);
    assert!(ran(&stage).is_empty(), "{:?}", ran(&stage));
}

#[test]
fn a_script_that_is_not_what_was_signed_or_has_run_otherwise_is_named_before_anything_runs() {
    let last = |stage: &Stage| stage.places.at("/opt/erp/scripts").join("1.1.0/pre-b");
    let mut stage = with_scripts(MIGRATE, "impossible", |_| {});
    stage.unpacked();
    std::fs::write(last(&stage), "edited").unwrap();
    assert_eq!(stage.proceed(), Standing::Person);
    assert_eq!(*failure(&stage), Failure::ScriptDiffers { script: "/opt/erp/scripts/1.1.0/pre-b".to_owned() });
    std::fs::remove_file(last(&stage)).unwrap();
    stage.record(Event::Retry { by: Some(person()) });
    assert_eq!(stage.proceed(), Standing::Person);
    assert_eq!(*failure(&stage), Failure::ProgramMissing { program: "/opt/erp/scripts/1.1.0/pre-b".to_owned() });
    assert!(scripts_in(&stage.host.acts()).is_empty(), "none has run");

    let mut stage = with_scripts(MIGRATE, "impossible", |_| {});
    stage.unpacked();
    let product = Product::new(&stage.places, stage.plan.id());
    let (step, at, sha256) = ("pre".parse().unwrap(), Timestamp::UNIX_EPOCH, Sha256::of(b"as it was"));
    let script = "1.0.0/pre-a".to_owned();
    let before = crate::scripts::RanScript { step, script: script.clone(), sha256, at, upgrade: 0, done: true };
    Ran::of(&product).unwrap().begin(&product, before).unwrap();
    assert_eq!(stage.proceed(), Standing::Person);
    assert_eq!(*failure(&stage), Failure::ScriptChanged { script });
    assert!(scripts_in(&stage.host.acts()).is_empty(), "none has run");
}

#[test]
fn a_step_without_a_script_that_is_due_is_no_item() {
    let stage = with_scripts(MIGRATE, "impossible", |_| {});
    let names = |from: Option<&str>| -> bool {
        let from = from.map(|from| from.parse().unwrap());
        items(&stage.plan, from.as_ref()).iter().any(|item| item.name == "pre")
    };
    assert_eq!([Some("1.0.0"), Some("1.1.0"), None].map(names), [true, false, false]);
}

fn with_maintenance() -> Stage {
    let stage = Stage::of(
        plan(|plan| {
            plan["body"]["format"] = 3.into();
            plan["body"]["maintenance"] = json!({"flag": "/var/lib/erp/maintenance", "enter": ["close"],
                "leave": ["open", "{to}"], "user": "erp", "timeout_seconds": 5});
            let steps = plan["body"]["steps"].as_array_mut().unwrap();
            steps.insert(MIGRATE + 2, json!({"kind": "enter-maintenance"}));
            steps.push(json!({"kind": "leave-maintenance"}));
        }),
        Some("1.0.0"),
    );
    std::fs::create_dir_all(stage.places.at("/var/lib/erp")).unwrap();
    stage
}

#[test]
fn the_product_is_checked_in_maintenance_and_its_end_is_the_point_of_no_return() {
    let mut stage = with_maintenance();
    let items = &stage.journal.upgrade().header.items;
    let no_return: Vec<&str> = items.iter().filter(|item| item.no_return).map(|item| item.name.as_str()).collect();
    assert_eq!(no_return, ["leave-maintenance"]);
    stage.unpacked();
    stage.script("open", [Ended::Exit(1), Ended::Exit(0)]);
    assert_eq!(stage.proceed(), Standing::Person);
    let flag = stage.places.at("/var/lib/erp/maintenance");
    let acts = stage.host.acts();
    let at = |act: &str| acts.iter().position(|found| found.starts_with(act)).unwrap_or_else(|| panic!("{acts:?}"));
    assert!(at("run close") < at("start db.service") && at("start web.service") < at("run open 1.1.0"), "{acts:?}");
    assert!(!flag.exists(), "it is removed before the program runs");
    stage.record(Event::Retry { by: Some(person()) });
    assert_eq!(stage.proceed(), Standing::Over);
}

#[test]
fn an_engine_that_does_not_start_leaves_the_product_in_maintenance() {
    let mut stage = with_maintenance();
    stage.unpacked();
    stage.host.broken.lock().unwrap().insert("start web.service".to_owned());
    assert_eq!(stage.proceed(), Standing::Person);
    assert!(stage.places.at("/var/lib/erp/maintenance").exists());
}
