//! Point: where the steps of add-ons are run. It does nothing itself.

use super::{Done, Scene, Step, Trouble};

/// The step.
pub struct Point;

impl Step for Point {
    fn run(&self, _scene: &mut Scene<'_>) -> Result<Done, Trouble> {
        Ok(Done::Done)
    }

    fn undo(&self, _scene: &mut Scene<'_>) -> Result<(), Trouble> {
        Ok(())
    }
}
