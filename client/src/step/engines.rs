//! The engines of a product: what they did before, and stopping and starting them in order.

use std::collections::BTreeMap;
use std::time::Duration;

use consign_metadata::name::UnitName;

use super::{Scene, Trouble};
use crate::data::Record;
use crate::engine::event::{EngineState, Event, Failure};
use crate::host::ServiceManager;

/// Makes durable what the engines are doing, unless that was done before: once they are stopped it
/// cannot be seen any more.
///
/// # Errors
/// [`Trouble`]
pub fn observe(scene: &mut Scene<'_>) -> Result<(), Trouble> {
    if !scene.upgrade().engines.is_empty() {
        return Ok(());
    }
    let inherited = inherited(scene)?;
    let stopped = stopped_for_data(scene);
    let mut engines = BTreeMap::new();
    for unit in known_before(scene) {
        let state = match inherited.get(&unit) {
            Some(state) => Some(*state),
            None => scene.context.services.observe(&unit)?,
        };
        let ran = |state: EngineState| EngineState { active: state.active || stopped.contains(&unit), ..state };
        engines.extend(state.map(|state| (unit.clone(), ran(state))));
    }
    if !engines.is_empty() {
        scene.record(Event::EnginesObserved { engines })?;
    }
    Ok(())
}

/// Those that the agent itself stopped, because the data were at another version.
fn stopped_for_data(scene: &Scene<'_>) -> Vec<UnitName> {
    let record = Record::read(scene.context.product).ok().flatten();
    record.and_then(|record| record.differs).map(|differs| differs.engines).unwrap_or_default()
}

/// The upgrade whose place this one takes has stopped them: what it saw counts.
fn inherited(scene: &Scene<'_>) -> Result<BTreeMap<UnitName, EngineState>, Trouble> {
    match scene.header().supersedes {
        Some(number) => Ok(scene.context.product.replay(number)?.upgrade.map(|u| u.engines).unwrap_or_default()),
        None => Ok(BTreeMap::new()),
    }
}

/// Engines of the version before. Where its plan is not at hand, those of the new one: whether they
/// were there before is then up to what the host has. The retired ones come last.
fn known_before(scene: &Scene<'_>) -> Vec<UnitName> {
    let (new, renamed) = (&scene.context.plan.body.engines, &scene.context.plan.body.renamed_engines);
    let Some(previous) = scene.context.previous else { return new.iter().chain(renamed.values()).cloned().collect() };
    let old = &previous.body.engines;
    let kept = new.iter().filter(|unit| old.contains(unit));
    kept.chain(old.iter().filter(|unit| !new.contains(unit))).cloned().collect()
}

/// Every engine that was observed or is in the plan, in the order of starting.
fn all(scene: &Scene<'_>) -> Vec<UnitName> {
    let declared = &scene.context.plan.body.engines;
    let retired = scene.upgrade().engines.keys().filter(|unit| !declared.contains(unit));
    declared.iter().chain(retired).cloned().collect()
}

/// Stops every engine, last started first, and lets none start until the flag is gone.
///
/// # Errors
/// [`Trouble`]; the first that still runs.
pub fn stop(scene: &Scene<'_>, limit: Duration) -> Result<(), Trouble> {
    scene.context.product.set_unfinished()?;
    let services = scene.context.services;
    let mut units = all(scene);
    services.guard(&units, &scene.context.product.flag())?;
    units.reverse();
    services.stop(&units, limit).map_err(|error| {
        log::warn!("{error}");
        let running = units.iter().find(|unit| services.is_active(unit).unwrap_or(false));
        match running {
            Some(unit) => Failure::StillRunning { unit: unit.clone() }.into(),
            None => Trouble::from(error),
        }
    })
}

/// Takes the flag away, and whatever else keeps the engines from starting until then.
///
/// # Errors
/// [`Trouble`]
pub fn release(scene: &Scene<'_>) -> Result<(), Trouble> {
    scene.context.product.clear_unfinished()?;
    Ok(scene.context.services.release(&all(scene))?)
}

