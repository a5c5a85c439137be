//! The site's rules on when a release may be installed, and whether somebody has to be there.
//!
//! Unlike a gate they pass with time, so nothing of them is in a journal: an upgrade that is cleared stays
//! cleared, and the hold is opened and closed around it. They are about a beginning. An upgrade that has
//! begun is never kept from its end by them, nor a vendor's fix from engines that are down.

use std::io;

use consign_metadata::name::ProductId;
use consign_metadata::plan::UpgradePlan;
use consign_metadata::version::{Class, Version};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::catalogue::Catalogue;
use super::situation::Situation;
use super::{Agent, AgentError, holds, kept_back};
use crate::durable;
use crate::engine::event::{Person, Reason};
use crate::engine::machine::State;
use crate::places::Places;
use crate::product::Product;
use crate::request::Reply;
use crate::site::window::Moment;
use crate::site::{Rules, SiteError};

const FORMAT: u32 = 1;

/// A person's word that a release may be installed whatever these rules say: `now.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowed {
    format: u32,
    /// The release, and no other.
    pub version: Version,
    /// Who said so.
    pub by: Person,
    /// When.
    pub at: Timestamp,
}

/// The rules for one release of a product, at one moment.
#[derive(Debug)]
pub struct Timing {
    rules: Rules,
    moment: Option<Moment>,
    allowed: bool,
}

impl Timing {
    /// Reads the site's files.
    ///
    /// # Errors
    /// [`SiteError`]
    pub fn of(places: &Places, product: &Product, to: &Version, now: Timestamp) -> Result<Self, SiteError> {
        let rules = Rules::read(places, &product.id)?;
        let moment = rules.window.as_ref().map(|windows| windows.at(now, &TimeZone::system()));
        Ok(Self { rules, moment, allowed: Allowed::read(product).is_some_and(|allowed| allowed.version == *to) })
    }

    /// When the next window opens, if it has to be waited for.
    pub fn opens(&self) -> Option<Timestamp> {
        match self.moment {
            Some(Moment::Closed { opens }) if !self.allowed => Some(opens),
            _ => None,
        }
    }

    /// When that changes by itself.
    pub fn edge(&self) -> Option<Timestamp> {
        self.moment.and_then(Moment::edge)
    }

    /// Whether a change of this class needs nobody to be there.
    pub fn is_free(&self, class: Class) -> bool {
        self.allowed || self.rules.unattended.as_ref().is_none_or(|classes| classes.contains(&class))
    }

    /// Whether any change needs somebody.
    pub fn needs_people(&self) -> bool {
        self.rules.unattended.is_some()
    }
}

/// What keeps a plan from beginning now. A site's file that cannot be used is for its gate to say.
pub fn reasons(
    agent: &Agent,
    situation: &Situation<'_>,
    plan: &UpgradePlan,
    from: &Version,
    attended: bool,
) -> Vec<Reason> {
    if situation.under_way().is_some() {
        return Vec::new();
    }
    let to = &plan.envelope.version;
    let Ok(timing) = Timing::of(&agent.places, situation.product, to, agent.clock.now()) else { return Vec::new() };
    let class = plan.envelope.class_rule.between(from, to);
    let window = timing.opens().map(|opens| Reason::OutsideWindow { opens });
    let people = (!attended && !timing.is_free(class)).then_some(Reason::Unattended { class });
    window.into_iter().chain(people).collect()
}

/// A person lets what is offered be installed at any time, by anybody.
///
/// # Errors
/// [`AgentError`]
pub fn allow(agent: &Agent, id: &ProductId, by: &Person) -> Result<Reply, AgentError> {
    let catalogue = Catalogue::read(agent)?;
    let entry = catalogue.entries.get(id).ok_or_else(|| AgentError::NotNow(format!("there is no product {id}")))?;
    let offered = entry.product.newest()?.filter(|upgrade| {
        upgrade.header.from.is_some() && matches!(upgrade.state, State::Planned | State::Held | State::Cleared)
    });
    let offered = offered.ok_or_else(|| AgentError::NotNow(format!("nothing is offered for {id}")))?;
    let allowed = Allowed { format: FORMAT, version: offered.header.to, by: by.clone(), at: agent.clock.now() };
    allowed.keep(&entry.product).map_err(AgentError::io(format!("write down what {} allows", by.name)))?;
    holds::refresh(agent, &catalogue)?;
    kept_back::refresh_one(agent, &catalogue, entry);
    Ok(Reply::Accepted)
}

impl Allowed {
    /// What was said last; it counts for one release only, and so is never in the way.
    pub fn read(product: &Product) -> Option<Self> {
        let allowed: Self = serde_json::from_slice(&std::fs::read(file(product)).ok()?).ok()?;
        (allowed.format == FORMAT).then_some(allowed)
    }

    fn keep(&self, product: &Product) -> io::Result<()> {
        durable::replace(&file(product), &serde_json::to_vec_pretty(self).map_err(io::Error::other)?)
    }
}

fn file(product: &Product) -> std::path::PathBuf {
    product.folder().join("now.json")
}
