//! What a host answers for itself before an upgrade, and what is made of the answer.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex};

use consign_metadata::plan::UpgradePlan;
use consign_metadata::version::Version;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::engine::event::{Event, Packages};
use crate::engine::machine::Upgrade;
use crate::engine::sample;
use crate::host::HostError;
use crate::places::Places;
use crate::product::Product;
use crate::request::Offer;

/// Programs that end as the test says, and how they were run.
#[derive(Default)]
struct Played {
    ends: BTreeMap<String, Ended>,
    ran: Mutex<Vec<Program>>,
    come: Condvar,
    together: usize,
}

impl Programs for Played {
    fn run(&self, program: &Program) -> Result<Ended, HostError> {
        let mut ran = self.ran.lock().unwrap();
        ran.push(program.clone());
        self.come.notify_all();
        let alone = |ran: &mut Vec<Program>| ran.len() < self.together;
        let (_ran, waited) = self.come.wait_timeout_while(ran, Duration::from_secs(20), alone).unwrap();
        assert!(!waited.timed_out(), "the others were not asked meanwhile");
        match self.ends.get(&program.command[0]) {
            Some(ended) => Ok(ended.clone()),
            None => Err(HostError { action: "look".to_owned(), reason: "played".to_owned() }),
        }
    }
    fn run_until(&self, program: &Program, _: Duration, _: &mut dyn FnMut() -> bool) -> Result<Ended, HostError> {
        self.run(program)
    }
    fn end(&self, _: &str) -> Result<(), HostError> {
        Ok(())
    }
}

struct Site {
    root: tempfile::TempDir,
    product: Product,
    plan: UpgradePlan,
    newest: Option<Upgrade>,
    programs: Played,
}

fn command(id: &str, program: &str) -> Value {
    json!({"id": id, "otherwise": {"en": format!("{id} is missing.")}, "check": {
        "kind": "command", "command": [program, "{option.edition}", "{from}", "{to}"], "user": "erp", "timeout_seconds": 5,
    }})
}

fn room(id: &str, folder: &str, mebibytes: u64) -> Value {
    let check = json!({"kind": "free-space", "folder": folder, "mebibytes": mebibytes});
    json!({"id": id, "otherwise": {"en": "Make room."}, "check": check})
}

impl Site {
    fn new(prerequisites: &[Value]) -> Self {
        let json = json!({
            "kind": "plan", "format": 1, "vendor": "acme", "product": "erp", "version": "1.1.0", "revision": 1,
            "supported_from": "1.0.0", "upgrades": ["patch", "minor"], "class_rule": {"major": 1, "minor": 2},
            "required_stops": [], "notes": [], "minimum_agent": "0.1.0",
            "body": {
                "format": 2, "engines": [], "prerequisites": prerequisites,
                "modules": [{"package": "acme-erp", "native": {"deb": "1.1.0-1"}}],
                "options": {"edition": {"allowed": ["core", "cat"], "default": "core"}},
                "steps": [{"kind": "packages"}],
            },
        });
        let root = tempfile::tempdir().unwrap();
        let product = Product::new(&Places::below(root.path()), "acme/erp".parse().unwrap());
        let plan = UpgradePlan::parse(json.to_string().as_bytes()).unwrap();
        Self { root, product, plan, newest: None, programs: Played::default() }
    }

    fn ending(mut self, program: &str, ended: Ended) -> Self {
        self.programs.ends.insert(program.to_owned(), ended);
        self
    }

    fn judge(&self, patience: Option<u64>) -> Result<Verdict, CouldNotLook> {
        let (places, agent): (_, Version) = (Places::below(self.root.path()), "0.1.0".parse().unwrap());
        let from = "1.0.0".parse().unwrap();
        let asking =
            patience.map(|seconds| Asking { programs: &self.programs, patience: Duration::from_secs(seconds) });
        let (product, plan, newest) = (&self.product, &self.plan, self.newest.as_ref());
        let relations = &crate::add_on::Relations::default();
        let (places, from, agent) = (&places, &from, &agent);
        let case = Case { places, product, plan, from, newest, release: None, relations, agent, asking };
        Prerequisites.judge(&case)
    }

    fn reasons(&self) -> Vec<Reason> {
        match self.judge(Some(60)).unwrap() {
            Verdict::Refuse(reasons) => reasons,
            Verdict::Pass => Vec::new(),
            other => panic!("{other:?}"),
        }
    }

    fn ran(&self) -> Vec<Program> {
        std::mem::take(&mut self.programs.ran.lock().unwrap())
    }
}

#[test]
fn a_program_that_ends_with_0_says_that_it_holds_and_every_other_exit_that_it_does_not() {
    let site = Site::new(&[command("postgresql", "good"), command("licence", "bad")]);
    let site = site.ending("good", Ended::Exit(0)).ending("bad", Ended::Exit(2));
    let otherwise = site.plan.body.prerequisites[1].otherwise.clone();
    assert_eq!(site.reasons(), [Reason::PrerequisiteFailed { id: "licence".parse().unwrap(), otherwise }]);
    let mut ran = site.ran();
    ran.sort_by(|a, b| a.unit.cmp(&b.unit));
    assert_eq!(ran[1].command, ["good", "core", "1.0.0", "1.1.0"]);
    assert_eq!((ran[1].user.as_str(), ran[1].login_shell), ("erp", false));
    assert_eq!(ran[1].unit, "consignee-check-acme.erp.postgresql");
    assert_eq!(ran[1].log, site.product.folder().join("prerequisites/postgresql.log"));
}

