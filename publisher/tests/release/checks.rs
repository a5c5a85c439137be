//! Prerequisites and tasks: how they are written, and what becomes of them in the plan.

use consign::manifest::Strictness::Lenient;
use consign_metadata::plan::{Step, UpgradePlan};
use consign_metadata::prerequisite::Check;

use crate::sample::Sample;

const CHECKS: &str = r#"[[prerequisite]]
id = "postgresql"
command = ["/usr/bin/pg_isready", "--dbname={option.edition}"]
otherwise.en = "PostgreSQL must answer."

[[prerequisite]]
id = "space"
free_space = { folder = "/var/lib/erp", mebibytes = 2048 }
otherwise.en = "Make room."
otherwise.fr = "Faites de la place."

[[task]]
id = "tell"
at = "after"
summary.en = "Tell the users."

[[task]]
id = "licence"
at = "before-start"
undo = "impossible"
summary.en = "Lay down the licence."
detail.en = "It goes to /etc/acme."

[[task]]
id = "snapshot"
at = "before"
summary.en = "Take a snapshot."

"#;

fn sample() -> Sample {
    let sample = Sample::new();
    sample.replace("[[step]]", &format!("{CHECKS}[[step]]"));
    sample
}

fn fault(part: &str, with: &str) -> String {
    let sample = sample();
    sample.replace(part, with);
    sample.fault(Lenient)
}

#[test]
fn checks_and_tasks_make_a_plan_of_format_2() {
    let (plan, bytes) = sample().load().plan();
    assert_eq!(UpgradePlan::parse(&bytes).unwrap(), plan);
    assert_eq!(plan.body.format, 2);
    let names: Vec<_> = plan.body.steps.iter().map(Step::name).collect();
    let order = ["announce", "stop", "packages", "init", "licence", "daemon-reload", "start", "health", "tell"];
    assert_eq!(names, order);
    let irreversible = |step: &Step| matches!(step, Step::Task(task) if task.irreversible);
    assert_eq!(plan.body.steps.iter().filter(|step| irreversible(step)).count(), 1);
    assert_eq!(plan.body.tasks[0].id.as_str(), "snapshot");
    let [postgresql, space] = &plan.body.prerequisites[..] else { panic!("{:?}", plan.body.prerequisites) };
    assert!(matches!(&postgresql.check, Check::Command { user, timeout_seconds: 5, .. } if user == "root"));
    assert!(matches!(&space.check, Check::FreeSpace { mebibytes: 2048, .. }));
    assert_eq!(space.otherwise.fr.as_deref(), Some("Faites de la place."));
}

#[test]
fn a_plan_without_them_is_still_of_format_1() {
    let (plan, bytes) = Sample::new().load().plan();
    assert_eq!(plan.body.format, 1);
    let text = String::from_utf8(bytes).unwrap();
    assert!(!text.contains("prerequisites") && !text.contains("tasks"), "{text}");
}

#[test]
fn a_check_is_one_that_a_host_can_make_in_time() {
    let message = fault("otherwise.en = \"PostgreSQL must answer.\"", "timeout = \"6s\"\notherwise.en = \"x\"");
    assert!(message.ends_with("line 23, column 11: a prerequisite takes at most 5s"), "{message}");
    let message = fault("/usr/bin/pg_isready", "pg_isready");
    assert!(message.ends_with("\"pg_isready\" is not an absolute path"), "{message}");
    assert!(fault("{option.edition}\"]", "{option.colour}\"]").ends_with("there is no option \"colour\""));
    let both = "free_space = { folder = \"/\", mebibytes = 1 }\ncommand = [\"/bin/true\"]";
    let message = fault("free_space = { folder = \"/var/lib/erp\", mebibytes = 2048 }", both);
    assert!(message.ends_with("a prerequisite has exactly one of command and free_space"), "{message}");
    let message = fault("free_space = ", "user = \"erp\"\nfree_space = ");
    assert!(message.ends_with("only a command has a user and a timeout"), "{message}");
    assert!(fault("mebibytes = 2048", "mebibytes = 0").ends_with("0 MiB are always free"));
    assert!(fault("folder = \"/var/lib/erp\"", "folder = \"erp\"").contains("\"erp\" is not an absolute path"));
    assert!(fault("id = \"space\"", "id = \"postgresql\"").ends_with("two prerequisites are called \"postgresql\""));
}

#[test]
fn a_task_has_a_name_of_its_own_and_a_moment() {
    for taken in ["snapshot", "init", "health"] {
        let message = fault("id = \"licence\"", &format!("id = \"{taken}\""));
        assert!(message.contains("a step or another task is called"), "{message}");
    }
    let message = fault("at = \"after\"", "at = \"later\"");
    assert!(message.contains("before-start"), "{message}");
    let message = fault("at = \"before\"\n", "at = \"before\"\nundo = \"harmless\"\n");
    assert!(message.contains("a task before the upgrade is no part of it that could be taken back"), "{message}");
    let message = fault("undo = \"impossible\"", "undo = \"from-backup\"");
    assert!(message.contains("harmless") && message.contains("impossible"), "{message}");
}
