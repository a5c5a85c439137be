//! Whether everything holds that the plan wants to hold before the upgrade.
//!
//! Its programs are vendors' and may take their time: they run all at once, and only for a look or for a
//! transaction. Whoever wants to know in between is told what the last look found. Once an upgrade has
//! begun they are not asked any more: its engines are stopped, and a program of theirs would say so.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use consign_metadata::name::Label;
use consign_metadata::plan::Limits;
use consign_metadata::prerequisite::{Check, Prerequisite};

use super::{Case, CouldNotLook, Gate, Verdict};
use crate::engine::event::{Failure, Reason};
use crate::engine::machine::{HaltCause, State};
use crate::host::kernel::files;
use crate::host::program::{Ended, Program, Programs};
use crate::looked::Looked;
use crate::site;
use crate::step::words::Words;

/// The shortest time that is worth asking in.
const SHORTEST: Duration = Duration::from_secs(1);
/// Longer than any plan gives a check: for whoever does not hurry.
pub const UNHURRIED: Duration = Duration::from_secs(60);

/// Who asks, and how long that may take.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// Runs the programs.
    pub programs: &'a dyn Programs,
    /// How long each may take at most, whatever the plan says.
    pub patience: Duration,
}

/// The gate.
pub struct Prerequisites;

impl Gate for Prerequisites {
    fn judge(&self, case: &Case<'_>) -> Result<Verdict, CouldNotLook> {
        let all: Vec<&Prerequisite> = case.plan.prerequisites(Some(case.from)).collect();
        if all.is_empty() || has_begun(case) {
            return Ok(Verdict::Pass);
        }
        let Some(asking) = case.asking else { return as_looked(case) };
        let could_not =
            |cause: String| CouldNotLook { what: format!("the prerequisites of {}", case.product.id), cause };
        let options = site::options(case.places, case.plan).map_err(|error| could_not(error.to_string()))?;
        let words = Words { options: &options, from: Some(case.from), to: &case.plan.envelope.version };
        let folder = case.product.folder().join("prerequisites");
        std::fs::create_dir_all(&folder).map_err(|error| could_not(error.to_string()))?;
        let desk = Desk { case, asking, words, folder: &folder };
        Ok(Verdict::refuse(desk.ask(&all)))
    }
}

fn has_begun(case: &Case<'_>) -> bool {
    case.newest.is_some_and(|upgrade| {
        let past_its_gates = matches!(upgrade.state, State::Halted { cause: HaltCause::Unsatisfied { .. }, .. });
        upgrade.header.plan == case.plan.digest && upgrade.is_under_way() && !past_its_gates
    })
}

/// What the last look found.
fn as_looked(case: &Case<'_>) -> Result<Verdict, CouldNotLook> {
    let looked = Looked::read(case.product).map(|looked| looked.offers).unwrap_or_default();
    let to = Some(&case.plan.envelope.version);
    let offer = looked.into_iter().find(|offer| offer.offered.as_ref() == to).ok_or_else(|| CouldNotLook {
        what: format!("the prerequisites of {}", case.product.id),
        cause: "no look has asked for them yet".to_owned(),
    })?;
    let is_ours =
        |reason: &Reason| matches!(reason, Reason::PrerequisiteFailed { .. } | Reason::PrerequisiteUnknown { .. });
    Ok(Verdict::refuse(offer.held.into_iter().filter(is_ours).collect()))
}

struct Desk<'a> {
    case: &'a Case<'a>,
    asking: Asking<'a>,
    words: Words<'a>,
    folder: &'a Path,
}

impl Desk<'_> {
    fn ask(&self, all: &[&Prerequisite]) -> Vec<Reason> {
        std::thread::scope(|scope| {
            let asked: Vec<_> = all.iter().map(|one| scope.spawn(move || self.reason(one))).collect();
            asked
                .into_iter()
                .zip(all)
                .filter_map(|(answer, one)| answer.join().unwrap_or_else(|_| Some(lost(one))))
                .collect()
        })
    }

    fn reason(&self, one: &Prerequisite) -> Option<Reason> {
        match self.holds(one) {
            Ok(true) => None,
            Ok(false) => Some(Reason::PrerequisiteFailed { id: one.id.clone(), otherwise: one.otherwise.clone() }),
            Err(failure) => Some(Reason::PrerequisiteUnknown { id: one.id.clone(), failure }),
        }
    }

    fn holds(&self, one: &Prerequisite) -> Result<bool, Failure> {
        match &one.check {
            Check::FreeSpace { folder, mebibytes } => self.has_room(folder, *mebibytes),
            Check::Command { command, user, timeout_seconds } => {
                let program = self.program(&one.id, command, user, *timeout_seconds)?;
                // What it wrote is for people, and only its last word counts.
                let _ = std::fs::remove_file(&program.log);
                let ended = self.asking.programs.run(&program);
                answer(&program, ended.map_err(|error| Failure::Host { reason: error.to_string() })?)
            }
        }
    }

    fn program(&self, id: &Label, command: &[String], user: &str, seconds: u32) -> Result<Program, Failure> {
        let name = || command.first().cloned().unwrap_or_default();
        let product = &self.case.product.id;
        Ok(Program {
            // Neither vendor, product nor label has a dot: no two share a name.
            unit: format!("consignee-check-{}.{}.{id}", product.vendor, product.product),
            command: self
                .words
                .fill(command)
                .map_err(|error| Failure::CannotStart { program: name(), reason: error.to_string() })?,
            user: user.to_owned(),
            login_shell: false,
            environment: BTreeMap::new(),
            working_folder: None,
            limits: Limits::default(),
            limit: Duration::from_secs(u64::from(seconds)).min(self.asking.patience).max(SHORTEST),
            log: self.folder.join(format!("{id}.log")),
        })
    }

    fn has_room(&self, folder: &str, mebibytes: u64) -> Result<bool, Failure> {
        let path = self.case.places.at(folder);
        let there = path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
        let free = files::free(there)
            .map_err(|error| Failure::Host { reason: format!("cannot look at {}: {error}", there.display()) })?;
        Ok(free / (1024 * 1024) >= mebibytes)
    }
}

/// Only an exit says anything. Its output may change from look to look and stays in the log.
fn answer(program: &Program, ended: Ended) -> Result<bool, Failure> {
    let output = Vec::new();
    match ended {
        Ended::Exit(status) => Ok(status == 0),
        Ended::Signal(signal) => Err(Failure::Signal { signal, output }),
        Ended::Timeout => {
            let seconds = u32::try_from(program.limit.as_secs()).unwrap_or(u32::MAX);
            Err(Failure::Timeout { seconds, output })
        }
        Ended::OutOfMemory | Ended::Stopped { .. } => Err(Failure::OutOfMemory { output }),
        Ended::Missing => {
            let program = program.command.first().cloned().unwrap_or_default();
            Err(Failure::CannotStart { program, reason: "there is no such program".to_owned() })
        }
        Ended::CannotStart(reason) => {
            let program = program.command.first().cloned().unwrap_or_default();
            Err(Failure::CannotStart { program, reason })
        }
    }
}

// A thread that panicked has looked at nothing.
fn lost(one: &Prerequisite) -> Reason {
    Reason::PrerequisiteUnknown { id: one.id.clone(), failure: Failure::Interrupted }
}

#[cfg(test)]
mod tests;
