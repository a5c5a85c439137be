//! Whether the programs that the site keeps for an upgrade are there: a step that cannot begin should not be met
//! with the engines stopped.
//!
//! What packages bring may come with the upgrade itself; that it is missing is seen only when its step begins.

use std::io;

use super::{Case, CouldNotLook, Gate, Verdict};
use crate::engine::event::Reason;

/// The gate.
pub struct Programs;

impl Gate for Programs {
    fn judge(&self, case: &Case<'_>) -> Result<Verdict, CouldNotLook> {
        let kept = &case.plan.body.site_programs;
        let mut missing = Vec::new();
        for run in case.plan.steps(Some(case.from)).into_iter().filter_map(|step| step.program()) {
            let named = run.command.first().into_iter().chain(run.done_probe.iter().flatten().take(1));
            for program in named.filter(|program| kept.contains(*program)) {
                if !is_there(case, program)? {
                    missing.push(Reason::ProgramMissing { step: run.name.clone(), program: program.clone() });
                }
            }
        }
        Ok(Verdict::refuse(missing))
    }
}

fn is_there(case: &Case<'_>, program: &str) -> Result<bool, CouldNotLook> {
    match std::fs::metadata(case.places.at(program)) {
        Ok(found) => Ok(found.is_file()),
        Err(cause) if matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
        Err(cause) => Err(CouldNotLook { what: program.to_owned(), cause: cause.to_string() }),
    }
}
