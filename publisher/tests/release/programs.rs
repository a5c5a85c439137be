//! Steps that are more than a program: until ready, scripts of versions, limits, the maintenance mode.

use std::fs;

use consign::manifest::Strictness::Lenient;
use consign_metadata::digest::Sha256;
use consign_metadata::plan::{HealthCheck, OomPolicy, Step, UpgradePlan};

use crate::sample::Sample;

const STEPS: &str = r#"[maintenance]
flag = "/var/lib/erp/maintenance"

[[step]]
name = "pre"
run = ["/usr/bin/python3", "--file={script}", "{to}"]
scripts = { folder = "/opt/acme-erp/scripts/", prefix = "pre" }

[[step]]
name = "update"
run = ["/usr/local/bin/erp", "--update=all"]
until = { command = ["/usr/bin/is-ready", "{option.edition}"], user = "erp", line = "loaded", stop = "2m" }
limits = { memory_mib = 512, oom_policy = "kill", nice = 5 }

"#;

fn sample() -> Sample {
    let sample = Sample::new();
    for version in ["0.9.0", "1.0.5", "1.1.0"] {
        sample.write(&format!("tree/scripts/{version}/pre-a.py"), version);
        sample.write(&format!("tree/scripts/{version}/post-a.py"), version);
    }
    sample.replace("[[step]]", &format!("{STEPS}[[step]]"));
    sample.replace("summary =", "supported_from = \"1.0.0\"\nsummary =");
    sample
}

fn fault(part: &str, with: &str) -> String {
    let sample = sample();
    sample.replace(part, with);
    sample.fault(Lenient)
}

#[test]
fn a_procedure_makes_a_plan_of_format_3() {
    let (plan, bytes) = sample().load().plan();
    assert_eq!(UpgradePlan::parse(&bytes).unwrap(), plan);
    assert_eq!(plan.body.format, 3);
    let names: Vec<_> = plan.body.steps.iter().map(Step::name).collect();
    let finish = ["daemon-reload", "enter-maintenance", "start", "health", "leave-maintenance"];
    assert_eq!(names, [&["announce", "stop", "packages", "pre", "update", "init"], &finish[..]].concat());
    let Step::Scripts(pre) = &plan.body.steps[3] else { panic!("{:?}", plan.body.steps[3]) };
    assert_eq!(pre.folder, "/opt/acme-erp/scripts");
    let list: Vec<_> = pre.list.iter().map(|script| (script.path.as_str(), script.sha256)).collect();
    let digest = |text: &str| Sha256::of(text.as_bytes());
    assert_eq!(list, [("1.0.5/pre-a.py", digest("1.0.5")), ("1.1.0/pre-a.py", digest("1.1.0"))]);
    let Step::Until(update) = &plan.body.steps[4] else { panic!("{:?}", plan.body.steps[4]) };
    assert_eq!((update.stop_seconds, update.ready.line.as_deref()), (120, Some("loaded")));
    assert!(matches!(&update.ready.check, Some(HealthCheck::Command { user, .. }) if user == "erp"));
    let limits = update.run.limits.as_ref().unwrap();
    assert_eq!((limits.memory_mib, limits.oom_policy, limits.nice), (Some(512), Some(OomPolicy::Kill), Some(5)));
    assert_eq!(Vec::from_iter(&plan.body.site_programs), ["/usr/local/bin/erp"]);
}

#[test]
fn a_script_that_changes_makes_another_plan() {
    let sample = sample();
    let before = sample.load().plan().0.digest;
    sample.write("tree/scripts/1.0.5/pre-a.py", "edited");
    assert_ne!(sample.load().plan().0.digest, before);
}

#[test]
fn what_cannot_be_carried_out_is_refused_with_its_place() {
    for (part, with, said) in [
        ("until = {", "scripts = { folder = \"/opt/acme-erp/scripts\" }\nuntil = {", "until or scripts, not both"),
        (
            "command = [\"/usr/bin/is-ready\", \"{option.edition}\"], user = \"erp\", line = \"loaded\", ",
            "",
            "when the program is ready",
        ),
        ("line = \"loaded\"", "http = \"http://127.0.0.1\"", "exactly one of http, tcp and command"),
        ("nice = 5", "nice = 50", "nice is from -20 to 19"),
        ("/opt/acme-erp/scripts/", "/opt/other/scripts", "no module installs a folder \"/opt/other/scripts\""),
        ("--file={script}", "--file={scripts}", "no placeholder {scripts}"),
        ("--update=all", "--update={script}", "no placeholder {script}"),
        ("flag = \"/var/lib/erp/maintenance\"", "flag = \"/run/erp\"", "would be gone after a reboot"),
        (
            "flag = \"/var/lib/erp/maintenance\"",
            "enter = [\"/usr/bin/close\"]",
            "a maintenance mode is a flag, or what",
        ),
        ("name = \"pre\"", "name = \"leave-maintenance\"", "is the name of a built-in step"),
    ] {
        let message = fault(part, with);
        assert!(message.contains(said) && message.contains("line "), "{with}: {message}");
    }
    let sample = sample();
    sample.write("tree/scripts/1.2.0/pre-a.py", "");
    assert!(sample.fault(Lenient).contains("\"1.2.0/pre-a.py\" is of a version later than 1.1.0"));
    fs::rename(sample.path().join("tree/scripts/1.2.0"), sample.path().join("tree/scripts/next")).unwrap();
    assert!(sample.fault(Lenient).contains("\"next\" of scripts is no version"));
}
