//! Maintenance: the product is started and serves nobody, until it is let.

use std::path::Path;

use consign_metadata::plan::{Maintenance, UpgradePlan};

use super::{Done, Scene, Step, Trouble, run};
use crate::durable;
use crate::engine::event::{Event, Failure, Header};
use crate::host::program::Program;
use crate::replaced::Replaced;

const FLAG: &[u8] = b"Made by consignee: an upgrade is being checked.\n";
/// The names of steps in a list.
const STOP: &str = "stop";
const ENTER: &str = "enter-maintenance";
const LEAVE: &str = "leave-maintenance";

/// The step before the start.
pub struct Enter;

/// The step after the checks. Whoever goes back from here loses what was written since.
pub struct Leave;

impl Step for Enter {
    fn run(&self, scene: &mut Scene<'_>) -> Result<Done, Trouble> {
        enter(scene).map(|()| Done::Done)
    }

    fn undo(&self, scene: &mut Scene<'_>) -> Result<(), Trouble> {
        leave_own(scene)
    }
}

impl Step for Leave {
    fn run(&self, scene: &mut Scene<'_>) -> Result<Done, Trouble> {
        leave_own(scene).map(|()| Done::Done)
    }

    fn undo(&self, scene: &mut Scene<'_>) -> Result<(), Trouble> {
        enter(scene)
    }
}

/// Ends the mode that an upgrade has left the product in whose place this one takes: with the engines stopped, as
/// when that one had been taken back, and before its own programs are replaced.
///
/// # Errors
/// [`Trouble`]
pub(super) fn end_earlier(scene: &Scene<'_>) -> Result<(), Trouble> {
    for earlier in scene.context.replaced {
        if is_in_it(scene, earlier)? {
            scene.note(&format!("the maintenance mode of upgrade {} ends", earlier.upgrade.header.upgrade));
            leave_by(scene, earlier)?;
        }
        // When it stopped the engines it did this for all before it.
        if earlier.begun(STOP).is_some() {
            break;
        }
    }
    Ok(())
}

fn is_in_it(scene: &Scene<'_>, earlier: &Replaced) -> Result<bool, Trouble> {
    if earlier.begun(ENTER).is_none() {
        return Ok(false);
    }
    let left = earlier.begun(LEAVE);
    let records = scene.context.product.replay(earlier.upgrade.header.upgrade)?.records;
    let has_left = |event: &Event| matches!(event, Event::StepSucceeded { item } if Some(*item) == left);
    Ok(!records.iter().any(|record| has_left(&record.event)))
}

fn leave_by(scene: &Scene<'_>, earlier: &Replaced) -> Result<(), Trouble> {
    // The one of this release is most often the same.
    let plan = earlier.plan.as_ref().unwrap_or(scene.context.plan);
    match &plan.body.maintenance {
        Some(mode) => leave(scene, mode, plan, &earlier.upgrade.header),
        None => {
            log::warn!("{}: no plan tells how its maintenance mode ends", scene.context.product.id);
            Ok(())
        }
    }
}

fn enter(scene: &Scene<'_>) -> Result<(), Trouble> {
    let mode = mode(scene)?;
    if let Some(flag) = &mode.flag {
        // On the disk before the first start: a power cut must not end the mode.
        durable::replace(&scene.context.places.at(flag), FLAG).map_err(|cause| cannot("write", flag, &cause))?;
    }
    mode.enter.as_ref().map_or(Ok(()), |command| run(scene, mode, run::filled(scene, command)?))
}

fn leave_own(scene: &Scene<'_>) -> Result<(), Trouble> {
    leave(scene, mode(scene)?, scene.context.plan, scene.header())
}

fn leave(scene: &Scene<'_>, mode: &Maintenance, plan: &UpgradePlan, header: &Header) -> Result<(), Trouble> {
    if let Some(flag) = &mode.flag {
        durable::remove(&scene.context.places.at(flag)).map_err(|cause| cannot("remove", flag, &cause))?;
    }
    let command = mode.leave.as_ref();
    command.map_or(Ok(()), |command| run(scene, mode, run::filled_for(scene, plan, header, command)?))
}

fn mode<'a>(scene: &Scene<'a>) -> Result<&'a Maintenance, Trouble> {
    let none = || Failure::Host { reason: "the plan has no maintenance mode".to_owned() };
    Ok(scene.context.plan.body.maintenance.as_ref().ok_or_else(none)?)
}

fn run(scene: &Scene<'_>, mode: &Maintenance, command: Vec<String>) -> Result<(), Trouble> {
    let program = Program {
        unit: run::unit(scene.header(), scene.item),
        command,
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
