//! Which engines are stopped and started, under which name, and in which order.

use super::stage::*;
use super::*;

#[test]
fn what_was_stopped_on_purpose_stays_stopped_and_what_is_new_starts() {
    let mut stage = Stage::usual();
    stage.host.units.lock().unwrap().insert("api.service".into(), STOPPED);
    stage.host.units.lock().unwrap().remove("web.service");
    stage.unpacked();
    assert_eq!(stage.proceed(), Standing::Over);
    let acts = stage.host.acts();
    assert_eq!(acts[2..], ["enable web.service", "start db.service", "start web.service"]);
}

#[test]
fn engines_that_the_new_version_has_no_more_are_stopped() {
    let mut stage = Stage::usual();
    let old = ["db.service", "api.service", "old.service"];
    stage.previous = Some(plan(|plan| plan["body"]["engines"] = json!(old)));
    stage.host.units.lock().unwrap().insert("old.service".into(), RUNNING);
    // A leftover file of the same name is not the engine: the old plan does not know it.
    stage.host.units.lock().unwrap().insert("web.service".into(), STOPPED);
    assert_eq!(stage.prepare(), Standing::Packages);
    assert_eq!(stage.host.acts()[0], "stop old.service (flag)");
    stage.record(packages(Packages::After, true));
    stage.previous = None;
    assert_eq!(stage.proceed(), Standing::Over);
    let acts = stage.host.acts();
    assert_eq!(acts[2..4], ["enable web.service", "disable old.service"]);
    assert_eq!(acts[4..], ["start db.service", "start api.service", "start web.service"]);
}

/// `web.service` was called `www.service` before.
fn renamed(www: EngineState) -> Stage {
    let renamed = plan(|plan| {
        plan["body"]["format"] = json!(2);
        plan["body"]["renamed_engines"] = json!({"web.service": "www.service"});
    });
    let mut stage = Stage::of(renamed, Some("1.0.0"));
    stage.previous = Some(plan(|plan| plan["body"]["engines"] = json!(["db.service", "api.service", "www.service"])));
    stage.host.units.lock().unwrap().remove("web.service");
    stage.host.units.lock().unwrap().insert("www.service".into(), www);
    stage
}

#[test]
fn an_engine_with_a_new_name_does_what_it_did_under_the_old_one() {
    let mut stage = renamed(RUNNING);
    assert_eq!(stage.prepare(), Standing::Packages);
    assert_eq!(stage.host.acts()[0], "stop www.service (flag)");
    stage.record(packages(Packages::After, true));
    assert_eq!(stage.proceed(), Standing::Over);
    let acts = stage.host.acts();
    assert_eq!(acts[2..4], ["enable web.service", "disable www.service"]);
    assert_eq!(acts[4..], ["start db.service", "start api.service", "start web.service"]);

    let mut stopped_on_purpose = renamed(STOPPED);
    stopped_on_purpose.unpacked();
    assert_eq!(stopped_on_purpose.proceed(), Standing::Over);
    assert_eq!(stopped_on_purpose.host.acts()[2..], ["start db.service", "start api.service"]);

    // A product from before Consign has no plan that names its engines.
    let mut adopted = renamed(RUNNING);
    adopted.previous = None;
    assert_eq!(adopted.prepare(), Standing::Packages);
    assert!(adopted.host.acts().contains(&"stop www.service (flag)".to_owned()));
}

#[test]
fn an_engine_keeps_its_old_name_when_the_packages_never_came() {
    let mut stage = renamed(RUNNING);
    stage.prepare();
    stage.host.acts();
    stage.record(packages(Packages::Before, true));
    assert_eq!(stage.proceed(), Standing::Over);
    let acts = stage.host.acts();
    assert_eq!(acts, ["enable www.service", "start db.service", "start api.service", "start www.service"]);
}

