//! Prerequisites and tasks as people read them, the ticks, and the document.

use consign_metadata::plan::UpgradePlan;
use consign_metadata::text::Text;
use consignee::acknowledgement::{Acknowledgements, Subject};
use consignee::cli::Exit;
use consignee::engine::event::{Event, Item, Reason};
use consignee::report::plan::{PlanReport, StepKind, UndoKind};
use consignee::request::{Decision, Offer, Reply, Request};

use crate::builder::{Host, Writing, item};
use crate::golden::assert_golden;
use crate::service::answering;
use crate::vendor;

const LICENCE: usize = 4;

fn host() -> (Host, Writing) {
    let host = Host::new();
    let plan = vendor::lay_down_plan(&host.places, &vendor::plan_2());
    host.begin(None, "1.4.0", "2026-11-01T09:00:00Z", b"plan").complete();
    let task = Text { en: "Lay down the licence.".to_owned(), fr: Some("Déposez la licence.".to_owned()) };
    let licence = Item { task: Some(task), ..item("licence") };
    let upgrade = host.begin_changed(Some("1.4.0"), "1.5.0", "2026-11-20T14:00:00Z", &plan, |header| {
        header.items.insert(LICENCE, licence);
    });
    (host, upgrade)
}

fn plan() -> UpgradePlan {
    UpgradePlan::parse(vendor::plan_2().to_string().as_bytes()).unwrap()
}

/// Why it is held: the host lacks something, and a person has something to do.
fn reasons() -> Vec<Reason> {
    let (asked, task) = (&plan().body.prerequisites[0], &plan().body.tasks[0]);
    vec![
        Reason::PrerequisiteFailed { id: asked.id.clone(), otherwise: asked.otherwise.clone() },
        Reason::TaskOpen { id: task.id.clone(), summary: task.summary.clone(), sha256: task.digest() },
    ]
}

fn held() -> Host {
    let (host, mut upgrade) = host();
    upgrade.record(Event::Held { reasons: reasons() });
    host
}

/// The upgrade waits with the engines stopped.
fn waiting() -> Host {
    let (host, mut upgrade) = host();
    upgrade.unpack().step(3).start(LICENCE).record(Event::Asked { item: LICENCE });
    host.product.set_unfinished().unwrap();
    host
}

#[test]
fn what_holds_an_upgrade_is_said_in_the_vendors_words() {
    let host = held();
    assert_golden(&host, "status-checks", "consignee status", Exit::Waits);
    assert_golden(&host, "plan-checks", "consignee plan acme/erp", Exit::Done);
    let report: PlanReport = serde_json::from_str(&host.run("consignee plan acme/erp --json").out).unwrap();
    assert_eq!((report.prerequisites.len(), report.tasks.len(), report.tasks[0].done), (2, 1, false));
    let step = &report.steps[LICENCE];
    assert_eq!((step.kind, step.undo), (Some(StepKind::Task), Some(UndoKind::Impossible)));
    assert_eq!(step.summary.as_ref().unwrap().en, "Lay down the licence.");
}

#[test]
fn the_document_is_the_same_procedure_for_a_person() {
    assert_golden(&held(), "document", "consignee plan acme/erp --document", Exit::Done);
}

#[test]
fn an_upgrade_that_waits_for_a_person_says_for_what_and_what_to_type() {
    let host = waiting();
    assert_golden(&host, "status-task", "consignee status", Exit::Waits);
    let history = host.run("consignee history acme/erp --upgrade 2").out;
    assert!(history.contains("a person has to do it: Lay down the licence."), "{history}");
}

#[test]
fn a_task_before_is_ticked_by_its_name_and_by_nothing_else() {
    let host = held();
    let all = host.run("consignee ack acme/erp --all --yes");
    assert!(all.out.contains("nothing has to be acknowledged"), "{}{}", all.out, all.err);
    let other = host.run("consignee done acme/erp licence");
    assert_eq!(other.exit, Exit::Failed);
    assert!(other.err.contains("cannot tick licence") && other.err.contains("open: snapshot"), "{}", other.err);
    assert_eq!(Acknowledgements::read(&host.product).unwrap().all, []);

    let held = reasons().swap_remove(0);
    let version = |text: &str| Some(text.parse().unwrap());
    let offer = Offer {
        product: "acme/erp".parse().unwrap(),
        installed: version("1.4.0"),
        offered: version("1.5.0"),
        held: vec![held],
        told: Vec::new(),
    };
    let service = answering(&host, &Reply::Looked { offers: vec![offer], notices: Vec::new() });
    let said = host.run("consignee done acme/erp snapshot");
    assert_eq!(said.exit, Exit::Waits, "the host still lacks something");
    assert!(said.out.starts_with("noted as done\n") && said.out.contains("PostgreSQL 15"), "{}", said.out);
    assert_eq!(service.join().unwrap(), Request::Look { patient: true });
    let all = Acknowledgements::read(&host.product).unwrap().all;
    let Subject::Task { id, sha256 } = &all[0].subject else { panic!("{all:?}") };
    assert_eq!((id.as_str(), *sha256), ("snapshot", plan().body.tasks[0].digest()));
    let report: PlanReport = serde_json::from_str(&host.run("consignee plan acme/erp --json").out).unwrap();
    assert!(report.tasks[0].done);
    let history = host.run("consignee history acme/erp --language fr").out;
    assert!(history.contains("a fait la tâche snapshot"), "{history}");
}

#[test]
fn a_task_that_an_upgrade_waits_for_is_told_to_the_service() {
    let host = waiting();
    let service = answering(&host, &Reply::Accepted);
    assert_eq!(host.run("consignee done acme/erp licence").exit, Exit::Done);
    let Request::Decide { decision: Decision::Done { task }, by, .. } = service.join().unwrap() else { panic!() };
    assert_eq!((task.as_str(), by.uid), ("licence", 0));
    let other = host.run("consignee done acme/erp snapshot");
    assert!(other.err.contains("open: licence"), "{}", other.err);
    assert_eq!(Acknowledgements::read(&host.product).unwrap().all, []);
}
