//! Whether the agent is new enough for the plan.

use super::{Case, CouldNotLook, Gate, Verdict};
use crate::engine::event::Reason;

/// The gate.
pub struct Age;

impl Gate for Age {
    fn judge(&self, case: &Case<'_>) -> Result<Verdict, CouldNotLook> {
        let minimum = &case.plan.envelope.minimum_agent;
        if case.agent >= minimum {
            return Ok(Verdict::Pass);
        }
        Ok(Verdict::Refuse(vec![Reason::AgentTooOld { minimum: minimum.clone() }]))
    }
}
