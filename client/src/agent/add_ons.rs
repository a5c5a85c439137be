//! Which other products an upgrade has to do with: its add-ons, and the base that it is an add-on of.
//!
//! What counts is what they will be beside the new version. In a transaction that is what the transaction
//! brings; ahead of it, at a look, what apt would install together with it: a candidate counts when
//! nothing holds it but, perhaps, the product that it has to go along with.

use std::collections::BTreeMap;

use consign_metadata::name::ProductId;
use consign_metadata::plan::UpgradePlan;
use consign_metadata::version::Version;

use super::catalogue::{Catalogue, Entry, SignedPlan};
use super::comparison::{self, Database};
use super::offers::Evaluation;
use super::online::Online;
use super::{Agent, AgentError};
use crate::add_on::{AddOn, Joined, Permission, Relations, supports};
use crate::engine::event::Header;
use crate::product::Product;

/// How other products are going to be.
#[derive(Debug, Clone, Copy, Default)]
pub enum Prospect<'a> {
    /// As they are.
    #[default]
    Here,
    /// As a transaction leaves them: what it brings, by product.
    Transaction(&'a BTreeMap<ProductId, SignedPlan>),
    /// At what is offered, where that is not held.
    Offered(Option<&'a Online>),
    /// The same for a base that is looked at on behalf of its add-on.
    AsBase(Option<&'a Online>),
    /// Nobody asks.
    Alone,
}

/// What a release of a product has to do with others.
pub fn relations(agent: &Agent, catalogue: &Catalogue, plan: &UpgradePlan, prospect: Prospect<'_>) -> Relations {
    let mut relations = Relations::default();
    if let Prospect::Alone = prospect {
        return relations;
    }
    let (id, to) = (plan.id(), &plan.envelope.version);
    for entry in catalogue.entries.values().filter(|entry| is_add_on_of(entry, &id, prospect)) {
        match as_it_will_be(agent, catalogue, entry, prospect, |found| supports(found, &id, to)) {
            Some(found) if joins(&found.plan, &id) => relations.add_ons.extend(add_on(agent, catalogue, plan, found)),
            Some(_) => {}
            None => relations.torn.push(entry.product.id.clone()),
        }
    }
    let base = plan.body.joins.as_ref().and_then(|joins| catalogue.entries.get(&joins.product));
    relations.base = base.and_then(|base| version_of_base(agent, catalogue, base, prospect));
    relations
}

fn joins(plan: &UpgradePlan, base: &ProductId) -> bool {
    plan.body.joins.as_ref().is_some_and(|joins| joins.product == *base)
}

/// `None` where its vendor is not trusted any more: then its plan was not verified either.
fn add_on(agent: &Agent, catalogue: &Catalogue, base: &UpgradePlan, found: SignedPlan) -> Option<AddOn> {
    let SignedPlan { plan, signed } = found;
    let primary = catalogue.trust.vendor(&plan.envelope.vendor).ok()?.anchor.primary.clone();
    let permission = Permission::of(&agent.places, &catalogue.trust, base, &plan, &signed);
    Some(AddOn { plan, signed, primary, permission })
}

fn is_add_on_of(entry: &Entry, base: &ProductId, prospect: Prospect<'_>) -> bool {
    let arriving = match prospect {
        Prospect::Transaction(arriving) => arriving.get(&entry.product.id),
        _ => None,
    };
    entry.installed.values().chain(arriving).any(|found| joins(&found.plan, base))
}

/// An offered release counts where it fits; `None` while its packages differ.
fn as_it_will_be(
    agent: &Agent,
    catalogue: &Catalogue,
    entry: &Entry,
    prospect: Prospect<'_>,
    fits: impl Fn(&UpgradePlan) -> bool,
) -> Option<SignedPlan> {
    let coming = match prospect {
        Prospect::Transaction(arriving) => arriving.get(&entry.product.id).cloned(),
        Prospect::Offered(online) | Prospect::AsBase(online) => {
            offered(agent, catalogue, entry, online, Prospect::Alone).filter(|found| fits(&found.plan))
        }
        Prospect::Here | Prospect::Alone => None,
    };
    coming.or_else(|| entry.plan().cloned())
}

fn version_of_base(agent: &Agent, catalogue: &Catalogue, base: &Entry, prospect: Prospect<'_>) -> Option<Version> {
    let coming = match prospect {
        Prospect::Transaction(arriving) => arriving.get(&base.product.id).cloned(),
        Prospect::Offered(online) => offered(agent, catalogue, base, online, Prospect::AsBase(online)),
        // Its own base is not asked for: two that join each other would ask without end.
        Prospect::AsBase(_) => return None,
        Prospect::Here | Prospect::Alone => None,
    };
    coming.as_ref().or_else(|| base.plan()).map(|found| found.plan.envelope.version.clone())
}

/// What is offered for a product and not held.
fn offered(
    agent: &Agent,
    catalogue: &Catalogue,
    entry: &Entry,
    online: Option<&Online>,
    prospect: Prospect<'_>,
) -> Option<SignedPlan> {
    let found = Evaluation::within(agent, catalogue, entry, online, prospect);
    let found = found.inspect_err(|problem| log::warn!("{}: {problem}", entry.product.id)).ok()?;
    found.target.filter(|(_, reasons)| reasons.is_empty()).map(|(target, _)| target)
}

/// Whether every add-on that joined is at the version whose steps are run, or a later one: before that no
/// program of its is run. One that is gone is waited for by nobody; its steps will say so.
///
/// # Errors
/// When the package database cannot be read.
pub fn are_there(agent: &Agent, catalogue: &Catalogue, header: &Header) -> Result<bool, AgentError> {
    for joined in &header.joined {
        let Some(entry) = catalogue.entries.get(&joined.product) else { continue };
        let packages: Vec<_> = entry.packages.iter().cloned().collect();
        let database: Database = agent.packages.observe(&packages)?.into_iter().collect();
        let is_there = entry.plan().is_some_and(|found| {
            let is_it = found.plan.digest == joined.plan || found.plan.envelope.version > joined.version;
            is_it && comparison::is_installed(&*agent.packages, &found.plan, &database)
        });
        if !database.is_empty() && !is_there {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The packages of joined add-ons that a transaction should have brought, with their versions.
pub fn packages(agent: &Agent, joined: &Joined) -> Vec<(consign_metadata::name::PackageName, String)> {
    let modules = joined.plans.iter().flat_map(|plan| &plan.body.modules);
    let native = |module: &consign_metadata::plan::Module| {
        Some((module.package.clone(), agent.packages.native(&module.native)?.to_owned()))
    };
    let wanted: Vec<_> = modules.filter_map(native).collect();
    let names: Vec<_> = wanted.iter().map(|(package, _)| package.clone()).collect();
    let here: Database = agent.packages.observe(&names).unwrap_or_default().into_iter().collect();
    wanted.into_iter().filter(|(package, _)| here.contains_key(package)).collect()
}

/// The products that are finished before this one, where both have something to finish: the add-ons that
/// joined, so that their steps find their own data migrated; and, for the first install of an add-on,
/// its base.
///
/// # Errors
/// When a journal or a plan cannot be read.
pub fn ahead_of(agent: &Agent, id: &ProductId) -> Result<Vec<ProductId>, AgentError> {
    let product = Product::new(&agent.places, id.clone());
    let newest = product.newest()?.filter(|upgrade| !upgrade.is_over());
    if let Some(upgrade) = newest.as_ref().filter(|upgrade| upgrade.header.from.is_some()) {
        return Ok(upgrade.header.joined.iter().map(|joined| joined.product.clone()).collect());
    }
    if product.finished()?.is_some() {
        return Ok(Vec::new());
    }
    let catalogue = Catalogue::read(agent)?;
    let plans = catalogue.entries.get(id).into_iter().flat_map(|entry| entry.installed.values());
    Ok(plans.filter_map(|found| found.plan.body.joins.as_ref()).map(|joins| joins.product.clone()).take(1).collect())
}
