//! A host that cannot be copied.

use super::verdict::{Problem, Progress, Rehearsal};
use super::{Here, Source};
use crate::host::HostError;
use crate::places::Places;

/// Says that there can be no rehearsal.
///
/// # Errors
/// None.
pub fn rehearse(here: Here<'_>, _source: Source, _tell: impl FnMut(&Progress)) -> Result<Rehearsal, HostError> {
    let cause = "Windows has no file system that lies over another one".to_owned();
    Ok(Rehearsal::new(here.product.id.clone()).cannot(Problem::NoCopy { cause }))
}

/// There is never anything left of one.
pub fn sweep(_places: &Places) {}
