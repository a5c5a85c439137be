//! Packages: the transaction of the package manager. Forward it is observed; whoever runs it is wrong. Back it is
//! one that the agent begins.

use super::{Done, Scene, Step, Trouble};
use crate::engine::event::{Event, Failure, Packages as Seen};

/// The step.
pub struct Packages;

impl Step for Packages {
    fn run(&self, _scene: &mut Scene<'_>) -> Result<Done, Trouble> {
        Err(Failure::Host { reason: "the package transaction is the package manager's".to_owned() }.into())
    }

    fn undo(&self, scene: &mut Scene<'_>) -> Result<(), Trouble> {
        (scene.context.put_back)(scene.upgrade())?;
        scene.record(Event::Packages { observed: Seen::Before, ended: true })
    }
}
