//! Add-ons in the manifest: what the plan then says, and what is refused.

use consign::manifest::Strictness::{Lenient, Strict};
use consign_metadata::plan::UpgradePlan;
use serde_json::json;

use crate::sample::Sample;

const BASE: &str = r#"
[[add_on]]
product = "globex/snmp"
primary = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
versions = ">=1.0.0, <2.0.0"

[[step]]"#;

const ADD_ON: &str = r#"
[joins]
product = "globex/console"
versions = ">=1.0.0, <1.2.0"

[[joins.step]]
name = "migrate"
run = ["/opt/acme-erp/bin/init", "--edition={option.edition}", "{from}", "{to}"]
user = "erp"

[[joins.step]]
name = "register"
point = "after-start"
run = ["/opt/acme-erp/bin/init", "register"]

[[step]]"#;

fn plan(with: &str) -> UpgradePlan {
    let sample = Sample::new();
    sample.replace("\n[[step]]", with);
    sample.load().plan().0
}

fn fault(part: &str, with: &str) -> String {
    let sample = Sample::new();
    sample.replace("\n[[step]]", &format!("{}{ADD_ON}", BASE.replace("[[step]]", "")));
    sample.replace(part, with);
    sample.fault(Lenient)
}

fn kinds(plan: &UpgradePlan) -> Vec<String> {
    plan.body.steps.iter().map(|step| step.name().to_owned()).collect()
}

#[test]
fn whoever_names_an_add_on_gives_it_two_points_to_join() {
    let plan = plan(BASE);
    let list =
        ["announce", "stop", "packages", "init", "before-start", "daemon-reload", "start", "after-start", "health"];
    assert_eq!(kinds(&plan), list);
    assert_eq!(plan.body.format, 2);
    assert_eq!(plan.body.add_ons[0].product.to_string(), "globex/snmp");
    assert!(plan.body.joins.is_none());
}

#[test]
fn points_may_be_there_for_the_site_alone() {
    let sample = Sample::new();
    sample.replace("summary =", "add_on_points = [\"after-start\"]\nsummary =");
    let (plan, _) = sample.load().plan();
    assert_eq!(plan.points().map(|point| point.as_str()).collect::<Vec<_>>(), ["after-start"]);
    assert!(plan.body.add_ons.is_empty() && plan.body.format == 2);
}

#[test]
fn an_add_on_says_what_it_joins_and_where() {
    let plan = plan(ADD_ON);
    let joins = serde_json::to_value(plan.body.joins.as_ref().unwrap()).unwrap();
    assert_eq!(joins["versions"], ">=1.0.0, <1.2.0");
    assert_eq!(joins["steps"][0]["point"], "before-start", "where nothing is said");
    assert_eq!(joins["steps"][0]["run"]["user"], "erp");
    assert_eq!(joins["steps"][1]["point"], "after-start");
    assert_eq!(kinds(&plan), ["announce", "stop", "packages", "init", "daemon-reload", "start", "health"]);
    assert_eq!(plan.body.format, 2);
}

#[test]
fn a_manifest_without_add_ons_stays_with_format_1() {
    let (plan, bytes) = Sample::new().load().plan();
    assert_eq!(plan.body.format, 1);
    let body = &serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()["body"];
    assert_eq!(body["format"], json!(1));
    assert!(body.get("add_ons").is_none() && body.get("joins").is_none(), "{body}");
}

#[test]
fn what_makes_no_sense_is_refused_where_it_was_typed() {
    for (part, with, message) in [
        ("\"globex/snmp\"", "\"acme/erp\"", "acme/erp is named twice, or is this product"),
        ("\"globex/console\"", "\"acme/erp\"", "a product cannot join itself"),
        ("point = \"after-start\"", "point = \"start\"", "\"start\" is the name of a built-in step, not of a point"),
        ("name = \"register\"", "name = \"migrate\"", "two steps are called \"migrate\""),
        ("{from}", "{option.nothing}", "there is no option \"nothing\""),
        ("name = \"init\"", "name = \"before-start\"", "\"before-start\" is the name of a point"),
        ("name = \"init\"", "name = \"init\"\npoint = \"before-start\"", "only a [[joins.step]] has a point"),
        ("AAAAA\"", "AAAA\"", "is not a fingerprint"),
        ("\">=1.0.0, <2.0.0\"", "\"1\"", "a range is comparisons"),
    ] {
        let fault = fault(part, with);
        assert!(fault.contains(message) && fault.contains("line "), "{message:?} is not in {fault}");
    }
}

#[test]
fn a_joined_step_has_to_be_as_explicit_as_any_other() {
    let sample = Sample::new();
    sample.replace("\n[[step]]", ADD_ON);
    sample.replace("name = \"init\"", "name = \"init\"\non_interrupt = \"rerun\"\nundo = \"harmless\"");
    assert!(sample.fault(Strict).contains("step \"migrate\" does not say on_interrupt"));
}
