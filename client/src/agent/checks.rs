//! What the agent itself looks for on the host before an upgrade: a reboot that is pending, files of the product
//! that others have open, room, and the packages to go back to. The site says what follows from each.
//!
//! Like the site's rules on time they pass, so nothing of them is in a journal: an upgrade that its gates have
//! cleared stays cleared, and the hold is closed until a look finds the host in order. They are about a
//! beginning; with the engines stopped nobody asks again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use consign_metadata::feed::FeedRelease;
use consign_metadata::name::{PackageName, ProductId, UnitName};
use consign_metadata::plan::UpgradePlan;

use super::situation::Situation;
use super::{Agent, backup_room, previous, room, targets, writers};
use crate::engine::event::{HeldFile, Purpose, Reason};
use crate::host::open_files::{self, Sought};
use crate::host::{HostError, PackageManager};
use crate::looked::Looked;
use crate::places::Places;
use crate::previous::PackageVersion;
use crate::site::Rules;
use crate::site::checks::{Checks, Weight};

/// The checks by their keys in the site's file.
const REBOOT: &str = "reboot";
const OPEN_FILES: &str = "open_files";
/// How many files are named.
const MAXIMUM: usize = 8;
/// Units of the agent's own, and its programs.
const OWN: &str = "consignee";

/// What was found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Found {
    /// What holds the upgrade.
    pub held: Vec<Reason>,
    /// What is said, and holds nothing.
    pub told: Vec<Reason>,
}

impl Found {
    /// Something was found that weighs so much.
    pub fn add(&mut self, weight: Weight, reason: Reason) {
        match weight {
            Weight::Refuse => self.held.push(reason),
            Weight::Tell => self.told.push(reason),
            Weight::Off => {}
        }
    }

    /// A look that may have failed: what could not be looked at weighs as much as what would have been found.
    fn look(&mut self, weight: Weight, check: &str, look: impl FnOnce() -> Result<Option<Reason>, HostError>) {
        if weight == Weight::Off {
            return;
        }
        let unknown = |problem: HostError| Reason::CheckUnknown { check: check.to_owned(), cause: problem.to_string() };
        if let Some(reason) = look().unwrap_or_else(|problem| Some(unknown(problem))) {
            self.add(weight, reason);
        }
    }
}

/// A product on its host, as far as these looks have to know it.
pub struct Subject<'a> {
    /// Where everything is.
    pub places: &'a Places,
    /// The package manager.
    pub packages: &'a dyn PackageManager,
    /// The product.
    pub product: &'a ProductId,
    /// Its packages that are there.
    pub modules: Vec<PackageName>,
    /// The engines of every product: they are stopped by their own upgrades, or declared to live with this one.
    pub engines: BTreeSet<UnitName>,
}

impl<'a> Subject<'a> {
    pub(super) fn of(agent: &'a Agent, situation: &'a Situation<'_>, plan: &UpgradePlan) -> Self {
        let installed = situation.catalogue.entries.values().flat_map(|entry| entry.installed.values());
        let plans = installed.map(|found| &found.plan).chain([plan]);
        Self {
            places: &agent.places,
            packages: &*agent.packages,
            product: &situation.product.id,
            modules: situation.database.keys().cloned().collect(),
            engines: plans.flat_map(engines).collect(),
        }
    }

    /// What the site wants looked at. A file that cannot be used has a gate that says so.
    pub fn weights(&self) -> Checks {
        weights(self.places, self.product)
    }

    /// What the host itself says: quick, and asked at every beginning.
    pub fn look(&self) -> Found {
        let (mut found, weights) = (Found::default(), self.weights());
        found.look(weights.reboot, REBOOT, || {
            Ok(self.packages.reboot()?.map(|packages| Reason::RebootPending { packages }))
        });
        found.look(weights.open_files, OPEN_FILES, || self.open_files());
        found
    }

    fn open_files(&self) -> Result<Option<Reason>, HostError> {
        let files: BTreeSet<_> = self.packages.files(&self.modules)?.into_iter().collect();
        if files.is_empty() {
            return Ok(None);
        }
        let is_left_out =
            |unit: &str| unit.starts_with(OWN) || self.engines.iter().any(|engine| engine.as_str() == unit);
        let holders = others(&Sought { files, below: Vec::new() }, &is_left_out)?;
        let more = holders.len().saturating_sub(MAXIMUM);
        let files: Vec<HeldFile> = holders.into_iter().take(MAXIMUM).collect();
        Ok((!files.is_empty()).then_some(Reason::FilesHeldOpen { files, more }))
    }

    /// The first who have files of the product open, or any below these folders; its engines are among them.
    ///
    /// # Errors
    /// When it cannot be told.
    pub fn held_files(&self, below: &[PathBuf]) -> Result<Vec<HeldFile>, HostError> {
        let files = self.packages.files(&self.modules)?.into_iter().collect();
        let holders = others(&Sought { files, below: below.to_vec() }, &|unit| unit.starts_with(OWN))?;
        Ok(holders.into_iter().take(MAXIMUM).collect())
    }
}