#[test]
fn what_could_not_be_looked_at_does_not_hold_either() {
    let ends = [
        ("slow", Ended::Timeout),
        ("killed", Ended::Signal(9)),
        ("missing", Ended::CannotStart("there is no such program".to_owned())),
    ];
    let failures = [
        Failure::Timeout { seconds: 5, output: Vec::new() },
        Failure::Signal { signal: 9, output: Vec::new() },
        Failure::CannotStart { program: "missing".to_owned(), reason: "there is no such program".to_owned() },
        Failure::Host { reason: "cannot look: played".to_owned() },
    ];
    let names = ["slow", "killed", "missing", "unknown"];
    let mut site = Site::new(&names.map(|name| command(name, name)));
    for (program, ended) in ends {
        site = site.ending(program, ended);
    }
    let expected: Vec<_> = names
        .iter()
        .zip(failures)
        .map(|(name, failure)| Reason::PrerequisiteUnknown { id: name.parse().unwrap(), failure })
        .collect();
    assert_eq!(site.reasons(), expected);
}

#[test]
fn all_are_asked_at_once() {
    let names = ["one", "two", "three"];
    let mut site = Site::new(&names.map(|name| command(name, name)));
    site.programs.together = names.len();
    for name in names {
        site = site.ending(name, Ended::Exit(0));
    }
    assert_eq!(site.reasons(), []);
    assert_eq!(site.ran().len(), 3);
}

#[test]
fn who_has_little_time_gives_a_program_no_more() {
    let site = Site::new(&[command("postgresql", "good")]).ending("good", Ended::Exit(0));
    for (patience, limit) in [(60, 5), (3, 3), (0, 1)] {
        site.judge(Some(patience)).unwrap();
        assert_eq!(site.ran()[0].limit, Duration::from_secs(limit));
    }
}

#[test]
fn room_is_that_of_the_nearest_folder_that_is_there() {
    let site = Site::new(&[room("some", "/var/lib/erp/data", 1), room("much", "/var/lib/erp", u64::MAX)]);
    let ids: Vec<_> = site.reasons().iter().map(|reason| format!("{reason:?}")).collect();
    assert!(ids.len() == 1 && ids[0].starts_with("PrerequisiteFailed { id: Label(\"much\")"), "{ids:?}");
}

#[test]
fn without_asking_what_the_last_look_found_counts() {
    let site = Site::new(&[command("postgresql", "good")]).ending("good", Ended::Exit(0));
    assert!(site.judge(None).unwrap_err().cause.contains("no look has asked"));
    let failed = Reason::PrerequisiteUnknown { id: "postgresql".parse().unwrap(), failure: Failure::Interrupted };
    let offer = |held: Vec<Reason>| Offer {
        product: site.product.id.clone(),
        installed: None,
        offered: Some("1.1.0".parse().unwrap()),
        held,
        told: Vec::new(),
    };
    let keep = |held| Looked::keep(&site.product, &[offer(held)], Timestamp::UNIX_EPOCH).unwrap();
    keep(vec![Reason::NoAnswer, failed.clone()]);
    assert_eq!(site.judge(None).unwrap(), Verdict::Refuse(vec![failed]));
    keep(vec![Reason::NoAnswer]);
    assert_eq!(site.judge(None).unwrap(), Verdict::Pass);
    assert_eq!(site.ran(), []);
}

#[test]
fn an_upgrade_that_has_begun_is_not_asked_again_unless_it_came_past_its_gates() {
    let mut site = Site::new(&[command("postgresql", "bad")]).ending("bad", Ended::Exit(1));
    let begun = |events: &[Event]| {
        let mut header = sample::header();
        header.plan = site.plan.digest;
        let mut upgrade = Upgrade::begin(header);
        events.iter().for_each(|event| upgrade.apply(event).unwrap());
        Some(upgrade)
    };
    let (prepared, past) = (
        begun(&[Event::Cleared, Event::StepStarted { item: 0, attempt: 1 }]),
        begun(&[Event::Packages { observed: Packages::After, ended: true }]),
    );
    let other = begun(&[Event::Cleared]);
    for (newest, asked) in [(prepared, 0), (past, 1), (other, 1)] {
        site.newest = newest;
        assert_eq!(site.reasons().len(), asked);
        assert_eq!(site.ran().len(), asked);
    }
}

#[test]
fn choices_that_cannot_be_used_let_nothing_be_asked() {
    let site = Site::new(&[command("postgresql", "good")]).ending("good", Ended::Exit(0));
    let path = Places::below(site.root.path()).site(&site.product.id);
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(&path, "[options]\nedition = \"gold\"\n").unwrap();
    assert!(site.judge(Some(60)).unwrap_err().cause.contains("line 2"));
    assert_eq!(site.ran(), []);
}
