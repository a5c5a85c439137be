//! Health: every check holds within a time, and then without a break for a while.
//!
//! That each engine which was started stays active is always among the checks.

use std::time::Duration;

use consign_metadata::name::UnitName;
use consign_metadata::plan::{self, HealthCheck, UpgradePlan};

use super::{Done, Scene, Step, Trouble, engines, reply, run};
use crate::engine::event::{Failure, Header};
use crate::host::program::Program;

const BETWEEN: Duration = Duration::from_secs(1);
const SHORTEST: Duration = Duration::from_secs(5);
const OLD_WITHIN: Duration = Duration::from_secs(30);
const OLD_STABLE: Duration = Duration::from_secs(3);

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
    look_by(scene, (scene.context.plan, scene.header()), check, unit, within)
}

/// The same of a check in another plan, in an upgrade with this header.
fn look_by(
    scene: &Scene<'_>,
    (plan, header): (&UpgradePlan, &Header),
    check: &HealthCheck,
    unit: &str,
    within: Duration,
) -> Result<(), Trouble> {
    match check {
        HealthCheck::Http { url } => unhealthy(url, reply::to_get(url)),
        HealthCheck::Tcp { address } => unhealthy(address, reply::to_connect(address).map(drop)),
        HealthCheck::Command { command, user } => {
            let program = Program {
                unit: unit.to_owned(),
                command: run::filled_for(scene, plan, header, command)?,
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

/// The old version's health after everything was taken back: what ran before runs again and, where that is all of
/// the product, its own checks hold.
pub(crate) fn of_old_version(scene: &Scene<'_>) -> Result<(), Trouble> {
    let units = engines::that_ran(scene);
    engines::start_again(scene, &units, OLD_WITHIN)?;
    let Some((plan, checks, within, stable)) = checks_of_old_version(scene, &units) else {
        return watch(scene, OLD_WITHIN, OLD_STABLE, |scene| active(scene, &units));
    };
    let header = Header { from: None, to: plan.envelope.version.clone(), ..scene.header().clone() };
    let unit = run::unit(&header, scene.item);
    let hold = |check| look_by(scene, (plan, &header), check, &unit, within);
    watch(scene, within, stable, |scene| active(scene, &units).and_then(|()| checks.iter().try_for_each(hold)))
}

type OldChecks<'a> = (&'a UpgradePlan, &'a [HealthCheck], Duration, Duration);

/// What the plan of the version before wants to hold, where it is at hand and nobody had stopped a part of the
/// product before.
fn checks_of_old_version<'a>(scene: &Scene<'a>, units: &[UnitName]) -> Option<OldChecks<'a>> {
    let plan = scene.context.previous.filter(|plan| Some(&plan.envelope.version) == scene.header().from.as_ref())?;
    if plan.body.engines.iter().any(|engine| !units.contains(engine)) {
        return None;
    }
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    plan.body.steps.iter().find_map(|step| match step {
        plan::Step::Health { checks, within_seconds, stable_seconds } => Some((
            plan,
            &checks[..],
            seconds(*within_seconds).max(OLD_WITHIN),
            seconds(*stable_seconds).max(OLD_STABLE),
        )),
        _ => None,
    })
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