fn others(sought: &Sought, is_left_out: &dyn Fn(&str) -> bool) -> Result<Vec<HeldFile>, HostError> {
    let mut holders = open_files::holders(sought, is_left_out)?;
    holders.retain(|holder| !holder.process.starts_with(OWN));
    let held = holders.into_iter().map(|holder| HeldFile {
        file: holder.file.display().to_string(),
        process: holder.process,
        pid: holder.pid,
        unit: holder.unit,
    });
    Ok(held.collect())
}

/// Whether [`Subject::look`] finds it: the rest takes a look at what is offered.
pub fn is_quick(reason: &Reason) -> bool {
    match reason {
        Reason::RebootPending { .. } | Reason::FilesHeldOpen { .. } => true,
        Reason::CheckUnknown { check, .. } => check == REBOOT || check == OPEN_FILES,
        _ => false,
    }
}

/// Every engine of a plan, under names of earlier releases, too.
pub fn engines(plan: &UpgradePlan) -> impl Iterator<Item = UnitName> + '_ {
    plan.body.engines.iter().chain(plan.body.renamed_engines.values()).cloned()
}

/// What the site wants looked at.
pub(super) fn weights(places: &Places, product: &ProductId) -> Checks {
    Rules::read(places, product).map(|rules| rules.checks).unwrap_or_default()
}

/// The host, for a product that a transaction wants to change. One that is being changed has passed.
pub fn of_host(agent: &Agent, situation: &Situation<'_>, plan: &UpgradePlan) -> Found {
    match situation.under_way() {
        Some(_) => Found::default(),
        None => {
            let subject = Subject::of(agent, situation, plan);
            let mut found = subject.look();
            writers::look(&plan.body.windows, subject.weights().identities, &mut found);
            found.held.extend(targets::reasons(agent, situation, plan));
            found
        }
    }
}

/// Everything, for a release that is offered: before any of its packages is on this host.
pub fn of_offer(agent: &Agent, situation: &Situation<'_>, plan: &UpgradePlan, release: Option<&FeedRelease>) -> Found {
    if situation.under_way().is_some() {
        return Found::default();
    }
    let subject = Subject::of(agent, situation, plan);
    let (mut found, weights) = (subject.look(), subject.weights());
    writers::look(&plan.body.windows, weights.identities, &mut found);
    found.held.extend(targets::reasons(agent, situation, plan));
    // Whoever looks into it would not come back.
    if found.held.iter().any(targets::does_not_answer) {
        return found;
    }
    let outlook = previous::outlook(agent, situation);
    found.look(weights.previous_packages, "previous_packages", || Ok(missing(&outlook.clone()?.missing)));
    found.look(weights.room, "room", || {
        let folder = situation.product.packages();
        let bytes = outlook.as_ref().map_or(0, |outlook| outlook.bytes);
        let mut needs = vec![room::Need { folder, bytes, purpose: Purpose::PreviousPackages }];
        // Unpacked they are no smaller than this; how large is known once they are here.
        let bytes = match release {
            Some(release) => arriving(agent, situation, release),
            None => to_come(agent, plan),
        };
        needs.extend(room::for_files(&agent.places, &agent.packages.files(&subject.modules)?, bytes));
        needs.extend(backup_room::needed(agent, situation, plan)?);
        room::for_upgrade(&needs)
    });
    found
}

/// What the last look found, for a release that it offered.
pub fn as_looked(situation: &Situation<'_>, plan: &UpgradePlan) -> Found {
    let looked = Looked::of(situation.product, &plan.envelope.version);
    let held = looked.iter().flat_map(|offer| &offer.held).filter(|reason| reason.is_of_the_host());
    Found { held: held.cloned().collect(), told: looked.iter().flat_map(|offer| offer.told.clone()).collect() }
}

/// That packages to go back to cannot be had.
pub fn missing(packages: &[PackageVersion]) -> Option<Reason> {
    let named = packages.iter().map(|missing| (missing.package.clone(), missing.version.clone()));
    let packages: Vec<_> = named.collect();
    (!packages.is_empty()).then_some(Reason::PreviousPackagesMissing { packages })
}

/// The same where no feed tells: what the package manager would have to fetch.
fn to_come(agent: &Agent, plan: &UpgradePlan) -> u64 {
    let sources = plan.body.modules.iter().filter_map(|module| {
        let version = agent.packages.native(&module.native)?;
        agent.packages.source(&module.package, version).ok()
    });
    sources.filter_map(|source| source.download).fold(0, u64::saturating_add)
}

/// The sizes of the packages that come, one build of each.
fn arriving(agent: &Agent, situation: &Situation<'_>, release: &FeedRelease) -> u64 {
    let ours = release.packages.iter().filter(|found| {
        situation.database.contains_key(&found.package) && agent.packages.native(&found.native).is_some()
    });
    let mut sizes: BTreeMap<&PackageName, u64> = BTreeMap::new();
    for found in ours {
        let size = sizes.entry(&found.package).or_insert(u64::MAX);
        *size = found.file.size.min(*size);
    }
    sizes.into_values().sum()
}
