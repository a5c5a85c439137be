//! Health: every check holds within a time, and then without a break for a while.
//!
//! That each engine which was started stays active is always among the checks.

use std::time::Duration;

use consign_metadata::name::UnitName;
use consign_metadata::plan::HealthCheck;

use super::{Done, Scene, Step, Trouble, engines, reply, run};
use crate::engine::event::Failure;
use crate::host::program::Program;

const BETWEEN: Duration = Duration::from_secs(1);
const SHORTEST: Duration = Duration::from_secs(5);
const OLD_WITHIN: Duration = Duration::from_secs(30);

/// The step.
pub struct Health<'a> {
    /// What the plan wants to hold.
    pub checks: &'a [HealthCheck],
    /// How long they may take to hold for the first time.
    pub within: Duration,
    /// How long they must then hold.
    pub stable: Duration,
}

impl Step for Health<'_> {
    fn run(&self, scene: &mut Scene<'_>) -> Result<Done, Trouble> {
        let units = engines::to_start(scene);
        engines::start_again(scene, &units, self.within.max(SHORTEST))?;
        let look = |scene: &Scene<'_>| active(scene, &units).and_then(|()| self.hold(scene));
        watch(scene, self.within, self.stable, look)?;
        Ok(Done::Done)
    }

    /// It only looked.
    fn undo(&self, _scene: &mut Scene<'_>) -> Result<(), Trouble> {
        Ok(())
    }
}

impl Health<'_> {
    fn hold(&self, scene: &Scene<'_>) -> Result<(), Trouble> {
        let unit = run::unit(scene.header(), scene.item);
        self.checks.iter().try_for_each(|check| look(scene, check, &unit, self.within))
    }
}

/// Looks once whether a check holds. A program that is asked runs in this unit.
pub(super) fn look(scene: &Scene<'_>, check: &HealthCheck, unit: &str, within: Duration) -> Result<(), Trouble> {
    match check {
        HealthCheck::Http { url } => unhealthy(url, reply::to_get(url)),
        HealthCheck::Tcp { address } => unhealthy(address, reply::to_connect(address).map(drop)),
        HealthCheck::Command { command, user } => {
            let program = Program {
                unit: unit.to_owned(),
                command: run::filled(scene, command)?,
                user: user.to_owned(),
                login_shell: false,
                environment: Default::default(),
                working_folder: None,
                limit: within.max(SHORTEST),
                limits: Default::default(),
                log: scene.log.clone(),
            };
            ask(scene, &program, command)
        }
    }
}

fn ask(scene: &Scene<'_>, program: &Program, command: &[String]) -> Result<(), Trouble> {
    let ended = scene.context.programs.run(program)?;
    let found = match run::failure(program, ended) {
        None => return Ok(()),
        Some(Failure::Exit { status, .. }) => format!("exit status {status}"),
        Some(Failure::Signal { signal, .. }) => format!("signal {signal}"),
        Some(Failure::Timeout { seconds, .. }) => format!("no end after {seconds} s"),
        Some(other) => return Err(other.into()),
    };
    unhealthy(&command.join(" "), Err(found))
}

/// The old version's health after everything was taken back: what ran before runs again.
pub(crate) fn of_old_version(scene: &Scene<'_>) -> Result<(), Trouble> {
    let units = engines::that_ran(scene);
    engines::start_again(scene, &units, OLD_WITHIN)?;
    watch(scene, OLD_WITHIN, Duration::from_secs(3), |scene| active(scene, &units))
}

fn watch(
    scene: &Scene<'_>,
    within: Duration,
    stable: Duration,
    look: impl Fn(&Scene<'_>) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let clock = scene.context.clock;
    let deadline = clock.running() + within;
    while let Err(trouble) = look(scene) {
        if clock.running() >= deadline {
            return Err(trouble);
        }
        clock.sleep(BETWEEN);
    }
    let end = clock.running() + stable;
    while clock.running() < end {
        clock.sleep(BETWEEN.min(end.saturating_sub(clock.running())));
        look(scene)?;
    }
    Ok(())
}

fn active(scene: &Scene<'_>, units: &[UnitName]) -> Result<(), Trouble> {
    let services = scene.context.services;
    for unit in units {
        if !services.is_active(unit)? {
            return Err(Failure::NotActive { unit: unit.clone(), state: services.describe(unit) }.into());
        }
    }
    Ok(())
}

fn unhealthy(check: &str, found: Result<(), String>) -> Result<(), Trouble> {
    found.map_err(|found| Failure::Unhealthy { check: check.to_owned(), found }.into())
}