#[test]
fn a_first_install_starts_everything_and_tells_nobody() {
    let mut stage = Stage::of(plan(|_| {}), None);
    stage.host.units.lock().unwrap().clear();
    stage.record(packages(Packages::After, true));
    assert_eq!(stage.proceed(), Standing::Over);
    assert!(stage.told.lock().unwrap().is_empty());
    let acts = stage.host.acts();
    assert_eq!(acts[0], "run init core  1.1.0 (flag)");
    assert_eq!(acts[2..5], ["enable db.service", "enable api.service", "enable web.service"]);
    assert_eq!(acts[5..], ["start db.service", "start api.service", "start web.service"]);
}

#[test]
fn a_start_that_fails_is_told() {
    let mut stage = Stage::usual();
    stage.unpacked();
    stage.host.broken.lock().unwrap().insert("start api.service".into());
    assert_eq!(stage.proceed(), Standing::Person);
    let unit: UnitName = "api.service".parse().unwrap();
    let failure = Failure::NotActive { unit, state: "failed (played)".to_owned() };
    assert_eq!(stage.state(), &State::Halted { item: 5, cause: HaltCause::Failed { failure } });
}

#[test]
fn a_later_start_finds_engines_that_nobody_stopped() {
    // Packages that came without the gates, acknowledged afterwards: the old program still runs.
    let mut stage = Stage::usual();
    stage.record(Event::Held { reasons: Vec::new() });
    stage.record(packages(Packages::After, true));
    assert_eq!(stage.proceed(), Standing::Person);
    stage.record(Event::Retry { by: Some(person()) });
    assert_eq!(stage.proceed(), Standing::Over);
    let acts = stage.host.acts();
    assert_eq!(acts[2..5], ["stop web.service (flag)", "stop api.service (flag)", "stop db.service (flag)"]);
    assert_eq!(acts[5..], ["start db.service", "start api.service", "start web.service"]);
}

#[test]
fn engines_of_an_upgrade_that_came_past_the_gates_can_be_stopped() {
    let mut stage = Stage::usual();
    stage.record(Event::Held { reasons: Vec::new() });
    stage.record(packages(Packages::After, true));
    stage.runner(|runner| runner.stop_engines(Duration::from_secs(9))).unwrap();
    assert_eq!(stage.host.acts().len(), 3);
    assert_eq!(stage.journal.upgrade().engines.len(), 3);
    stage.record(Event::Retry { by: Some(person()) });
    assert_eq!(stage.proceed(), Standing::Over);
    let starts = ["start db.service", "start api.service", "start web.service"];
    assert_eq!(stage.host.acts()[2..], starts);
}

#[test]
fn engines_that_were_stopped_outside_the_list_come_back_with_the_old_packages() {
    let mut stage = Stage::usual();
    stage.record(Event::Held { reasons: Vec::new() });
    stage.record(packages(Packages::After, true));
    stage.runner(|runner| runner.stop_engines(Duration::from_secs(9))).unwrap();
    stage.host.acts();
    stage.record(packages(Packages::Before, true));
    assert_eq!(stage.proceed(), Standing::Over);
    assert_eq!(stage.state(), &State::RolledBack);
    assert_eq!(stage.host.acts(), ["start db.service", "start api.service", "start web.service"]);
}

#[test]
fn an_upgrade_that_takes_the_place_of_a_halted_one_never_starts_the_old_engines() {
    let mut stage = Stage::usual();
    stage.unpacked();
    stage.script("init", [Ended::Exit(1)]);
    stage.proceed();
    stage.host.acts();
    let product = Product::new(&stage.places, stage.plan.id());
    let header = Header { supersedes: Some(1), ..stage.journal.upgrade().header.clone() };
    stage.journal = product.begin(header, b"signed", Timestamp::UNIX_EPOCH).unwrap();
    stage.record(Event::Cleared);
    assert_eq!(stage.prepare(), Standing::Packages);
    stage.record(packages(Packages::Before, true));
    assert_eq!(stage.proceed(), Standing::Over);
    assert_eq!(stage.host.acts(), Vec::<String>::new());
    assert!(stage.host.flag.exists());
    assert!(stage.journal.upgrade().engines.values().all(|before| before.active), "what the first one saw");
}