/// Lets the engines start again as they were, guarded or not.
///
/// # Errors
/// [`Trouble`]
pub fn let_start(scene: &Scene<'_>) -> Result<(), Trouble> {
    release(scene)?;
    if scene.context.services.unguard(&all(scene))? {
        scene.context.services.reload()?;
    }
    Ok(())
}

/// Hands over from the guards to the unit files of the packages that are there now, and has them read.
///
/// # Errors
/// [`Trouble`]
pub fn reload(scene: &Scene<'_>) -> Result<(), Trouble> {
    scene.context.services.unguard(&all(scene))?;
    Ok(scene.context.services.reload()?)
}

/// Those that the finished product should have running, in the declared order: when it arrives all,
/// else what was active or started at boot before, and what is new. What was stopped on purpose stays
/// stopped.
pub fn to_start(scene: &Scene<'_>) -> Vec<UnitName> {
    let arrives = scene.header().arrives();
    let wanted = |unit: &&UnitName| before(scene, unit).is_none_or(|before| before.active || before.enabled);
    let declared = scene.context.plan.body.engines.iter();
    declared.filter(|unit| arrives || wanted(unit)).cloned().collect()
}

/// What an engine did before, under the name it had then.
fn before<'s>(scene: &'s Scene<'_>, unit: &UnitName) -> Option<&'s EngineState> {
    let seen = &scene.upgrade().engines;
    seen.get(unit).or_else(|| seen.get(scene.context.plan.body.renamed_engines.get(unit)?))
}

/// Those to be started at boot from now on: what was not on this host before, as far as anybody saw, and
/// what was enabled under the name it had then.
pub fn to_enable(scene: &Scene<'_>) -> Vec<UnitName> {
    let arrives = scene.header().arrives();
    let seen = &scene.upgrade().engines;
    let is_wanted = |unit: &&UnitName| match before(scene, unit) {
        _ if arrives => true,
        Some(before) => before.enabled && !seen.contains_key(*unit),
        None => true,
    };
    scene.context.plan.body.engines.iter().filter(is_wanted).cloned().collect()
}

/// Those that were started at boot before and are no engines any more.
pub fn retired(scene: &Scene<'_>) -> Vec<UnitName> {
    let declared = &scene.context.plan.body.engines;
    let seen = scene.upgrade().engines.iter();
    seen.filter(|(unit, before)| before.enabled && !declared.contains(unit)).map(|(unit, _)| unit.clone()).collect()
}

/// Those that ran before, in the order of starting.
pub fn that_ran(scene: &Scene<'_>) -> Vec<UnitName> {
    let ran = |unit: &UnitName| scene.upgrade().engines.get(unit).is_some_and(|before| before.active);
    all(scene).into_iter().filter(ran).collect()
}

/// Starts those that should run and do not, where something came between their start and this look at them: a power cut,
/// after which only what starts at boot is there again, or a failure that a person has mended.
///
/// # Errors
/// [`Trouble`]; the first that does not become active.
pub fn start_again(scene: &Scene<'_>, units: &[UnitName], limit: Duration) -> Result<(), Trouble> {
    let services = scene.context.services;
    let rests = |unit: &&UnitName| scene.attempt > 1 && !services.is_active(unit).unwrap_or(true);
    let resting: Vec<UnitName> = units.iter().filter(rests).cloned().collect();
    start(services, &resting, limit)
}

/// Starts units one after the other, each only when the one before is active.
///
/// # Errors
/// [`Trouble`]; the first that does not become active.
pub fn start(services: &dyn ServiceManager, units: &[UnitName], limit: Duration) -> Result<(), Trouble> {
    for unit in units {
        if let Err(error) = services.start(unit, limit) {
            log::info!("{error}");
            return Err(Failure::NotActive { unit: unit.clone(), state: services.describe(unit) }.into());
        }
    }
    Ok(())
}
