//! Packages: the transaction of the package manager. It is observed; whoever runs it is wrong.

use super::{Done, Scene, Step, Trouble};
use crate::engine::event::Failure;

/// The step.
pub struct Packages;

impl Step for Packages {
    fn run(&self, _scene: &mut Scene<'_>) -> Result<Done, Trouble> {
        Err(observed_only())
    }

    fn undo(&self, _scene: &mut Scene<'_>) -> Result<(), Trouble> {
        Err(observed_only())
    }
}

fn observed_only() -> Trouble {
    Failure::Host { reason: "the package transaction is the package manager's".to_owned() }.into()
}
