//! Plans of bases and of add-ons: what makes sense, and which format carries it.

use consign_metadata::plan::{BODY_FORMAT, UpgradePlan};
use serde_json::{Value, json};

use crate::documents::plan;

/// A product that lets an add-on join at two points.
pub fn base() -> Value {
    let mut base = plan();
    base["body"]["format"] = json!(2);
    base["body"]["add_ons"] =
        json!([{"product": "globex/snmp", "primary": "A".repeat(40), "versions": ">=1.0.0, <2.0.0"}]);
    let steps = base["body"]["steps"].as_array_mut().unwrap();
    steps.insert(4, json!({"kind": "add-ons", "point": "before-start"}));
    steps.insert(7, json!({"kind": "add-ons", "point": "after-start"}));
    base
}

/// The add-on.
pub fn add_on() -> Value {
    let run = |name: &str, when: Value| {
        let command = ["/opt/snmp/bin/migrate", "{from}", "{to}"];
        json!({"name": name, "command": command, "user": "snmp", "timeout_seconds": 60, "when": when})
    };
    let mut add_on = plan();
    add_on["vendor"] = json!("globex");
    add_on["product"] = json!("snmp");
    add_on["body"]["format"] = json!(2);
    add_on["body"]["joins"] = json!({
        "product": "acme/erp", "versions": ">=1.0.0, <1.2.0",
        "steps": [
            {"point": "before-start", "run": run("migrate", json!({}))},
            {"point": "after-start", "run": run("announce", json!({"to": ">=1.1.0"}))},
        ],
    });
    add_on
}

fn parse(document: &Value) -> Result<UpgradePlan, String> {
    UpgradePlan::parse(document.to_string().as_bytes()).map_err(|error| error.to_string())
}

#[track_caller]
fn refused(document: &Value, why: &str) {
    let problem = parse(document).expect_err(why);
    assert!(problem.contains(why), "{problem}");
}

#[test]
fn an_add_on_says_what_it_runs_in_which_upgrade_of_its_base() {
    let joins = parse(&add_on()).unwrap().body.joins.unwrap();
    let names = |from: Option<&str>, to: &str| {
        let from = from.map(|from| from.parse().unwrap());
        let steps: Vec<String> =
            joins.steps(from.as_ref(), &to.parse().unwrap()).map(|step| step.run.name.to_string()).collect();
        steps.join(" ")
    };
    assert_eq!(names(Some("1.0.0"), "1.1.0"), "migrate announce");
    assert_eq!(names(Some("1.0.0"), "1.0.5"), "migrate", "the versions are those of the base");
    assert_eq!(names(Some("1.1.0"), "1.1.0"), "", "a new packaging of the same version runs nothing");
    assert_eq!(names(None, "1.1.0"), "", "the first install of the base is not joined");
}

#[test]
fn points_keep_their_order_and_are_no_steps_by_themselves() {
    let base = parse(&base()).unwrap();
    let points: Vec<_> = base.points().map(|point| point.as_str()).collect();
    assert_eq!(points, ["before-start", "after-start"]);
}

#[test]
fn only_a_plan_that_uses_add_ons_needs_format_2() {
    assert_eq!(parse(&plan()).unwrap().body.lowest_format(), 1);
    for mut document in [base(), add_on()] {
        assert_eq!(parse(&document).unwrap().body.lowest_format(), 2);
        document["body"]["format"] = json!(1);
        refused(&document, "its body says format 1 and uses format 2");
    }
    let mut later = plan();
    later["body"]["format"] = json!(BODY_FORMAT + 1);
    assert!(parse(&later).is_err());
}

#[test]
fn what_makes_no_sense_is_refused() {
    let mut early = base();
    early["body"]["steps"].as_array_mut().unwrap().insert(0, json!({"kind": "add-ons", "point": "first"}));
    refused(&early, "\"first\" stands before the packages");
    let mut twice = base();
    twice["body"]["steps"].as_array_mut().unwrap().push(json!({"kind": "add-ons", "point": "after-start"}));
    refused(&twice, "two steps are called \"after-start\"");
    let mut named_twice = base();
    let first = named_twice["body"]["add_ons"][0].clone();
    named_twice["body"]["add_ons"].as_array_mut().unwrap().push(first);
    refused(&named_twice, "globex/snmp is named twice");
    let mut itself = add_on();
    itself["body"]["joins"]["product"] = json!("globex/snmp");
    refused(&itself, "add-on of itself");
    let mut same = add_on();
    same["body"]["joins"]["steps"][1]["run"]["name"] = json!("migrate");
    refused(&same, "two joined steps are called \"migrate\"");
}
