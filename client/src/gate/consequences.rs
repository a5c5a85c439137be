//! Whether every side effect that the plan declares for this upgrade is acknowledged.

use consign_metadata::plan::SideEffect;

use super::{Case, CouldNotLook, Gate, Verdict};
use crate::acknowledgement::{Acknowledgements, Subject};
use crate::engine::event::Reason;

/// The gate.
pub struct Consequences;

impl Gate for Consequences {
    fn judge(&self, case: &Case<'_>) -> Result<Verdict, CouldNotLook> {
        let declared: Vec<&SideEffect> = case.plan.side_effects(Some(case.from)).collect();
        if declared.is_empty() {
            return Ok(Verdict::Pass);
        }
        let acknowledged = acknowledged(case)?;
        let subject = |effect: &SideEffect| Subject::SideEffect { id: effect.id.clone(), sha256: effect.digest() };
        let to = &case.plan.envelope.version;
        let open = declared.into_iter().filter(|effect| !acknowledged.is_acknowledged(&subject(effect), to));
        let reason =
            |effect: &SideEffect| Reason::SideEffectUnacknowledged { id: effect.id.clone(), sha256: effect.digest() };
        Ok(Verdict::acknowledge(open.map(reason).collect()))
    }
}

/// What was acknowledged for the product.
pub(super) fn acknowledged(case: &Case<'_>) -> Result<Acknowledgements, CouldNotLook> {
    Acknowledgements::read(case.product).map_err(|error| CouldNotLook {
        what: format!("the acknowledgements of {}", case.product.id),
        cause: error.to_string(),
    })
}
