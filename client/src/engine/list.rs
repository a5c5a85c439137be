//! The list of an upgrade: the steps of its plan that apply, with what the table has to know of each.

use consign_metadata::plan::{OnInterrupt, Step, Undo, UpgradePlan};
use consign_metadata::version::Version;

use super::event::Item;

/// The list of an upgrade, to be frozen in its header.
pub fn items(plan: &UpgradePlan, from: Option<&Version>) -> Vec<Item> {
    let steps = plan.steps(from);
    let packages = steps.iter().position(|step| matches!(step, Step::Packages)).unwrap_or(steps.len());
    steps.iter().enumerate().map(|(index, step)| item(step, index < packages)).collect()
}

fn item(step: &Step, prepares: bool) -> Item {
    let (undo, on_interrupt) = match step {
        Step::Packages => (false, OnInterrupt::Rerun),
        Step::Task(task) => (!task.irreversible, OnInterrupt::Ask),
        // After the packages nothing is taken back yet: there is no way to the old ones.
        Step::Run(run) => (prepares && matches!(run.undo, Undo::Harmless | Undo::Inverse(_)), run.on_interrupt),
        _ => (true, OnInterrupt::Rerun),
    };
    Item {
        name: step.name().to_owned(),
        packages: matches!(step, Step::Packages),
        task: match step {
            Step::Task(task) => Some(task.summary.clone()),
            _ => None,
        },
        undo,
        no_return: matches!(step, Step::Start { .. }),
        on_interrupt,
    }
}
