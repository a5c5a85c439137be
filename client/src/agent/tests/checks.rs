//! Prerequisites and tasks: when they are asked for, and what waits for them.

use consign_metadata::name::Label;
use serde_json::{Value, json};

use super::world::{World, preinst_of, reasons};
use crate::acknowledgement::{Acknowledgement, Subject, acknowledge};
use crate::agent::decision;
use crate::agent::dialogue::Speaker;
use crate::engine::event::{Answer, Person, Reason};
use crate::engine::machine::State;
use crate::request::{Decision, Reply};

fn person() -> Person {
    Person { uid: 0, name: "marie".to_owned() }
}

fn asking(world: &World) -> Value {
    let mut plan = world.vendor.plan("1.1.0");
    plan["body"]["format"] = 2.into();
    let check = json!({"kind": "command", "command": ["look"], "user": "erp", "timeout_seconds": 5});
    plan["body"]["prerequisites"] = json!([{"id": "database", "check": check, "otherwise": {"en": "It is too old."}}]);
    plan
}

fn with_tasks(world: &World) -> Value {
    let mut plan = world.vendor.plan("1.1.0");
    plan["body"]["format"] = 2.into();
    let task = |id: &str| json!({"kind": "task", "id": id, "summary": {"en": format!("Do {id}.")}});
    let mut first = task("snapshot");
    first.as_object_mut().unwrap().remove("kind");
    plan["body"]["tasks"] = json!([first]);
    let steps = plan["body"]["steps"].as_array_mut().unwrap();
    steps.insert(3, task("licence"));
    steps.push(task("tell"));
    plan
}

fn held(world: &World) -> Vec<Reason> {
    world.look().remove(0).held
}

fn tick(world: &World, reason: &Reason) {
    let Reason::TaskOpen { id, sha256, .. } = reason else { panic!("{reason:?}") };
    let subject = Subject::Task { id: id.clone(), sha256: *sha256 };
    let (at, version) = (jiff::Timestamp::UNIX_EPOCH, "1.1.0".parse().unwrap());
    acknowledge(&world.product(), &[Acknowledgement { at, by: person(), subject, version }]).unwrap();
}

fn decide(world: &World, decision: Decision) -> Result<Reply, String> {
    let decided = decision::decide(&world.agent, &world.id(), &decision, &person(), &mut Speaker::to_nobody());
    decided.map_err(|problem| problem.to_string())
}

fn done(world: &World, task: &str) -> Result<Reply, String> {
    decide(world, Decision::Done { task: task.parse::<Label>().unwrap() })
}

#[test]
fn a_prerequisite_holds_the_release_until_the_host_is_mended() {
    let world = World::with_baseline();
    let plan = asking(&world);
    world.publish(&[&world.vendor.release(&plan)], "1.1.0-1");
    world.host.state().exit = 1;
    assert!(
        matches!(&held(&world)[..], [Reason::PrerequisiteFailed { otherwise, .. }] if otherwise.en == "It is too old.")
    );
    assert_eq!((world.state(), world.cleared()), (State::Held, vec![]));
    assert_eq!(world.host.done(), ["look"], "asked once, and nothing else was done");
    world.host.state().exit = 0;
    assert_eq!(held(&world), []);
    assert_eq!((world.state(), world.cleared()), (State::Cleared, vec!["1.1.0-1".to_owned()]));
}

#[test]
fn the_barrier_asks_again_and_nobody_after_it() {
    let world = World::with_baseline();
    let plan = asking(&world);
    world.publish(&[&world.vendor.release(&plan)], "1.1.0-1");
    held(&world);
    world.host.done();
    world.host.state().exit = 1;
    assert!(matches!(&reasons(&world.barrier(&plan))[..], [Reason::PrerequisiteFailed { .. }]));
    assert_eq!(world.host.done(), ["look"]);
    assert_eq!(world.state(), State::Held);
    world.host.state().exit = 0;
    assert_eq!(world.barrier(&plan), Reply::Pass);
    assert_eq!(world.host.done(), ["look", "stop erp-web.service", "stop erp.service"]);
    // With the engines stopped it would fail now; the transaction that was let through goes on.
    world.host.state().exit = 1;
    assert_eq!(preinst_of(&world, &plan, Some("1.0.0-1")), Reply::Pass);
    world.host.state().exit = 0;
    world.install(&plan);
    world.ended();
    assert_eq!(world.state(), State::Completed);
    assert_eq!(world.host.done().iter().filter(|act| *act == "look").count(), 0);
}

