//! A preparation that takes too long for a package manager to wait for: the agent's own upgrade makes it first.

use consign_metadata::plan::UpgradePlan;
use consign_metadata::version::Version;

use super::Agent;
use super::catalogue::{Catalogue, Entry, plan_of};
use super::situation::Situation;
use crate::engine::event::Reason;
use crate::engine::machine::{State, Upgrade};
use crate::journey::Journey;
use crate::preparation;

/// Why a transaction that somebody else begins must not wait for this plan. One that has begun is prepared.
pub fn reason(situation: &Situation<'_>, plan: &UpgradePlan, from: &Version) -> Option<Reason> {
    if situation.under_way().is_some() {
        return None;
    }
    let seconds = preparation::too_long(situation.product, plan, Some(from))?;
    Some(Reason::LongPreparation { seconds })
}

/// Whether that keeps the hold of a product closed: nothing has begun, and nobody has asked the agent to do it.
pub fn keeps_closed(catalogue: &Catalogue, entry: &Entry, upgrade: &Upgrade) -> bool {
    let waits = matches!(upgrade.state, State::Cleared | State::Cancelled);
    if !waits || Journey::is_begun(&entry.product) {
        return false;
    }
    let from = upgrade.header.from.as_ref();
    plan_of(&catalogue.trust, &entry.product, upgrade)
        .is_ok_and(|found| preparation::too_long(&entry.product, &found.plan, from).is_some())
}

impl Agent {
    /// Wakes the agent by itself, where only time is missing.
    pub(super) fn try_again_in(&self, pause: jiff::SignedDuration) {
        // Whole minutes: who asks twice within one is woken once.
        let minute = (self.clock.now() + pause).as_second() / 60 * 60 + 60;
        let at = jiff::Timestamp::from_second(minute).unwrap_or_else(|_| self.clock.now());
        if let Err(problem) = self.services.wake_at(at) {
            log::warn!("{problem}");
        }
    }
}
