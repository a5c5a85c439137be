//! A rehearsal is begun on the host, and listened to until it is over.

use std::time::Duration;

use super::verdict::{self, Problem, Progress, Rehearsal};
use super::{Here, Scratch, Source, material};
use crate::host::{HostError, copy};

pub use super::scratch::sweep;

/// How often the copy is listened to.
const TURN: Duration = Duration::from_millis(200);

/// Rehearses the upgrade that is offered, and tells how it goes on. Nothing of it is left.
///
/// # Errors
/// When nobody can say what came of it.
pub fn rehearse(here: Here<'_>, source: Source, mut tell: impl FnMut(&Progress)) -> Result<Rehearsal, HostError> {
    let mut rehearsal = Rehearsal::new(here.product.id.clone());
    let scratch = match Scratch::begin(here.product)? {
        Some(scratch) => scratch,
        None => return Ok(rehearsal.cannot(Problem::AnotherAtWork)),
    };
    match material::gather(here, &scratch, source, &mut rehearsal, &mut tell) {
        Ok(()) => {}
        Err(problem) => return Ok(rehearsal.cannot(problem)),
    }
    let begun = copy::begin(&scratch.unit(), scratch.folder(), &here.product.id);
    if let Err(problem) = begun {
        return Ok(rehearsal.cannot(Problem::NoCopy { cause: problem.to_string() }));
    }
    let ended = listen(&scratch, &mut tell)?;
    Ok(match ended {
        Some(ended) => rehearsal.ended(ended),
        None => rehearsal.cannot(Problem::CutOff { output: scratch.last_lines() }),
    })
}

/// Until the copy has told its end, or is gone without.
fn listen(scratch: &Scratch, tell: &mut impl FnMut(&Progress)) -> Result<Option<verdict::Ended>, HostError> {
    let mut heard = 0;
    loop {
        // First: what is written after this is heard at the next turn.
        let is_at_work = copy::is_at_work(&scratch.unit())?;
        let said = scratch.said();
        for progress in said.iter().skip(heard) {
            match progress {
                Progress::Ended(ended) => return Ok(Some((**ended).clone())),
                other => tell(other),
            }
        }
        heard = said.len();
        if !is_at_work {
            return Ok(None);
        }
        std::thread::sleep(TURN);
    }
}