#[test]
fn between_looks_no_program_of_the_vendors_runs() {
    let world = World::with_baseline();
    let plan = asking(&world);
    world.publish(&[&world.vendor.release(&plan)], "1.1.0-1");
    held(&world);
    assert_eq!(world.barrier(&plan), Reply::Pass);
    world.host.done();
    // dpkg never came: what is offered is judged again, by what is known.
    world.ended();
    assert_eq!(world.host.done().iter().filter(|act| *act == "look").count(), 0);
    assert_eq!((world.state(), world.cleared()), (State::Cleared, vec!["1.1.0-1".to_owned()]));
}

#[test]
fn packages_that_came_past_a_prerequisite_halt_until_it_holds() {
    let world = World::with_baseline();
    let plan = asking(&world);
    world.publish(&[&world.vendor.release(&plan)], "1.1.0-1");
    world.host.state().exit = 1;
    held(&world);
    world.install(&plan);
    world.reconcile();
    assert!(matches!(world.state(), State::Halted { .. }), "{:?}", world.state());
    assert!(world.host.running().is_empty());
    let refused = decide(&world, Decision::Retry).unwrap();
    assert!(matches!(&reasons(&refused)[..], [Reason::PrerequisiteFailed { .. }]));
    world.host.state().exit = 0;
    assert_eq!(decide(&world, Decision::Retry), Ok(Reply::Accepted));
    world.reconcile();
    assert_eq!(world.state(), State::Completed);
}

#[test]
fn tasks_are_waited_for_where_they_stand() {
    let world = World::with_baseline();
    let plan = with_tasks(&world);
    world.publish(&[&world.vendor.release(&plan)], "1.1.0-1");
    let open = held(&world);
    assert!(matches!(&open[..], [Reason::TaskOpen { id, .. }] if id.as_str() == "snapshot"), "{open:?}");
    assert!(done(&world, "snapshot").is_err(), "no step waits for it");
    tick(&world, &open[0]);
    assert_eq!(held(&world), []);
    assert_eq!(world.barrier(&plan), Reply::Pass);
    world.install(&plan);
    world.ended();
    assert_eq!(world.state(), State::Waiting { item: 3 });
    assert_eq!(world.host.running(), [""; 0], "the engines are stopped");
    assert!(world.product().is_unfinished());

    // However often anybody looks.
    world.reconcile();
    assert_eq!(world.state(), State::Waiting { item: 3 });
    let by_the_way = decide(&world, Decision::Answer { answer: Answer::Done }).unwrap_err();
    assert!(by_the_way.contains("consignee done acme/erp licence"), "{by_the_way}");
    assert!(done(&world, "tell").unwrap_err().contains("does not wait for tell, but for licence"));
    assert_eq!(done(&world, "licence"), Ok(Reply::Accepted));
    world.reconcile();
    assert_eq!(world.state(), State::Waiting { item: 6 });
    assert_eq!(world.host.running().len(), 2, "the product runs meanwhile");
    assert!(!world.product().is_unfinished());
    assert_eq!(world.product().finished().unwrap(), None, "it counts as finished when the last task is done");
    assert_eq!(done(&world, "tell"), Ok(Reply::Accepted));
    world.reconcile();
    assert_eq!(world.state(), State::Completed);
}

#[test]
fn only_a_task_is_ticked() {
    let world = World::with_baseline();
    let plan = with_tasks(&world);
    world.publish(&[&world.vendor.release(&plan)], "1.1.0-1");
    held(&world);
    world.install(&plan);
    world.reconcile();
    assert!(matches!(world.state(), State::Halted { .. }), "a task before it was never done");
    assert!(done(&world, "licence").is_err());
    assert!(matches!(world.state(), State::Halted { .. }));
}
