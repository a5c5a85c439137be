//! The list of an upgrade, as it is frozen.

use super::stage::*;
use super::*;

#[test]
fn the_list_is_frozen_with_what_the_table_needs() {
    let list = items(&plan(|_| {}), Some(&"1.0.0".parse().unwrap()));
    let told: Vec<String> = list
        .iter()
        .map(|item| format!("{} undo={} no_return={} {:?}", item.name, item.undo, item.no_return, item.on_interrupt))
        .collect();
    let expected = [
        "announce undo=true no_return=false Rerun",
        "stop undo=true no_return=false Rerun",
        "packages undo=false no_return=false Rerun",
        "migrate undo=false no_return=false Ask",
        "daemon-reload undo=true no_return=false Rerun",
        "start undo=true no_return=true Rerun",
        "health undo=true no_return=false Rerun",
    ];
    assert_eq!(told, expected);
    let undo = |at: usize, undo: serde_json::Value| {
        let plan = plan(|plan| {
            let steps = plan["body"]["steps"].as_array_mut().unwrap();
            let mut step = steps.remove(MIGRATE);
            step["undo"] = undo.clone();
            steps.insert(at, step);
        });
        items(&plan, Some(&"1.0.0".parse().unwrap()))[at].undo
    };
    assert!(undo(1, json!("harmless")) && undo(1, json!({"inverse": ["back"]})));
    assert!(!undo(1, json!("impossible")) && !undo(1, json!("from-backup")));
    assert!(!undo(MIGRATE, json!("harmless")), "there is no way back to the old packages yet");
    // A new packaging revision of the version runs no program of the vendor's.
    let names = items(&plan(|_| {}), Some(&"1.1.0".parse().unwrap()));
    assert!(names.iter().all(|item| item.name != "migrate"));
}
