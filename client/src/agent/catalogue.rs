//! The products of this host and their packages: which belongs to which.
//!
//! A package belongs to a product because a signed plan says so: one that is installed, or one that lies
//! beside a journal. What a journal names stays managed even when its plan does not verify any more.

use std::collections::{BTreeMap, BTreeSet};

use consign_metadata::name::{PackageName, ProductId};
use consign_metadata::plan::UpgradePlan;

use super::{Agent, AgentError};
use crate::engine::machine::Upgrade;
use crate::product::{PLAN_FILE, Product};
use crate::trust::{self, Trust};

/// A plan and the bytes that carry it.
#[derive(Debug, Clone)]
pub struct SignedPlan {
    /// What was understood.
    pub plan: UpgradePlan,
    /// The signed message.
    pub signed: Vec<u8>,
}

/// What is known of a product without its lock.
#[derive(Debug)]
pub struct Entry {
    /// Its folder.
    pub product: Product,
    /// The plans that its packages installed, by package.
    pub installed: BTreeMap<PackageName, SignedPlan>,
    /// Every package that is or was a part of it.
    pub packages: BTreeSet<PackageName>,
}

impl Entry {
    /// The one plan of all its packages; `None` also while they differ.
    pub fn plan(&self) -> Option<&SignedPlan> {
        let mut plans = self.installed.values();
        let first = plans.next()?;
        plans.all(|other| other.plan.digest == first.plan.digest).then_some(first)
    }
}

/// Every product.
#[derive(Debug)]
pub struct Catalogue {
    /// What this host trusts.
    pub trust: Trust,
    /// By product.
    pub entries: BTreeMap<ProductId, Entry>,
}

impl Catalogue {
    /// Looks at anchors, plans and journals.
    ///
    /// # Errors
    /// When a folder cannot be read. A single document that cannot be used is left out.
    pub fn read(agent: &Agent) -> Result<Self, AgentError> {
        let trust = Trust::read(&agent.places)?;
        let mut catalogue = Self { trust, entries: BTreeMap::new() };
        for product in Product::all(&agent.places).map_err(AgentError::io("list the products"))? {
            catalogue.entry(agent, product.id);
        }
        for found in catalogue.trust.installed(&agent.places)? {
            match found.plan {
                Ok((plan, signed)) => {
                    let entry = catalogue.entry(agent, plan.id());
                    entry.packages.extend(modules(&plan));
                    entry.installed.insert(found.package, SignedPlan { plan, signed });
                }
                Err(problem) => log::warn!("{}: {problem}", found.package),
            }
        }
        Ok(catalogue)
    }

    /// The product of a package.
    pub fn product_of(&self, package: &str) -> Option<&ProductId> {
        self.entries.iter().find(|(_, e)| e.packages.iter().any(|name| name.as_str() == package)).map(|(id, _)| id)
    }

    /// Makes an entry for a product that is about to come.
    pub fn know(&mut self, agent: &Agent, id: &ProductId) {
        self.entry(agent, id.clone());
    }

    fn entry(&mut self, agent: &Agent, id: ProductId) -> &mut Entry {
        let trust = &self.trust;
        self.entries.entry(id.clone()).or_insert_with(|| {
            let product = Product::new(&agent.places, id);
            let packages = of_journal(trust, &product);
            Entry { product, installed: BTreeMap::new(), packages }
        })
    }
}

/// The packages of a plan.
pub fn modules(plan: &UpgradePlan) -> impl Iterator<Item = PackageName> + '_ {
    plan.body.modules.iter().map(|module| module.package.clone())
}

// A damaged journal is told to whoever asks for the product; it hides no other.
fn of_journal(trust: &Trust, product: &Product) -> BTreeSet<PackageName> {
    let Ok(Some(upgrade)) = product.newest() else { return BTreeSet::new() };
    let mut packages: BTreeSet<PackageName> = upgrade.header.modules.iter().map(|m| m.package.clone()).collect();
    if let Ok(found) = plan_of(trust, product, &upgrade) {
        packages.extend(modules(&found.plan));
    }
    packages
}

/// The plan that lies beside a journal.
///
/// # Errors
/// When it cannot be read or does not verify.
pub fn plan_of(trust: &Trust, product: &Product, upgrade: &Upgrade) -> Result<SignedPlan, AgentError> {
    let path = product.upgrade_folder(upgrade.header.upgrade).join(PLAN_FILE);
    let signed = trust::read_plan(&path)?;
    let plan = trust.plan(&product.id, &path.display().to_string(), &signed)?;
    Ok(SignedPlan { plan, signed })
}
