//! Whether the vendor took the release back, by the last feed that was verified on this host.

use super::{Case, CouldNotLook, Gate, Verdict};
use crate::engine::event::Reason;

/// The gate.
pub struct Withdrawn;

impl Gate for Withdrawn {
    fn judge(&self, case: &Case<'_>) -> Result<Verdict, CouldNotLook> {
        let Some(release) = case.release else {
            log::info!(
                "{}: no feed on this host has the release; whether it was withdrawn is not known",
                case.product.id
            );
            return Ok(Verdict::Pass);
        };
        Ok(match &release.withdrawn {
            Some(why) => Verdict::Refuse(vec![Reason::Withdrawn { why: why.en.clone() }]),
            None => Verdict::Pass,
        })
    }
}
