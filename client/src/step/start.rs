//! Start: what ran or was enabled before, in the declared order; everything on a first install.

use std::time::Duration;

use super::{Done, Scene, Step, Trouble, engines, maintenance};

/// The step.
pub struct Start {
    /// How long each engine may take to become active.
    pub limit: Duration,
}

impl Step for Start {
    fn run(&self, scene: &mut Scene<'_>) -> Result<Done, Trouble> {
        let services = scene.context.services;
        if scene.upgrade().engines.is_empty() && scene.header().from.is_some() {
            // No stop went before: what runs is still the old program.
            engines::observe(scene)?;
            engines::stop(scene, self.limit)?;
            maintenance::end_earlier(scene)?;
        }
        let units = engines::to_start(scene);
        engines::release(scene)?;
        for unit in engines::to_enable(scene) {
            services.enable(&unit)?;
        }
        for unit in engines::retired(scene) {
            // A link to a unit file that is gone starts nothing.
            if let Err(problem) = services.disable(&unit) {
                log::warn!("{problem}");
            }
        }
        engines::start(services, &units, self.limit)?;
        Ok(Done::Done)
    }

    fn undo(&self, scene: &mut Scene<'_>) -> Result<(), Trouble> {
        engines::stop(scene, self.limit)?;
        for unit in engines::to_enable(scene) {
            if let Err(problem) = scene.context.services.disable(&unit) {
                log::warn!("{problem}");
            }
        }
        Ok(())
    }
}
