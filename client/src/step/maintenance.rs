//! Maintenance: the product is started and serves nobody, until it is let.

use std::path::Path;

use consign_metadata::plan::Maintenance;

use super::{Done, Scene, Step, Trouble, run};
use crate::durable;
use crate::engine::event::Failure;
use crate::host::program::Program;

const FLAG: &[u8] = b"Made by consignee: an upgrade is being checked.\n";

/// The step before the start.
pub struct Enter;

/// The step after the checks. Whoever goes back from here loses what was written since.
pub struct Leave;

impl Step for Enter {
    fn run(&self, scene: &mut Scene<'_>) -> Result<Done, Trouble> {
        enter(scene).map(|()| Done::Done)
    }

    fn undo(&self, scene: &mut Scene<'_>) -> Result<(), Trouble> {
        leave(scene)
    }
}

impl Step for Leave {
    fn run(&self, scene: &mut Scene<'_>) -> Result<Done, Trouble> {
        leave(scene).map(|()| Done::Done)
    }

    fn undo(&self, scene: &mut Scene<'_>) -> Result<(), Trouble> {
        enter(scene)
    }
}

fn enter(scene: &Scene<'_>) -> Result<(), Trouble> {
    let mode = mode(scene)?;
    if let Some(flag) = &mode.flag {
        // On the disk before the first start: a power cut must not end the mode.
        durable::replace(&scene.context.places.at(flag), FLAG).map_err(|cause| cannot("write", flag, &cause))?;
    }
    mode.enter.as_ref().map_or(Ok(()), |command| run(scene, mode, command))
}

fn leave(scene: &Scene<'_>) -> Result<(), Trouble> {
    let mode = mode(scene)?;
    if let Some(flag) = &mode.flag {
        durable::remove(&scene.context.places.at(flag)).map_err(|cause| cannot("remove", flag, &cause))?;
    }
    mode.leave.as_ref().map_or(Ok(()), |command| run(scene, mode, command))
}

fn mode<'a>(scene: &Scene<'a>) -> Result<&'a Maintenance, Trouble> {
    let none = || Failure::Host { reason: "the plan has no maintenance mode".to_owned() };
    Ok(scene.context.plan.body.maintenance.as_ref().ok_or_else(none)?)
}

fn run(scene: &Scene<'_>, mode: &Maintenance, command: &[String]) -> Result<(), Trouble> {
    let program = Program {
        unit: run::unit(scene.header(), scene.item),
        command: run::filled(scene, command)?,
        user: mode.user.clone(),
        login_shell: false,
        environment: Default::default(),
        working_folder: None,
        limit: std::time::Duration::from_secs(u64::from(mode.timeout_seconds)),
        limits: Default::default(),
        log: scene.log.clone(),
    };
    let ended = scene.context.programs.run(&program)?;
    run::failure(&program, ended).map_or(Ok(()), |failure| Err(failure.into()))
}

fn cannot(act: &str, flag: &str, cause: &std::io::Error) -> Trouble {
    let flag = Path::new(flag).display();
    Failure::Host { reason: format!("cannot {act} {flag}: {cause}") }.into()
}
