//! Whether the release was taken back on this host before: then nobody wants it again unasked, at night.

use super::consequences::acknowledged;
use super::{Case, CouldNotLook, Gate, Verdict};
use crate::acknowledgement::Subject;
use crate::engine::event::Reason;
use crate::engine::machine::State;

/// The gate.
pub struct TakenBack;

impl Gate for TakenBack {
    fn judge(&self, case: &Case<'_>) -> Result<Verdict, CouldNotLook> {
        let Some(upgrade) = taken_back(case)? else { return Ok(Verdict::Pass) };
        let subject = Subject::TakenBack { upgrade };
        Ok(match acknowledged(case)?.is_acknowledged(&subject, &case.plan.envelope.version) {
            true => Verdict::Pass,
            false => Verdict::Acknowledge(vec![Reason::TakenBack { upgrade }]),
        })
    }
}

/// The number of the last upgrade by this very plan that was taken back, packages included.
fn taken_back(case: &Case<'_>) -> Result<Option<u32>, CouldNotLook> {
    let failed = |cause: String| CouldNotLook { what: format!("the upgrades of {}", case.product.id), cause };
    for number in case.product.upgrades().map_err(|cause| failed(cause.to_string()))?.into_iter().rev() {
        let replay = case.product.replay(number).map_err(|cause| failed(cause.to_string()))?;
        let Some(upgrade) = replay.upgrade else { continue };
        if upgrade.state == State::RolledBack && upgrade.header.plan == case.plan.digest {
            return Ok(Some(number));
        }
    }
    Ok(None)
}
