//! Daemon-reload: the service manager reads all unit files again, once for all modules.

use super::{Done, Scene, Step, Trouble, engines};

/// The step.
pub struct Reload;

impl Step for Reload {
    fn run(&self, scene: &mut Scene<'_>) -> Result<Done, Trouble> {
        engines::reload(scene)?;
        Ok(Done::Done)
    }

    /// Again: the unit files are other ones now.
    fn undo(&self, scene: &mut Scene<'_>) -> Result<(), Trouble> {
        engines::reload(scene)
    }
}
