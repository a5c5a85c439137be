//! What format 3 of the plan's body brought of steps, and what it asks of a plan.

use consign_metadata::document::DocumentError;
use consign_metadata::plan::{PlanBody, UpgradePlan};
use serde_json::{Value, json};

use crate::documents::plan;

fn read(plan: &Value) -> Result<UpgradePlan, DocumentError> {
    UpgradePlan::parse(plan.to_string().as_bytes())
}

/// A plan of format 3 with this change.
fn with(change: impl Fn(&mut Value)) -> Value {
    let mut plan = plan();
    plan["body"]["format"] = 3.into();
    change(&mut plan["body"]);
    plan
}

fn run(name: &str) -> Value {
    json!({"name": name, "command": ["/opt/acme/erp"], "user": "erp", "timeout_seconds": 60})
}

fn insert(body: &mut Value, place: usize, step: Value) {
    body["steps"].as_array_mut().unwrap().insert(place, step);
}

fn until(ready: Value) -> Value {
    with(|body| {
        insert(body, 3, json!({"kind": "until", "run": run("update"), "ready": ready, "stop_seconds": 60}));
    })
}

fn scripts(path: &str) -> Value {
    let sha256 = consign_metadata::digest::Sha256::of(b"script");
    let list = json!([{"path": path, "version": "1.0.5", "sha256": sha256}]);
    with(|body| {
        insert(body, 3, json!({"kind": "scripts", "run": run("pre"), "folder": "/opt/acme/scripts", "list": list}));
    })
}

fn maintenance() -> Value {
    with(|body| {
        body["maintenance"] = json!({"flag": "/var/lib/erp/closed", "user": "root", "timeout_seconds": 60});
        insert(body, 5, json!({"kind": "enter-maintenance"}));
        body["steps"].as_array_mut().unwrap().push(json!({"kind": "leave-maintenance"}));
    })
}

fn limited() -> Value {
    with(|body| body["steps"][3]["limits"] = json!({"memory_mib": 512, "oom_policy": "stop", "oom_score": -5}))
}

#[test]
fn each_of_them_needs_format_3_and_is_written_again_as_it_was() {
    let site = with(|body| body["site_programs"] = json!(["/srv/erp/hook"]));
    for mut plan in [until(json!({"line": "loaded"})), scripts("1.0.5/pre"), maintenance(), limited(), site] {
        let body = read(&plan).unwrap().body;
        assert_eq!(body.lowest_format(), 3);
        let written = serde_json::to_value(&body).unwrap();
        assert_eq!(serde_json::from_value::<PlanBody>(written).unwrap(), body);
        plan["body"]["format"] = 2.into();
        let error = read(&plan).unwrap_err().to_string();
        assert!(error.contains("says format 2 and uses format 3"), "{error}");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let wrong = |plan: &Value, said: &str| {
        let error = read(plan).unwrap_err().to_string();
        assert!(error.contains(said), "{said}: {error}");
    };
    wrong(&until(json!({})), "step \"update\": nothing tells when it is ready");
    wrong(&until(json!({"line": ""})), "nothing tells when it is ready");
    wrong(&scripts("../pre"), "step \"pre\": the script \"../pre\" is outside of its folder");
    let mut twice = until(json!({"exit": true}));
    insert(
        &mut twice["body"],
        4,
        json!({"kind": "until", "run": run("init"), "ready": {"exit": true}, "stop_seconds": 1}),
    );
    wrong(&twice, "two steps are called \"init\"");
    let mut greedy = limited();
    greedy["body"]["steps"][3]["limits"]["oom_score"] = 5000.into();
    wrong(&greedy, "step \"init\": oom_score is from -1000 to 1000");
}

#[test]
fn the_start_is_inside_of_the_maintenance_mode_or_there_is_none() {
    let wrong = |change: &dyn Fn(&mut Value), said: &str| {
        let mut plan = maintenance();
        change(&mut plan["body"]);
        let error = read(&plan).unwrap_err().to_string();
        assert!(error.contains(said), "{said}: {error}");
    };
    let outside = "the start is not inside of the maintenance mode";
    wrong(&|body| drop(body["steps"].as_array_mut().unwrap().pop()), outside);
    wrong(&|body| drop(body["steps"].as_array_mut().unwrap().remove(5)), outside);
    wrong(&|body| body["steps"].as_array_mut().unwrap().swap(5, 6), outside);
    wrong(&|body| drop(body.as_object_mut().unwrap().remove("maintenance")), "it has no maintenance mode");
    wrong(&|body| drop(body["maintenance"].as_object_mut().unwrap().remove("flag")), "a maintenance mode is a flag");
}
