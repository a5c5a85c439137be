//! Add-ons: products of their own that join the upgrades of another one, the base.
//!
//! An add-on's plan says what it joins ([`Joins`]): which versions of the base it supports, and the
//! programs that every upgrade of the base runs for it, each at a point that the base's plan declares
//! ([`Step::AddOns`]). It joins only where the base's plan ([`AllowedAddOn`]) or the site names it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::anchor::Fingerprint;
use crate::document::DocumentError;
use crate::name::{Label, ProductId};
use crate::plan::{PlanBody, RunStep, Step, UpgradePlan};
use crate::version::{Version, VersionRange};

/// An add-on that the vendor of the base lets join. Since format 2 of the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllowedAddOn {
    /// The add-on.
    pub product: ProductId,
    /// The primary key of its vendor.
    pub primary: Fingerprint,
    /// Its versions that may join; any where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions: Option<VersionRange>,
}

/// What an add-on joins. Since format 2 of the body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Joins {
    /// The base.
    pub product: ProductId,
    /// The versions of the base with which this version of the add-on works.
    pub versions: VersionRange,
    /// What is run in the base's upgrades, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<JoinedStep>,
}

/// A program of an add-on's that an upgrade of its base runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinedStep {
    /// The point in the base's list.
    pub point: Label,
    /// The program. Its options are the add-on's; `when`, `{from}` and `{to}` are the base's versions.
    pub run: RunStep,
}

impl Joins {
    /// The steps of one upgrade of the base, in order. As for the base's own programs, nothing is run for a
    /// new packaging revision; and an add-on does not join the first install of its base.
    pub fn steps(&self, from: Option<&Version>, to: &Version) -> impl Iterator<Item = &JoinedStep> {
        let is_upgrade = from.is_some_and(|from| from != to);
        self.steps.iter().filter(move |step| is_upgrade && step.run.when.applies(from, to))
    }
}

impl UpgradePlan {
    /// The points at which add-ons may join, in order.
    pub fn points(&self) -> impl Iterator<Item = &Label> {
        self.body.steps.iter().filter_map(|step| match step {
            Step::AddOns { point } => Some(point),
            _ => None,
        })
    }
}

/// Whether a body needs the format that brought add-ons.
pub(crate) fn is_used(body: &PlanBody) -> bool {
    let has_point = body.steps.iter().any(|step| matches!(step, Step::AddOns { .. }));
    has_point || !body.add_ons.is_empty() || body.joins.is_some()
}

/// What a plan says of add-ons, or of being one, must make sense.
pub(crate) fn check(id: &ProductId, body: &PlanBody) -> Result<(), DocumentError> {
    let wrong = |what: String| Err(DocumentError::Inconsistent(what));
    // Before the packages there are only the add-on's old programs, and what they did could not be told apart.
    let before = body.steps.iter().take_while(|step| !matches!(step, Step::Packages));
    if let Some(early) = before.into_iter().find(|step| matches!(step, Step::AddOns { .. })) {
        return wrong(format!("the point {:?} stands before the packages", early.name()));
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = body.add_ons.iter().find(|allowed| !seen.insert(&allowed.product)) {
        return wrong(format!("the add-on {} is named twice", twice.product));
    }
    if seen.contains(id) || body.joins.as_ref().is_some_and(|joins| joins.product == *id) {
        return wrong("it is an add-on of itself".to_owned());
    }
    let Some(joins) = &body.joins else { return Ok(()) };
    let mut seen = BTreeSet::new();
    match joins.steps.iter().find(|step| !seen.insert(&step.run.name)) {
        Some(twice) => wrong(format!("two joined steps are called {:?}", twice.run.name.as_str())),
        None => Ok(()),
    }
}
