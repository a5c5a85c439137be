//! What is known of a product at one moment, under its lock.

use std::collections::BTreeSet;
use std::time::Duration;

use consign_metadata::name::PackageName;
use consign_metadata::plan::UpgradePlan;
use consign_metadata::version::Version;

use super::add_ons::{self, Prospect};
use super::catalogue::{Catalogue, Entry, SignedPlan, modules, plan_of};
use super::comparison::{self, Database};
use super::{Agent, AgentError, seeding};
use crate::add_on::{AddOn, Relations};
use crate::baseline::Baseline;
use crate::engine::event::Reason;
use crate::engine::machine::{HaltCause, State, Upgrade};
use crate::feed::Kept;
use crate::gate::{self, Asking, Case};
use crate::host::Arrival;
use crate::product::Product;
use crate::trust::Trust;

/// Left by the hook where a first install was seen and nobody could take it up: in a chroot, or because
/// only the end of the transaction tells which packages take part.
const DEFERRED: &str = "deferred";

/// Whether an upgrade has taken the place of one that has not ended, and has changed nothing: everything is as that
/// one left it.
pub(super) fn stands_for_another(upgrade: &Upgrade) -> bool {
    let is_open = matches!(upgrade.state, State::Planned | State::Held | State::Cleared | State::Cancelled);
    is_open && !upgrade.has_left_before() && upgrade.header.supersedes.is_some()
}

/// A product as it stands.
#[derive(Debug)]
pub struct Situation<'a> {
    /// What this host trusts.
    pub trust: &'a Trust,
    /// The product.
    pub product: &'a Product,
    /// The newest upgrade, whatever its state.
    pub newest: Option<Upgrade>,
    /// What was last finished, with its packaging revision.
    pub finished: Option<(Version, Option<u32>)>,
    /// The one plan of all its packages on this host.
    pub installed: Option<&'a SignedPlan>,
    /// What the package database has of it.
    pub database: Database,
    /// The release that was there before any upgrade, where none has begun.
    pub baseline: Option<Baseline>,
    /// Whether a first install waits to be taken up.
    pub deferred: bool,
    /// How its packages came, where it has no journal.
    pub arrival: Arrival,
    /// How other products are going to be.
    pub prospect: Prospect<'a>,
    /// All products.
    pub catalogue: &'a Catalogue,
}

