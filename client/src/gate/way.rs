//! Whether there is a way from the version last finished to this one: class, supported-from, stops.

use consign_metadata::path::{self, Obstacle};
use consign_metadata::plan::Envelope;
use consign_metadata::version::Version;

use super::{Case, CouldNotLook, Gate, Verdict};
use crate::engine::event::Reason;

/// The gate.
pub struct Way;

impl Gate for Way {
    fn judge(&self, case: &Case<'_>) -> Result<Verdict, CouldNotLook> {
        Ok(Verdict::refuse(obstacles(&case.plan.envelope, case.from)))
    }
}

/// Everything in the way of a plan from a version.
pub(super) fn obstacles(plan: &Envelope, from: &Version) -> Vec<Reason> {
    path::obstacles(plan, from).into_iter().map(|obstacle| reason(obstacle, plan, from)).collect()
}

fn reason(obstacle: Obstacle, plan: &Envelope, from: &Version) -> Reason {
    let (from, to) = (from.clone(), plan.version.clone());
    match obstacle {
        Obstacle::TooOld { supported_from } => Reason::TooOld { from, supported_from },
        Obstacle::ClassUnsupported { class } => Reason::ClassUnsupported { class, from, to },
        Obstacle::RequiredStops { stops } => Reason::RequiredStops { stops },
        Obstacle::Downgrade => Reason::Downgrade { from, to },
    }
}
