//! Task: something that only a person can do. The machine's part is to wait, with the engines as they are.

use consign_metadata::task::Task;

use super::{Done, Scene, Step, Trouble};
use crate::engine::event::Failure;

/// The step.
pub struct Manual<'a> {
    /// As the plan describes it.
    pub task: &'a Task,
}

impl Step for Manual<'_> {
    fn run(&self, scene: &mut Scene<'_>) -> Result<Done, Trouble> {
        scene.note(&self.task.summary.en);
        Ok(Done::Person)
    }

    /// What a person did is a person's to undo; most often it does not disturb the old version.
    fn undo(&self, _scene: &mut Scene<'_>) -> Result<(), Trouble> {
        match self.task.irreversible {
            false => Ok(()),
            true => Err(Failure::Host { reason: format!("task {} cannot be taken back", self.task.id) }.into()),
        }
    }
}
