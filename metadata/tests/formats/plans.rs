//! What format 2 of the plan's body brought, and what it asks of a plan.

use consign_metadata::document::DocumentError;
use consign_metadata::plan::{BODY_FORMAT, Step, UpgradePlan};
use consign_metadata::version::Version;
use serde_json::{Value, json};

use crate::documents::{plan, plan_2};

fn read(plan: &Value) -> Result<UpgradePlan, DocumentError> {
    UpgradePlan::parse(plan.to_string().as_bytes())
}

fn changed(change: impl Fn(&mut Value)) -> String {
    let mut plan = plan_2();
    change(&mut plan["body"]);
    read(&plan).unwrap_err().to_string()
}

fn v(text: &str) -> Version {
    text.parse().unwrap()
}

#[test]
fn a_body_that_uses_nothing_new_is_written_as_format_1() {
    assert_eq!(read(&plan()).unwrap().body.lowest_format(), 1);
    for part in ["prerequisites", "tasks", "steps"] {
        let mut only = plan();
        only["body"]["format"] = 2.into();
        only["body"][part] = plan_2()["body"][part].clone();
        assert_eq!(read(&only).unwrap().body.lowest_format(), 2, "{part}");
        only["body"]["format"] = 1.into();
        let error = read(&only).unwrap_err().to_string();
        assert!(error.contains("says format 1 and uses format 2"), "{part}: {error}");
    }
}

#[test]
fn what_a_preparation_takes_is_of_format_3() {
    let mut plan = plan_2();
    plan["body"]["preparation_seconds"] = 600.into();
    assert!(read(&plan).unwrap_err().to_string().contains("says format 2 and uses format 3"));
    plan["body"]["format"] = 3.into();
    let body = read(&plan).unwrap().body;
    assert_eq!((body.lowest_format(), body.preparation_seconds), (3, Some(600)));
}

#[test]
fn what_is_read_is_written_again_as_it_was() {
    for plan in [plan(), plan_2()] {
        let body = read(&plan).unwrap().body;
        let written = serde_json::to_value(&body).unwrap();
        assert_eq!(serde_json::from_value::<consign_metadata::plan::PlanBody>(written.clone()).unwrap(), body);
        for member in ["prerequisites", "tasks"] {
            assert_eq!(written.get(member).is_some(), plan["body"].get(member).is_some(), "{member}");
        }
        assert_eq!(written["steps"][0], plan["body"]["steps"][0]);
    }
}

#[test]
fn a_body_that_tells_the_version_of_its_data_is_of_format_3() {
    let mut third = plan();
    third["body"]["data"] =
        json!({"probe": {"command": ["/opt/erp/schema"], "user": "erp", "timeout_seconds": 10}, "version": "7"});
    third["body"]["format"] = 2.into();
    let error = read(&third).unwrap_err().to_string();
    assert!(error.contains("says format 2 and uses format 3"), "{error}");
    third["body"]["format"] = 3.into();
    let body = read(&third).unwrap().body;
    assert!(body.data.is_some_and(|data| data.is_step("init")), "where no step is named, all are meant");
    third["body"]["data"]["steps"] = json!(["no-such-step"]);
    assert!(read(&third).unwrap_err().to_string().contains("a step \"no-such-step\" that there is not"));
}

#[test]
fn a_body_of_a_later_format_asks_for_a_newer_agent() {
    let mut later = plan_2();
    later["body"] = json!({"format": BODY_FORMAT + 1, "poems": []});
    assert!(matches!(read(&later), Err(DocumentError::Newer { found: 4, known: BODY_FORMAT })));
}

#[test]
fn only_what_applies_to_an_upgrade_is_asked_for() {
    let plan = read(&plan_2()).unwrap();
    let names = |from: Option<&Version>| -> Vec<String> {
        let asked = plan.prerequisites(from).map(|asked| asked.id.to_string());
        let before = plan.tasks_before(from).map(|task| task.id.to_string());
        let steps = plan.steps(from).into_iter().filter(|step| matches!(step, Step::Task(_)));
        asked.chain(before).chain(steps.map(|step| step.name().to_owned())).collect()
    };
    assert_eq!(names(Some(&v("1.0.5"))), ["postgresql", "space", "snapshot", "licence", "tell"]);
    assert_eq!(names(None), ["postgresql", "space", "snapshot", "tell"], "one is for no first install");
    assert_eq!(names(Some(&v("1.1.0"))), [""; 0], "a new packaging asks for nothing");
}

#[test]
fn an_edited_task_is_another_task() {
    let digest = |change: fn(&mut Value)| {
        let mut plan = plan_2();
        change(&mut plan["body"]["tasks"][0]);
        read(&plan).unwrap().body.tasks[0].digest()
    };
    let edits: [fn(&mut Value); 5] = [
        |_| {},
        |task| task["summary"]["en"] = "Do that.".into(),
        |task| task["summary"]["fr"] = "Faites cela.".into(),
        |task| task["detail"]["en"] = "By machine.".into(),
        |task| task["detail"]["fr"] = "\u{c0} la main.".into(),
    ];
    let digests: std::collections::BTreeSet<_> = edits.into_iter().map(|edit| digest(edit).to_string()).collect();
    assert_eq!(digests.len(), 5);
    assert_eq!(digest(|task| task["when"] = json!({"first_install": false})), digest(|_| {}), "its words count");
}

#[test]
fn a_plan_whose_names_or_order_cannot_be_followed_is_refused() {
    let twice = |list: &str| {
        changed(|body| {
            let first = body[list][0].clone();
            body[list].as_array_mut().unwrap().push(first);
        })
    };
    assert!(twice("prerequisites").contains("two prerequisites are called \"postgresql\""));
    assert!(twice("tasks").contains("two tasks or steps are called \"snapshot\""));
    assert!(changed(|body| body["tasks"][0]["id"] = "licence".into()).contains("called \"licence\""));
    assert!(changed(|body| body["tasks"][0]["id"] = "stop".into()).contains("called \"stop\""));
    assert!(changed(|body| body["steps"].as_array_mut().unwrap().swap(2, 4)).contains("before the packages"));
    let unknown = |member: &str| changed(|body| body[member][0]["colour"] = "red".into());
    assert!(unknown("prerequisites").contains("colour") && unknown("tasks").contains("colour"));
    assert!(changed(|body| body["steps"][4]["colour"] = "red".into()).contains("colour"));
    assert!(changed(|body| body["prerequisites"][1]["check"]["colour"] = "red".into()).contains("colour"));
}
