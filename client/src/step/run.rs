//! Run: a program of the vendor's, as the plan's user, in a unit of its own.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use consign_metadata::plan::{RunStep, Undo, UpgradePlan};

use super::words::Words;
use super::{Done, Probe, Scene, Step, Trouble};
use crate::engine::event::{Failure, Header};
use crate::host::program::{Ended, Program};
use crate::site;

/// How much of a program's output goes into the journal with its failure.
const LINES: usize = 12;
const BYTES: u64 = 4096;

/// The step.
pub struct Run<'a> {
    /// As the plan describes it.
    pub step: &'a RunStep,
}

impl Step for Run<'_> {
    fn probe(&self, scene: &mut Scene<'_>) -> Probe {
        let Some(command) = &self.step.done_probe else { return Probe::None };
        let looked = self.program(scene, command).and_then(|program| Ok(scene.context.programs.run(&program)?));
        match looked {
            Ok(Ended::Exit(0)) => Probe::Done,
            Ok(Ended::Exit(1)) => Probe::NotDone,
            _ => Probe::CouldNotLook,
        }
    }

    fn run(&self, scene: &mut Scene<'_>) -> Result<Done, Trouble> {
        let program = self.program(scene, &self.step.command)?;
        let ended = scene.context.programs.run(&program)?;
        outcome(self.step, &program, ended)
    }

    fn undo(&self, scene: &mut Scene<'_>) -> Result<(), Trouble> {
        match &self.step.undo {
            // The restore is the undo of the backup, and comes after all these.
            Undo::Harmless | Undo::FromBackup => Ok(()),
            Undo::Inverse(command) => {
                let program = self.program(scene, command)?;
                let ended = scene.context.programs.run(&program)?;
                failure(&program, ended).map_or(Ok(()), |failure| Err(failure.into()))
            }
            Undo::Impossible => {
                Err(Failure::Host { reason: format!("step {} cannot be taken back", self.step.name) }.into())
            }
        }
    }
}

/// A command of a step's, ready to run as the step does.
pub(super) fn program(scene: &Scene<'_>, step: &RunStep, command: Vec<String>) -> Program {
    Program {
        unit: unit(scene.header(), scene.item),
        command,
        user: step.user.clone(),
        login_shell: step.login_shell,
        environment: step.environment.clone(),
        working_folder: step.working_folder.as_ref().map(Into::into),
        limit: Duration::from_secs(u64::from(step.timeout_seconds)),
        limits: step.limits.clone().unwrap_or_default(),
        log: scene.log.clone(),
    }
}

impl Run<'_> {
    fn program(&self, scene: &Scene<'_>, command: &[String]) -> Result<Program, Trouble> {
        Ok(program(scene, self.step, filled(scene, command)?))
    }
}

/// A command with the site's choices in it, as they are now.
///
/// # Errors
/// [`Failure::Site`] when the site's file cannot be used.
pub(super) fn filled(scene: &Scene<'_>, command: &[String]) -> Result<Vec<String>, Trouble> {
    filled_for(scene, scene.context.plan, scene.header(), command)
}

/// The same of a command of the plan of another upgrade.
///
/// # Errors
/// [`Failure::Site`] when the site's file cannot be used with that plan.
pub(super) fn filled_for(
    scene: &Scene<'_>,
    plan: &UpgradePlan,
    header: &Header,
    command: &[String],
) -> Result<Vec<String>, Trouble> {
    let options =
        site::options(scene.context.places, plan).map_err(|error| Failure::Site { problem: error.to_string() })?;
    let words = Words { options: &options, from: header.from.as_ref(), to: &header.to };
    let program = || command.first().cloned().unwrap_or_default();
    words.fill(command).map_err(|error| Failure::CannotStart { program: program(), reason: error.to_string() }.into())
}

/// What the unit of a step is called. Neither vendor nor product has a dot: no two steps share a name.
pub fn unit(header: &Header, item: i64) -> String {
    let id = &header.product;
    format!("consignee-step-{}.{}.{}.{item}", id.vendor, id.product, header.upgrade)
}

/// What a step came to whose program ended so.
pub(super) fn outcome(step: &RunStep, program: &Program, ended: Ended) -> Result<Done, Trouble> {
    let later = step.retry_later_exit.map(i32::from);
    match failure(program, ended) {
        None => Ok(Done::Done),
        Some(Failure::Exit { status, .. }) if Some(status) == later => Ok(Done::Later),
        Some(failure) => Err(failure.into()),
    }
}

/// What went wrong, if anything.
pub(crate) fn failure(program: &Program, ended: Ended) -> Option<Failure> {
    let output = || last_lines(&program.log);
    let seconds = u32::try_from(program.limit.as_secs()).unwrap_or(u32::MAX);
    let name = || program.command.first().cloned().unwrap_or_default();
    match ended {
        Ended::Exit(0) | Ended::Stopped { killed: false } => None,
        Ended::Exit(status) => Some(Failure::Exit { status, output: output() }),
        Ended::Signal(signal) => Some(Failure::Signal { signal, output: output() }),
        Ended::Timeout => Some(Failure::Timeout { seconds, output: output() }),
        Ended::OutOfMemory => Some(Failure::OutOfMemory { output: output() }),
        Ended::Stopped { killed: true } => Some(Failure::DidNotStop { seconds, output: output() }),
        Ended::Missing => Some(Failure::ProgramMissing { program: name() }),
        Ended::CannotStart(reason) => Some(Failure::CannotStart { program: name(), reason }),
    }
}

pub(super) fn last_lines(log: &Path) -> Vec<String> {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = std::fs::File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(BYTES)))?;
        let mut end = Vec::new();
        file.take(BYTES).read_to_end(&mut end)?;
        Ok(end)
    };
    let end = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&end);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].iter().map(|line| (*line).to_owned()).collect()
}
