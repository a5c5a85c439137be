//! Stop: the engines, last started first. They stay stopped, over a reboot too, until they are started.

use std::time::Duration;

use super::{Done, Scene, Step, Trouble, engines, maintenance};

/// The step.
pub struct Stop {
    /// How long the engines may take.
    pub limit: Duration,
}

impl Step for Stop {
    fn run(&self, scene: &mut Scene<'_>) -> Result<Done, Trouble> {
        engines::observe(scene)?;
        engines::stop(scene, self.limit)?;
        maintenance::end_earlier(scene)?;
        Ok(Done::Done)
    }

    fn undo(&self, scene: &mut Scene<'_>) -> Result<(), Trouble> {
        // The upgrade whose place this one takes left them stopped, on data that is half migrated.
        if scene.header().supersedes.is_some() && !scene.upgrade().has_left_before() {
            return Ok(());
        }
        engines::let_start(scene)?;
        for unit in engines::retired(scene) {
            scene.context.services.enable(&unit)?;
        }
        engines::start(scene.context.services, &engines::that_ran(scene), self.limit)
    }
}
