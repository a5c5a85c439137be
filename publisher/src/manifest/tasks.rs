//! What only a person can do: before the upgrade, in the middle of it, or after it.

use std::collections::BTreeSet;

use consign_metadata::plan::RESERVED_STEP_NAMES;
use consign_metadata::task::Task;

use super::authored::{self, Moment, TaskUndo};
use super::error::Fault;

/// The tasks of a release, by the moment at which they are done.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    /// Before anything is stopped.
    pub before: Vec<Task>,
    /// With the engines stopped, after the programs of the vendor's.
    pub before_start: Vec<Task>,
    /// When the product runs and is found healthy.
    pub after: Vec<Task>,
}

impl Tasks {
    pub(super) fn of(manifest: &authored::Manifest) -> Result<Self, Fault> {
        let mut seen: BTreeSet<&str> = manifest.steps.iter().map(|step| step.name.get_ref().as_str()).collect();
        seen.extend(RESERVED_STEP_NAMES);
        // A list item each, where add-ons may join.
        seen.extend(["before-start", "after-start"]);
        let mut tasks = Self::default();
        for authored in &manifest.tasks {
            let id = authored.id.get_ref().as_str();
            if !seen.insert(id) {
                let message = format!("a step or another task is called {id:?}");
                return Err(Fault::at(authored.id.span(), message).help("a person ticks a task by its name alone"));
            }
            let task = authored.validate()?;
            match authored.at {
                Moment::Before => tasks.before.push(task),
                Moment::BeforeStart => tasks.before_start.push(task),
                Moment::After => tasks.after.push(task),
            }
        }
        Ok(tasks)
    }
}

impl authored::Task {
    fn validate(&self) -> Result<Task, Fault> {
        if let (Moment::Before, Some(undo)) = (self.at, &self.undo) {
            return Err(Fault::at(undo.span(), "a task before the upgrade is no part of it that could be taken back"));
        }
        Ok(Task {
            id: self.id.get_ref().clone(),
            when: self.when.clone(),
            summary: self.summary.clone(),
            detail: self.detail.clone(),
            irreversible: self.undo.as_ref().is_some_and(|undo| *undo.get_ref() == TaskUndo::Impossible),
        })
    }
}