impl<'a> Situation<'a> {
    /// Looks at journals and packages.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn of(agent: &Agent, catalogue: &'a Catalogue, entry: &'a Entry) -> Result<Self, AgentError> {
        Self::with(agent, catalogue, entry, &BTreeSet::new())
    }

    /// As [`Self::of`], with packages that are about to become a part of it.
    ///
    /// # Errors
    /// Those of [`Self::of`].
    pub fn with(
        agent: &Agent,
        catalogue: &'a Catalogue,
        entry: &'a Entry,
        more: &BTreeSet<PackageName>,
    ) -> Result<Self, AgentError> {
        let packages: Vec<PackageName> = entry.packages.union(more).cloned().collect();
        let newest = entry.product.newest()?;
        let baseline = match newest {
            None => Baseline::read(&entry.product).map_err(AgentError::io("read what was there first"))?,
            Some(_) => None,
        };
        let is_marked = entry.product.folder().join(DEFERRED).exists();
        let arrival = match entry.plan().filter(|_| newest.is_none() && baseline.is_none()) {
            Some(found) => agent.packages.arrival(&modules(&found.plan).collect::<Vec<_>>(), is_marked)?,
            None => Arrival::Known,
        };
        // Before anybody writes down that these packages are known.
        if arrival != Arrival::Known && !is_marked {
            Self::defer(&entry.product)?;
        }
        Ok(Self {
            trust: &catalogue.trust,
            product: &entry.product,
            newest,
            baseline,
            finished: entry.product.finished()?,
            installed: entry.plan(),
            database: agent.packages.observe(&packages)?.into_iter().collect(),
            deferred: is_marked || arrival != Arrival::Known,
            arrival,
            prospect: Prospect::default(),
            catalogue,
        })
    }

    /// The version that an upgrade starts from; `None` for a first install.
    ///
    /// Packages that are there without any journal are a baseline, unless a first install is known to
    /// wait: then they have just been unpacked and nothing of theirs was run. Of a baseline that was seen
    /// before it counts what it was then.
    pub fn from(&self, agent: &Agent) -> Option<Version> {
        if let Some((version, _)) = &self.finished {
            return Some(version.clone());
        }
        if let Some(newest) = &self.newest {
            return newest.header.from.clone();
        }
        if let Some(baseline) = self.baseline.as_ref().filter(|_| !self.deferred) {
            return Some(baseline.version.clone());
        }
        let installed = self.installed.filter(|_| !self.deferred)?;
        let is_there = comparison::is_installed(&*agent.packages, &installed.plan, &self.database);
        is_there.then(|| installed.plan.envelope.version.clone())
    }

    /// Whether a plan is what was last finished.
    pub fn is_finished(&self, plan: &UpgradePlan) -> bool {
        self.finished.as_ref().is_some_and(|(version, revision)| {
            *version == plan.envelope.version && revision.is_none_or(|r| r == plan.envelope.revision)
        })
    }

    /// Whether no package of it is on the host any more.
    pub fn is_gone(&self) -> bool {
        self.database.is_empty()
    }

    /// An upgrade of it that has begun and not ended.
    pub fn under_way(&self) -> Option<&Upgrade> {
        self.newest.as_ref().filter(|upgrade| upgrade.is_under_way())
    }

    /// The upgrade whose place another one takes: one that has begun and not ended. Where its fix came to nothing
    /// before any package had changed, still the one that the fix was for: its data is as it left them.
    pub fn to_replace(&self) -> Option<Upgrade> {
        if let Some(upgrade) = self.under_way() {
            return Some(upgrade.clone());
        }
        let newest = self.newest.as_ref().filter(|upgrade| stands_for_another(upgrade))?;
        let replaced = newest.header.supersedes.filter(|number| *number < newest.header.upgrade)?;
        self.product.replay(replaced).ok()?.upgrade
    }

    /// The plan of the version before: it tells which engines are new or retired.
    pub fn previous(&self, target: &UpgradePlan) -> Option<UpgradePlan> {
        let finished = self.last_finished().and_then(|upgrade| plan_of(self.trust, self.product, &upgrade).ok());
        finished
            .map(|found| found.plan)
            .or_else(|| self.installed.map(|found| found.plan.clone()))
            .filter(|previous| previous.digest != target.digest)
    }

    /// The upgrade that was last finished.
    pub fn last_finished(&self) -> Option<Upgrade> {
        let numbers = self.product.upgrades().ok()?;
        numbers.into_iter().rev().find_map(|number| {
            let upgrade = self.product.replay(number).ok()?.upgrade?;
            matches!(upgrade.state, crate::engine::machine::State::Completed).then_some(upgrade)
        })
    }

    /// The add-ons whose steps an upgrade by this plan runs, in order of name.
    pub fn joining(&self, agent: &Agent, plan: &UpgradePlan, from: Option<&Version>) -> Vec<AddOn> {
        if from.is_none_or(|from| *from == plan.envelope.version) {
            return Vec::new();
        }
        let mut add_ons = add_ons::relations(agent, self.catalogue, plan, self.prospect).add_ons;
        add_ons.retain(|add_on| add_on.joins(plan));
        add_ons
    }

    /// An upgrade whose list is frozen and walked is not judged by its add-ons again.
    fn relations(&self, agent: &Agent, plan: &UpgradePlan) -> Relations {
        let is_walked = |upgrade: &Upgrade| {
            let is_unsatisfied = matches!(upgrade.state, State::Halted { cause: HaltCause::Unsatisfied { .. }, .. });
            upgrade.header.plan == plan.digest && !is_unsatisfied
        };
        match self.under_way().is_some_and(is_walked) {
            true => Relations::default(),
            false => add_ons::relations(agent, self.catalogue, plan, self.prospect),
        }
    }

    /// Everything that stands in the way of a plan. Prerequisites are asked for with this patience; without
    /// any, what the last look found counts.
    pub fn reasons(
        &self,
        agent: &Agent,
        plan: &UpgradePlan,
        from: &Version,
        patience: Option<Duration>,
    ) -> Vec<Reason> {
        if patience.is_some() {
            seeding::seed(agent, self, plan, from);
        }
        let kept = self.trust.vendor(&self.product.id.vendor).map(|vendor| Kept::all(&agent.places, vendor));
        let shards =
            kept.unwrap_or_default().into_iter().filter_map(|kept| kept.shard(&self.product.id).ok().flatten());
        let release = shards.flat_map(|shard| shard.releases).find(|release| release.plan == plan.digest);
        gate::reasons(&Case {
            places: &agent.places,
            product: self.product,
            plan,
            from,
            newest: self.newest.as_ref(),
            release: release.as_ref(),
            relations: &self.relations(agent, plan),
            agent: &agent.version,
            asking: patience.map(|patience| Asking { programs: &*agent.programs, patience }),
        })
    }

    /// A first install was seen; it is taken up when its transaction is over.
    ///
    /// # Errors
    /// When it cannot be made durable.
    pub fn defer(product: &Product) -> Result<(), AgentError> {
        let failed = || AgentError::io(format!("keep the engines of {} from starting", product.id));
        product.set_unfinished().map_err(failed())?;
        crate::durable::replace(&product.folder().join(DEFERRED), b"").map_err(failed())
    }

    /// Whether packages of a first install, of which nobody told, are probably still to come.
    pub fn is_coming(&self) -> bool {
        self.arrival == Arrival::Coming
    }

    /// It was taken up: its journal has begun.
    ///
    /// # Errors
    /// When that cannot be made durable.
    pub fn take_up(&self) -> Result<(), AgentError> {
        if !self.deferred {
            return Ok(());
        }
        crate::durable::remove(&self.product.folder().join(DEFERRED))
            .map_err(AgentError::io(format!("take up the first install of {}", self.product.id)))
    }
}
