//! Add-ons on a host: products of their own that join the upgrades of another one, their base.
//!
//! - [`permission`]: who lets one join: the base's plan, or the site
//! - [`AddOn`], [`Relations`]: what is known of them before an upgrade begins
//! - [`Joined`]: what an upgrade that has begun runs of theirs, by the plans kept beside its journal

pub mod permission;

use consign_metadata::anchor::Fingerprint;
use consign_metadata::name::{Label, ProductId};
use consign_metadata::plan::{RunStep, UpgradePlan};
use consign_metadata::version::Version;

use crate::engine::event::{Header, JoinedAddOn};
use crate::product::Product;
use crate::site::SiteError;
use crate::trust::{self, Trust, TrustError};

pub use permission::Permission;

/// An add-on as it will be when the base is at its new version.
#[derive(Debug, Clone)]
pub struct AddOn {
    /// Its plan.
    pub plan: UpgradePlan,
    /// The signed message.
    pub signed: Vec<u8>,
    /// The primary key of its vendor, as this host's anchor has it.
    pub primary: Fingerprint,
    /// Whether it may join.
    pub permission: Result<Permission, SiteError>,
}

impl AddOn {
    /// The point of a step that the base's plan does not have.
    pub fn missing_point(&self, base: &UpgradePlan) -> Option<&Label> {
        let steps = self.plan.body.joins.iter().flat_map(|joins| &joins.steps);
        steps.map(|step| &step.point).find(|point| base.points().all(|known| known != *point))
    }

    /// Whether its steps are run in an upgrade by this plan.
    pub fn joins(&self, base: &UpgradePlan) -> bool {
        self.permission == Ok(Permission::Allowed) && self.missing_point(base).is_none()
    }

    /// How a journal names it.
    pub fn named(&self) -> JoinedAddOn {
        let version = self.plan.envelope.version.clone();
        JoinedAddOn { product: self.plan.id(), version, plan: self.plan.digest }
    }
}

/// Whether a plan leaves its base free to go to a version: it joins another product, or none, or it does
/// support it.
pub fn supports(plan: &UpgradePlan, base: &ProductId, version: &Version) -> bool {
    plan.body.joins.as_ref().is_none_or(|joins| joins.product != *base || joins.versions.contains(version))
}

/// What other products have to do with an upgrade.
#[derive(Debug, Clone, Default)]
pub struct Relations {
    /// The add-ons of the product, in order of name.
    pub add_ons: Vec<AddOn>,
    /// Add-ons whose packages are not all of one release.
    pub torn: Vec<ProductId>,
    /// The version that the base of this product will have, where it is an add-on and its base is there.
    pub base: Option<Version>,
}

/// The plans of the add-ons that joined an upgrade.
#[derive(Debug, Clone, Default)]
pub struct Joined {
    /// In the order in which the header names them.
    pub plans: Vec<UpgradePlan>,
}

impl Joined {
    /// Reads the plans kept beside a journal.
    ///
    /// # Errors
    /// [`TrustError`]; also when one is not that which the journal names.
    pub fn kept(trust: &Trust, product: &Product, header: &Header) -> Result<Self, TrustError> {
        let one = |named: &JoinedAddOn| {
            let path = product.add_on_plan(header.upgrade, &named.product);
            let what = path.display().to_string();
            let plan = trust.plan(&named.product, &what, &trust::read_plan(&path)?)?;
            match plan.digest == named.plan {
                true => Ok(plan),
                false => Err(TrustError::Refused(format!("{what} is not the plan that joined the upgrade"))),
            }
        };
        Ok(Self { plans: header.joined.iter().map(one).collect::<Result<_, _>>()? })
    }

    /// The step behind an item of the list, and the plan it comes from.
    pub fn step(&self, item: &str) -> Option<(&UpgradePlan, &RunStep)> {
        let (product, name) = item.split_once(':')?;
        let plan = self.plans.iter().find(|plan| plan.id().to_string() == product)?;
        let steps = &plan.body.joins.as_ref()?.steps;
        steps.iter().map(|step| &step.run).find(|run| run.name.as_str() == name).map(|run| (plan, run))
    }
}

/// What a step of an add-on's is called in the list of its base. No step of the base's own is called so: a
/// name has no `/`.
pub fn item_name(add_on: &ProductId, step: &RunStep) -> String {
    format!("{add_on}:{}", step.name)
}
