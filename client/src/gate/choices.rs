//! Whether the site's files can be used: a step that cannot be put together should not be met with the
//! engines stopped.

use super::{Case, CouldNotLook, Gate, Verdict};
use crate::engine::event::Reason;
use crate::site::{self, Policy, SiteError};

/// The gate.
pub struct Choices;

impl Gate for Choices {
    fn judge(&self, case: &Case<'_>) -> Result<Verdict, CouldNotLook> {
        let policy = Policy::read(case.places).map(drop);
        let options = site::options(case.places, case.plan).map(drop);
        let problems = [policy, options].into_iter().filter_map(Result::err);
        Ok(Verdict::refuse(problems.map(|error: SiteError| Reason::Site { problem: error.to_string() }).collect()))
    }
}
