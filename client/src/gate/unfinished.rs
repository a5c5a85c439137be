//! Whether an earlier upgrade of the product is still under way.
//!
//! The same release again is no other upgrade: it goes on with the one there is. A newer release takes
//! the place of one that halted at its packages or after them: that is how a vendor's fix arrives.

use super::{Case, CouldNotLook, Gate, Verdict};
use crate::engine::event::Reason;
use crate::engine::machine::{State, Upgrade};

/// The gate.
pub struct Unfinished;

impl Gate for Unfinished {
    fn judge(&self, case: &Case<'_>) -> Result<Verdict, CouldNotLook> {
        let in_the_way = case.newest.filter(|upgrade| upgrade.is_under_way() && !goes_on(upgrade, case));
        let reason = |upgrade: &Upgrade| Reason::Unfinished { upgrade: upgrade.header.upgrade };
        Ok(Verdict::refuse(in_the_way.map(reason).into_iter().collect()))
    }
}

fn goes_on(upgrade: &Upgrade, case: &Case<'_>) -> bool {
    let packages = upgrade.packages_item();
    if upgrade.header.plan == case.plan.digest {
        return !matches!(upgrade.state, State::Backward { .. } | State::Stuck { .. });
    }
    let newer = case.plan.envelope.version > upgrade.header.to
        || (case.plan.envelope.version == upgrade.header.to && case.plan.envelope.revision > upgrade.header.revision);
    newer && matches!(upgrade.state, State::Halted { item, .. } if item >= packages)
}
