//! The list of an upgrade: the steps of its plan that apply, with what the table has to know of each.

use consign_metadata::add_on::JoinedStep;
use consign_metadata::name::Label;
use consign_metadata::plan::{OnInterrupt, Step, Undo, UpgradePlan};
use consign_metadata::version::Version;

use super::event::Item;
use crate::add_on;

/// The list of an upgrade that no add-on joins.
pub fn items(plan: &UpgradePlan, from: Option<&Version>) -> Vec<Item> {
    items_with(plan, from, &[])
}

/// The list of an upgrade, to be frozen in its header: the steps of add-ons, in their order, at their points.
pub fn items_with(plan: &UpgradePlan, from: Option<&Version>, add_ons: &[&UpgradePlan]) -> Vec<Item> {
    let steps = plan.steps(from);
    let can_return = plan.backup().is_some() && from.is_some() && add_ons.is_empty();
    let packages = steps.iter().position(|step| matches!(step, Step::Packages)).unwrap_or(steps.len());
    let at = |(index, step): (usize, &&Step)| match step {
        Step::AddOns { point } => {
            add_ons.iter().flat_map(|add_on| joined(add_on, point, from, &plan.envelope.version)).collect()
        }
        step => vec![item(plan, step, index < packages, can_return)],
    };
    steps.iter().enumerate().flat_map(at).collect()
}

/// The steps of an add-on at a point. Where add-ons have joined, nothing is taken back after the packages: theirs
/// would have to go along.
fn joined(add_on: &UpgradePlan, point: &Label, from: Option<&Version>, to: &Version) -> Vec<Item> {
    let steps = add_on.body.joins.iter().flat_map(|joins| joins.steps(from, to));
    let item = |step: &JoinedStep| Item {
        name: add_on::item_name(&add_on.id(), &step.run),
        packages: false,
        undo: false,
        no_return: false,
        on_interrupt: step.run.on_interrupt,
        task: None,
    };
    steps.filter(|step| step.point == *point).map(item).collect()
}

fn item(plan: &UpgradePlan, step: &Step, prepares: bool, can_return: bool) -> Item {
    let (undo, on_interrupt) = match (step, step.program()) {
        (Step::Packages, _) => (can_return, OnInterrupt::Rerun),
        (Step::Task(task), _) => (!task.irreversible, OnInterrupt::Ask),
        (_, Some(run)) => (is_undone(&run.undo, prepares, can_return), run.on_interrupt),
        _ => (true, OnInterrupt::Rerun),
    };
    // Whoever is served writes, and what is written is lost by going back.
    let serves = match plan.body.maintenance {
        None => matches!(step, Step::Start { .. }),
        Some(_) => matches!(step, Step::LeaveMaintenance),
    };
    Item {
        name: step.name().to_owned(),
        packages: matches!(step, Step::Packages),
        task: match step {
            Step::Task(task) => Some(task.summary.clone()),
            _ => None,
        },
        undo,
        no_return: serves,
        on_interrupt,
    }
}

/// Without a backup there is no way back to the old packages, and nothing after them is taken back.
fn is_undone(undo: &Undo, prepares: bool, can_return: bool) -> bool {
    match undo {
        Undo::Harmless | Undo::Inverse(_) => prepares || can_return,
        Undo::FromBackup => can_return,
        Undo::Impossible => false,
    }
}
