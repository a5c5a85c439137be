//! The gates: what must hold before an upgrade may begin. One file each.
//!
//! - [`way`]: class of the change, supported-from, required stops, no way back
//! - [`age`]: the agent is new enough
//! - [`notes`]: release notes that must be acknowledged are
//! - [`consequences`]: declared side effects are acknowledged
//! - [`tasks`]: what a person has to do before it is done
//! - [`prerequisites`]: what must hold on the host holds
//! - [`programs`]: the programs that the site keeps for it are there
//! - [`taken_back`]: a release that was taken back here is wanted again
//! - [`withdrawn`]: the vendor did not take the release back
//! - [`unfinished`]: nothing earlier is still under way
//! - [`add_ons`]: add-ons that join go along, and an add-on fits its base
//! - [`choices`]: the site's files can be used
//! - [`data`]: the data is at the version that was last seen
//!
//! All are asked, always, so that a person sees every reason at once. A gate that could not look is no
//! gate that passed: what it needs is on this host, so the upgrade waits. Only what depends on a feed
//! is judged by the last one that was verified, and a host that never had one is not punished for it.

pub mod add_ons;
pub mod age;
pub mod choices;
pub mod consequences;
pub mod data;
pub mod notes;
pub mod prerequisites;
pub mod programs;
pub mod taken_back;
pub mod tasks;
pub mod unfinished;
pub mod way;
pub mod withdrawn;

use consign_metadata::feed::FeedRelease;
use consign_metadata::plan::{Envelope, UpgradePlan};
use consign_metadata::version::Version;

use crate::add_on::Relations;
use crate::engine::event::Reason;
use crate::engine::machine::Upgrade;
use crate::places::Places;
use crate::product::Product;

pub use prerequisites::{Asking, UNHURRIED};

/// An upgrade that wants to begin.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// Where everything is.
    pub places: &'a Places,
    /// The product.
    pub product: &'a Product,
    /// The plan of the version that it would go to.
    pub plan: &'a UpgradePlan,
    /// The version last finished.
    pub from: &'a Version,
    /// The newest upgrade of the product, whatever its state.
    pub newest: Option<&'a Upgrade>,
    /// The release as the last verified feed has it.
    pub release: Option<&'a FeedRelease>,
    /// What other products have to do with it.
    pub relations: &'a Relations,
    /// The agent that is asked.
    pub agent: &'a Version,
    /// Who asks for prerequisites; `None` where what the last look found counts.
    pub asking: Option<Asking<'a>>,
}

/// What a gate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing stands in the way.
    Pass,
    /// A person has to read or accept something.
    Acknowledge(Vec<Reason>),
    /// It cannot go ahead as it is.
    Refuse(Vec<Reason>),
}

impl Verdict {
    fn refuse(reasons: Vec<Reason>) -> Self {
        if reasons.is_empty() { Self::Pass } else { Self::Refuse(reasons) }
    }

    fn acknowledge(reasons: Vec<Reason>) -> Self {
        if reasons.is_empty() { Self::Pass } else { Self::Acknowledge(reasons) }
    }
}

/// A gate could not look at what it judges by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot look at {what}: {cause}")]
pub struct CouldNotLook {
    /// At what.
    pub what: String,
    /// Why.
    pub cause: String,
}

/// Something that must hold.
pub trait Gate {
    /// Looks, and says what it found.
    ///
    /// # Errors
    /// [`CouldNotLook`]
    fn judge(&self, case: &Case<'_>) -> Result<Verdict, CouldNotLook>;
}

const ALL: [&dyn Gate; 13] = [
    &way::Way,
    &age::Age,
    &withdrawn::Withdrawn,
    &unfinished::Unfinished,
    &taken_back::TakenBack,
    &add_ons::AddOns,
    &choices::Choices,
    &data::Data,
    &programs::Programs,
    &notes::Notes,
    &consequences::Consequences,
    &tasks::Tasks,
    &prerequisites::Prerequisites,
];

/// Everything that stands in the way; empty when it may begin.
pub fn reasons(case: &Case<'_>) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for gate in ALL {
        match gate.judge(case) {
            Ok(Verdict::Pass) => {}
            Ok(Verdict::Acknowledge(more) | Verdict::Refuse(more)) => reasons.extend(more),
            Err(CouldNotLook { what, cause }) => reasons.push(Reason::Unverified { what, cause }),
        }
    }
    // Nothing that could be read or accepted leads back.
    if let Some(downgrade) = reasons.iter().position(is_downgrade) {
        return vec![reasons.swap_remove(downgrade)];
    }
    reasons
}

/// Whether it is refused because it leads back.
pub fn is_downgrade(reason: &Reason) -> bool {
    matches!(reason, Reason::Downgrade { .. })
}

/// What stands in the way of a plan that this agent is too old to understand: as much as every agent
/// can tell of it.
pub fn reasons_of_newer(envelope: &Envelope, from: &Version) -> Vec<Reason> {
    let mut reasons = way::obstacles(envelope, from);
    reasons.push(Reason::AgentTooOld { minimum: envelope.minimum_agent.clone() });
    reasons
}

/// Everything in the way of a plan that no person on the host can do anything about.
pub fn obstacles(envelope: &Envelope, from: &Version) -> Vec<Reason> {
    way::obstacles(envelope, from)
}

#[cfg(test)]
mod tests;
