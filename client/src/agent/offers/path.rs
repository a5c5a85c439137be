//! The whole way to a release, stop by stop, as the signed plans of a repository tell it.

use consign_metadata::plan::UpgradePlan;
use consign_metadata::version::Version;

use super::{Desk, Found, MAXIMUM};
use crate::agent::add_ons::Prospect;
use crate::agent::catalogue::{Catalogue, Entry, SignedPlan};
use crate::agent::online::Online;
use crate::agent::situation::Situation;
use crate::agent::{Agent, AgentError, checks, timing};
use crate::engine::event::Reason;
use crate::engine::list;
use crate::preparation;
use crate::request::{Leg, Offer, Way};

/// The way to a version, or to the newest that can be reached.
///
/// # Errors
/// When the host cannot be looked at. What cannot be verified or reached is an offer that is held.
pub fn path(
    agent: &Agent,
    catalogue: &Catalogue,
    entry: &Entry,
    online: &Online,
    to: Option<&Version>,
) -> Result<Way, AgentError> {
    let situation = Situation { prospect: Prospect::Offered(Some(online)), ..Situation::of(agent, catalogue, entry)? };
    let (Some(installed), Some(from)) = (situation.installed, situation.from(agent)) else {
        return Err(AgentError::NotNow(without_a_start(&situation)));
    };
    let desk = Desk {
        agent,
        situation: &situation,
        from: &from,
        installed: &installed.plan,
        online: Some(online),
        ceiling: to.cloned(),
    };
    let nowhere = |beyond| Way { from: from.clone(), legs: Vec::new(), beyond };
    let Some((package, native)) = desk.candidate()? else { return Ok(nowhere(Vec::new())) };
    if desk.is_without_feed() {
        return Ok(desk.plain_way(&package, &native));
    }
    Ok(match desk.find(&package, &native)? {
        Ok(found) => desk.way(&found),
        Err(cause) => nowhere(vec![
            desk.line(to.cloned(), vec![Reason::Unverified { what: format!("{package} {native}"), cause }]),
        ]),
    })
}

/// While its packages are replaced none of them may be there.
fn without_a_start(situation: &Situation<'_>) -> String {
    let id = &situation.product.id;
    match situation.under_way() {
        Some(upgrade) => format!("the upgrade of {id} to {} is under way", upgrade.header.to),
        None => format!("{id} is not installed on this host"),
    }
}

impl Desk<'_> {
    fn way(&self, found: &Found) -> Way {
        let (mut from, mut revision) = (self.from.clone(), self.installed.envelope.revision);
        let mut legs = Vec::new();
        while legs.len() < MAXIMUM
            && let Some((target, _)) = self.reachable(found, &from, revision)
        {
            legs.push(self.leg(&target, &from, legs.is_empty()));
            from = target.plan.envelope.version.clone();
            revision = target.plan.envelope.revision;
        }
        Way { beyond: self.beyond(found, &from).into_iter().collect(), from: self.from.clone(), legs }
    }

    pub(super) fn leg(&self, target: &SignedPlan, from: &Version, is_first: bool) -> Leg {
        let plan = &target.plan;
        let envelope = &plan.envelope;
        Leg {
            from: from.clone(),
            to: envelope.version.clone(),
            class: envelope.class_rule.between(from, &envelope.version),
            held: self.held(plan, from, is_first),
            preparation_seconds: preparation::estimate(self.situation.product, plan, Some(from)),
            notes: envelope.notes.clone(),
            side_effects: plan.side_effects(Some(from)).cloned().collect(),
            plan: Some(plan.digest),
            is_irreversible: list::items(plan, Some(from)).iter().any(|item| !item.undo),
        }
    }

    /// All that is in the way of the first; of a later one, what a person can already do about it.
    fn held(&self, plan: &UpgradePlan, from: &Version, is_first: bool) -> Vec<Reason> {
        let patience = self.online.map(Online::patience).filter(|_| is_first);
        let mut reasons = self.situation.reasons(self.agent, plan, from, patience);
        match is_first {
            true => {
                reasons.extend(timing::reasons(self.agent, self.situation, plan, from, true));
                reasons.extend(checks::of_host(self.agent, self.situation, plan).held);
            }
            false => reasons.retain(is_for_a_person),
        }
        reasons
    }

    /// What is wanted, or newest, and not reached from the last stop.
    fn beyond(&self, found: &Found, from: &Version) -> Option<Offer> {
        let known = found.shard.releases[..=found.newest].iter().rev();
        match &self.ceiling {
            Some(to) if from < to => match known.clone().find(|release| release.version == *to) {
                Some(release) => Some(self.out_of_reach(found, release, from)),
                None => {
                    let cause = "the feed does not have it".to_owned();
                    Some(self.line(Some(to.clone()), vec![Reason::Unverified { what: to.to_string(), cause }]))
                }
            },
            Some(_) => None,
            None => {
                let newest = known.clone().next().filter(|newest| newest.version > *from)?;
                Some(self.out_of_reach(found, newest, from))
            }
        }
    }
}

/// What a person reads, accepts or does.
fn is_for_a_person(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::NoteUnread { .. }
            | Reason::SideEffectUnacknowledged { .. }
            | Reason::TakenBack { .. }
            | Reason::TaskOpen { .. }
    )
}
