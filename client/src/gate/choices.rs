//! Whether the site's files can be used: a step that cannot be put together should not be met with the
//! engines stopped.

use std::collections::BTreeSet;

use super::{Case, CouldNotLook, Gate, Verdict};
use crate::engine::event::Reason;
use crate::site::{self, Policy, Rules};

/// The gate.
pub struct Choices;

impl Gate for Choices {
    fn judge(&self, case: &Case<'_>) -> Result<Verdict, CouldNotLook> {
        let policy = Policy::read(case.places).map(drop);
        let options = site::options(case.places, case.plan).map(drop);
        let rules = Rules::read(case.places, &case.product.id).map(drop);
        let problems = [policy, options, rules].into_iter().filter_map(Result::err);
        // The same line of a file is met by whoever reads it.
        let problems: BTreeSet<String> = problems.map(|error| error.to_string()).collect();
        Ok(Verdict::refuse(problems.into_iter().map(|problem| Reason::Site { problem }).collect()))
    }
}
