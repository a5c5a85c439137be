//! A rehearsal: the upgrade on offer is carried out on a copy of this host, away from everything that lives here,
//! and what it took and how it ended is told.
//!
//! The copy is every file system of the host laid over ([`crate::host::copy`]), in which the data of the product is
//! a copy, too: its files copied, its databases dumped and restored into servers of the copy's own. There the
//! packages of the release are installed by the host's package manager and the steps of its plan are run by the
//! engine that runs them on the host, with a journal that goes with the copy.
//!
//! - [`material`]: what is fetched, verified and saved for it on the host, which is only read
//! - [`order`]: what the copy is told
//! - [`scratch`]: the folder that holds it all, gone when the rehearsal is over
//! - [`stage`]: the copy is made and entered
//! - [`performance`]: the upgrade in the copy
//! - [`growth`]: what was written, by file system
//! - [`verdict`]: what came of it
//!
//! The host's own processes begin it ([`begin`]); those of the copy speak to them by lines of their output alone.

pub mod growth;
pub mod material;
pub mod order;
pub mod performance;
pub mod scratch;
pub mod stage;
pub mod verdict;

use std::time::Duration;

pub use order::{Order, Source};
pub use scratch::Scratch;
pub use verdict::{Progress, Rehearsal, Verdict};

use crate::host::program::Programs;
use crate::host::{HostError, PackageManager, ServiceManager, copy};
use crate::places::Places;
use crate::product::Product;
use crate::trust::Trust;
use verdict::Problem;

/// How often the copy is listened to.
const TURN: Duration = Duration::from_millis(200);

/// What a rehearsal stands on.
#[derive(Clone, Copy)]
pub struct Here<'a> {
    /// Where everything is.
    pub places: &'a Places,
    /// What this host trusts.
    pub trust: &'a Trust,
    /// The product.
    pub product: &'a Product,
    /// The package manager.
    pub packages: &'a dyn PackageManager,
    /// Who tells what the engines are doing.
    pub services: &'a dyn ServiceManager,
    /// Who runs programs.
    pub programs: &'a dyn Programs,
}

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
