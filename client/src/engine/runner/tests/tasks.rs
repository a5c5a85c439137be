//! A task waits for a person.

use super::stage::*;
use super::*;

fn plan_with_task(irreversible: bool) -> UpgradePlan {
    plan(|plan| {
        plan["body"]["format"] = 2.into();
        let task =
            json!({"kind": "task", "id": "licence", "summary": {"en": "Lay it down."}, "irreversible": irreversible});
        plan["body"]["steps"].as_array_mut().unwrap().insert(MIGRATE + 1, task);
    })
}

#[test]
fn a_task_waits_for_a_person_however_often_the_agent_is_cut_off() {
    let task = MIGRATE + 1;
    let mut stage = Stage::of(plan_with_task(false), Some("1.0.0"));
    stage.unpacked();
    assert_eq!(stage.proceed(), Standing::Person);
    assert_eq!(stage.state(), &State::Waiting { item: task });
    assert!(!stage.host.acts().iter().any(|act| act.starts_with("start")), "the engines stay stopped");
    stage.again();
    assert_eq!(stage.proceed(), Standing::Person);
    stage.record(Event::Answered { item: task, answer: Answer::Done, by: person() });
    assert_eq!(stage.proceed(), Standing::Over);
    assert_eq!(stage.journal.upgrade().attempts(task), 1);

    // Cut off between the start of the step and its question: it asks all the same.
    let mut stage = Stage::of(plan_with_task(false), Some("1.0.0"));
    stage.unpacked();
    stage.script("init", [Ended::Exit(75)]);
    assert!(matches!(stage.proceed(), Standing::Later(_)));
    for event in [
        Event::StepStarted { item: MIGRATE, attempt: 2 },
        Event::StepSucceeded { item: MIGRATE },
        Event::StepStarted { item: task, attempt: 1 },
    ] {
        stage.record(event);
    }
    stage.again();
    assert_eq!(stage.proceed(), Standing::Person);
    assert_eq!(stage.state(), &State::Waiting { item: task });
}

#[test]
fn the_list_keeps_what_a_task_is_and_whether_it_can_be_taken_back() {
    for irreversible in [false, true] {
        let items = items(&plan_with_task(irreversible), Some(&"1.0.0".parse().unwrap()));
        let task = &items[MIGRATE + 1];
        assert_eq!((task.name.as_str(), task.undo, task.no_return), ("licence", !irreversible, false));
        assert_eq!(task.task.as_ref().unwrap().en, "Lay it down.");
        assert_eq!(items.iter().filter(|item| item.task.is_some()).count(), 1);
    }
    let again = items(&plan_with_task(false), Some(&"1.1.0".parse().unwrap()));
    assert!(again.iter().all(|item| item.task.is_none()), "a new packaging asks nobody");
}
