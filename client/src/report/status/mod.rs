//! What is installed, offered, held and under way, product by product.

mod page;
mod room;

use std::collections::BTreeMap;

use consign_metadata::name::{PackageName, ProductId};
use consign_metadata::text::{Language, Text};
use consign_metadata::version::{Class, Version};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::advice::Advice;
use super::journey::JourneyStatus;
use super::state::{self, Standing};
use super::{FORMAT, advice, failure};
use crate::agent::timing::Timing;
use crate::configuration::{self, NewDefault};
use crate::data::Record;
use crate::engine::event::{Failure, ModuleChange, Packages, Reason};
use crate::engine::journal::{JournalError, Replay};
use crate::engine::machine::{HaltCause, State, Upgrade};
use crate::host::gap::Gap;
use crate::host::{HostError, PackageManager};
use crate::journey::Journey;
use crate::kept_back::{KeptBack, Reach};
use crate::looked::Looked;
use crate::notice::Notice;
use crate::outage;
use crate::places::Places;
use crate::previous::PreviousPackages;
use crate::product::Product;
use crate::request::Offer;

/// The answer of `consignee status --json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusReport {
    /// [`FORMAT`].
    pub format: u32,
    /// The most urgent standing of all products.
    pub standing: Standing,
    /// In order of name.
    pub products: Vec<ProductStatus>,
    /// What concerns a vendor as a whole: its keys, its repository.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
    /// Files of the agent's own that were removed; the package manager then does not ask it any more.
    #[serde(default)]
    pub removed: Vec<NewDefault>,
    /// What else keeps the package manager from asking the agent; left out where nothing does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}

/// One product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProductStatus {
    /// The product.
    pub product: ProductId,
    /// What a person has to think of it.
    pub standing: Standing,
    /// The version last finished; null before the first installation finished.
    pub finished: Option<Version>,
    /// Whether the engines are kept from starting.
    pub engines_kept_from_starting: bool,
    /// The newest upgrade, finished or not; null when there never was one.
    pub upgrade: Option<UpgradeStatus>,
    /// The version that the data was last seen at, and what was found instead; left out where no plan tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Record>,
    /// What the last look found and no upgrade speaks of: not verified, or out of reach from here.
    pub offers: Vec<Offer>,
    /// The way that it is on, over one upgrade or several; left out where it is on none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journey: Option<JourneyStatus>,
    /// Why the package manager passes the cleared upgrade over; left out where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_back: Option<Reach>,
    /// What is full where its upgrade under way has to write; left out where nothing is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub no_room: Vec<Reason>,
    /// Files of the site's beside which a new default of the vendor's lies.
    #[serde(default)]
    pub new_defaults: Vec<NewDefault>,
    /// Why its journals cannot be read, in English; else null.
    pub problem: Option<String>,
    /// What to type next, most useful first.
    pub commands: Vec<String>,
}

/// One upgrade as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UpgradeStatus {
    /// Its number within the product.
    pub number: u32,
    /// The version it starts from; null for a first installation.
    pub from: Option<Version>,
    /// The version it goes to.
    pub to: Version,
    /// The class of the change; null for a first installation.
    pub class: Option<Class>,
    /// The state, by the name in the state diagram.
    pub state: state::Code,
    /// When the last record was written.
    pub since: Timestamp,
    /// The step it is about, if any.
    pub step: Option<StepStatus>,
    /// What the package database said last.
    pub packages: Packages,
    /// Which package is where, while some have changed and others not; else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modules: Vec<ModuleStatus>,
    /// The packages of others that the command which finishes the package transaction takes along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_repaired: Vec<String>,
    /// The packages to go back to; left out where there are none, or it has not begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_packages: Option<PreviousPackages>,
    /// Why it is held; empty when it is not.
    pub reasons: Vec<Reason>,
    /// What the last look found on the host that keeps it back; left out where nothing does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<Reason>,
    /// What it found that keeps nothing back; left out where there is nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<Reason>,
    /// How a step or its undo failed, if one did.
    pub failure: Option<Failure>,
    /// When the maintenance window opens that it waits for; null when it waits for none.
    #[serde(default)]
    pub opens: Option<Timestamp>,
    /// How long its outage will probably be; null once it has begun, and where nothing tells.
    #[serde(default)]
    pub outage_estimate_seconds: Option<u64>,
    /// Whether it may be installed when nobody is there; false only where the site's file says so.
    #[serde(default = "yes")]
    pub unattended: bool,
    /// Whether it could be taken back from here.
    pub can_be_taken_back: bool,
}

impl UpgradeStatus {
    /// What keeps it back and passes by itself, or by what is done to the host.
    pub fn passing(&self) -> Vec<Reason> {
        let window = self.opens.map(|opens| Reason::OutsideWindow { opens });
        self.waits.iter().cloned().chain(window).collect()
    }

    fn is_passing(&self) -> bool {
        self.opens.is_some() || !self.waits.is_empty()
    }

    /// What to type where time or the host keeps it back, too; a window opens by itself while a gate is closed.
    fn advice(&self, upgrade: &Upgrade, language: Language) -> Option<Vec<Advice>> {
        let reasons: Vec<Reason> = match &upgrade.state {
            State::Cleared if self.is_passing() => self.passing(),
            State::Planned | State::Held if !self.waits.is_empty() => [&self.reasons[..], &self.waits[..]].concat(),
            _ => return None,
        };
        Some(advice::on_reasons(&upgrade.header.product, &reasons, language))
    }
}

/// A package of the product, as the package database has it now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleStatus {
    /// Its name.
    pub package: PackageName,
    /// The version it ought to have.
    pub wanted: String,
    /// The version it has; null where it is not installed.
    pub version: Option<String>,
    /// Whether it is configured and nothing is left to do for it.
    pub configured: bool,
}

fn yes() -> bool {
    true
}

/// A step of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepStatus {
    /// Place in the list, from 0; −1 is the old version's health.
    pub item: i64,
    /// Name in the plan; null for the old version's health.
    pub name: Option<String>,
    /// How often it was started.
    pub attempts: u32,
    /// What a person has to do, where the step is a task; else absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Text>,
}

/// The package of the agent itself.
const AGENT: &str = "consignee";

// What was read of one product, before it is put into a form.
#[derive(Debug)]
struct Seen {
    product: Product,
    status: ProductStatus,
    upgrade: Option<Upgrade>,
}

/// All products in a form of their own each.
#[derive(Debug)]
pub struct Overview {
    products: Vec<Seen>,
    notices: Vec<Notice>,
    removed: Vec<NewDefault>,
    gaps: Vec<Gap>,
}

impl Overview {
    /// Reads the journals of products. A damaged journal is part of the answer.
    ///
    /// # Errors
    /// When a journal cannot be read at all.
    pub fn of(products: &[Product]) -> Result<Self, JournalError> {
        let products = products.iter().map(Seen::of).collect::<Result<_, _>>()?;
        Ok(Self { products, notices: Vec::new(), removed: Vec::new(), gaps: Vec::new() })
    }

    /// With what concerns their vendors.
    #[must_use]
    pub fn with(self, notices: Vec<Notice>) -> Self {
        Self { notices, ..self }
    }

    /// Looks up which package is where, of upgrades that stand with some changed and others not, and whether
    /// there are packages to go back to, and what keeps the package manager from asking. A package database that cannot be read leaves the former out.
    #[must_use]
    pub fn with_packages(mut self, packages: &dyn PackageManager) -> Self {
        self.gaps = packages.gaps();
        for seen in &mut self.products {
            let (Some(upgrade), Some(status)) = (&seen.upgrade, &mut seen.status.upgrade) else { continue };
            status.previous_packages = PreviousPackages::of(&seen.product, upgrade, packages);
            if upgrade.is_under_way() && upgrade.packages == Packages::Partial {
                status.modules = modules(upgrade, packages).unwrap_or_default();
                status.also_repaired = packages.also_repaired().unwrap_or_default();
            }
        }
        self
    }

    /// With what else of the host a person has to know: files that were kept, or that are missing.
    #[must_use]
    pub fn on_host(mut self, places: &Places) -> Self {
        for seen in &mut self.products {
            seen.status.upgrade = seen.status.upgrade.take().map(|shown| timed(places, &seen.status.product, shown));
            seen.wait_for_window();
            seen.want_room();
            let modules = seen.upgrade.iter().flat_map(|upgrade| &upgrade.header.modules);
            seen.status.new_defaults = configuration::new_defaults(places, modules.map(|module| &module.package));
        }
        self.removed = configuration::removed(places, AGENT);
        self
    }

    /// What a person has to think of all of them.
    pub fn standing(&self) -> Standing {
        let urgent = self.notices.iter().any(Notice::is_urgent) || !self.removed.is_empty() || !self.gaps.is_empty();
        let urgent = urgent.then_some(Standing::Waits);
        self.products.iter().map(|seen| seen.status.standing).chain(urgent).max().unwrap_or(Standing::Well)
    }

    /// As data.
    pub fn report(&self) -> StatusReport {
        let products = self.products.iter().map(|seen| seen.status.clone()).collect();
        let (notices, removed, gaps) = (self.notices.clone(), self.removed.clone(), self.gaps.clone());
        StatusReport { format: FORMAT, standing: self.standing(), products, notices, removed, gaps }
    }
}

impl Seen {
    /// What is cleared and waits for its window, or for the host, is held like anything else, and nothing else
    /// holds it.
    fn wait_for_window(&mut self) {
        let (Some(upgrade), Some(shown)) = (&self.upgrade, &self.status.upgrade) else { return };
        let Some(typed) = shown.advice(upgrade, Language::En) else { return };
        self.status.standing = self.status.standing.max(Standing::Waits);
        self.status.kept_back = None;
        self.status.commands = typed.into_iter().map(|(command, _)| command).collect();
    }

    /// Nothing goes on where nothing can be written.
    fn want_room(&mut self) {
        let Some(upgrade) = self.upgrade.as_ref().filter(|upgrade| upgrade.is_under_way()) else { return };
        self.status.no_room = room::missing(&self.product, upgrade);
        let typed = room::advice(&self.status.no_room, upgrade, Language::En);
        self.status.commands.splice(0..0, typed.into_iter().map(|(command, _)| command));
    }

    /// On a journey that waits a person may have something to do; one that goes on is under way.
    fn go_somewhere(&mut self) {
        let finished = self.status.finished.as_ref();
        let journey = match Journey::read(&self.product) {
            Ok(journey) => journey,
            Err(error) => {
                self.status.problem.get_or_insert(error.to_string());
                return;
            }
        };
        let Some(journey) = journey.map(|journey| JourneyStatus::of(journey, finished)) else { return };
        let is_under_way = self.upgrade.as_ref().is_some_and(Upgrade::is_under_way);
        if !is_under_way {
            self.status.standing = if journey.waits.is_empty() { Standing::UnderWay } else { Standing::Waits };
            let typed = advice::on_reasons(&self.status.product, &journey.waits, Language::En);
            self.status.commands = typed.into_iter().map(|(command, _)| command).collect();
        }
        self.status.journey = Some(journey);
    }

    fn of(product: &Product) -> Result<Self, JournalError> {
        match read(product) {
            Ok((finished, newest)) => Ok(Self::new(product, finished, newest)),
            Err(error @ JournalError::Io { .. }) => Err(error),
            Err(error) => Ok(Self::broken(product, &error)),
        }
    }

    fn new(product: &Product, finished: Option<Version>, newest: Option<Replay>) -> Self {
        let since = newest.as_ref().and_then(|replay| replay.records.last()).map(|record| record.at);
        let upgrade = newest.and_then(|replay| replay.upgrade);
        let kept = product.is_unfinished();
        let offers = unspoken(product, finished.as_ref(), upgrade.as_ref());
        // What cannot be read is said by whoever looks at the data.
        let data = Record::read(product).ok().flatten();
        let differs = data.as_ref().is_some_and(|data| data.differs.is_some());
        let standing = match upgrade.as_ref().map_or(Standing::Well, |upgrade| state::standing(&upgrade.state)) {
            _ if differs => Standing::Halted,
            // No journal speaks of it yet: packages are arriving, and the agent begins when they are there.
            Standing::Well if kept => Standing::UnderWay,
            Standing::Well if !offers.is_empty() => Standing::Waits,
            standing => standing,
        };
        let kept_back = upgrade.as_ref().and_then(|upgrade| kept_back(product, upgrade));
        let mut commands = upgrade.as_ref().map(|u| advise(u, kept_back.as_ref(), Language::En)).unwrap_or_default();
        if differs {
            commands = vec![advice::data(&product.id, Language::En), advice::accept_data(&product.id, Language::En)];
        }
        let status = ProductStatus {
            product: product.id.clone(),
            standing,
            finished,
            engines_kept_from_starting: kept,
            upgrade: upgrade.as_ref().zip(since).map(|(upgrade, since)| upgrade_status(upgrade, since)),
            offers,
            journey: None,
            data,
            kept_back,
            no_room: Vec::new(),
            new_defaults: Vec::new(),
            problem: None,
            commands: commands.into_iter().map(|(command, _)| command).collect(),
        };
        let mut seen = Self { product: product.clone(), status, upgrade };
        seen.go_somewhere();
        seen
    }

    fn broken(product: &Product, error: &JournalError) -> Self {
        let status = ProductStatus {
            product: product.id.clone(),
            standing: Standing::Halted,
            finished: None,
            engines_kept_from_starting: product.is_unfinished(),
            upgrade: None,
            offers: Vec::new(),
            journey: None,
            data: None,
            kept_back: None,
            no_room: Vec::new(),
            new_defaults: Vec::new(),
            problem: Some(error.to_string()),
            commands: Vec::new(),
        };
        Self { product: product.clone(), status, upgrade: None }
    }
}

/// What keeps a cleared upgrade back beside the agent.
fn kept_back(product: &Product, upgrade: &Upgrade) -> Option<Reach> {
    let kept = KeptBack::read(product, &upgrade.header.to).filter(|_| upgrade.state == State::Cleared)?;
    Some(kept.reach)
}

fn advise(upgrade: &Upgrade, kept_back: Option<&Reach>, language: Language) -> Vec<Advice> {
    kept_back.map_or_else(|| advice::on_upgrade(upgrade, language), |reach| super::kept_back::advice(reach, language))
}

/// Offers that are held and have no journal that says so.
fn unspoken(product: &Product, finished: Option<&Version>, newest: Option<&Upgrade>) -> Vec<Offer> {
    let offers = Looked::read(product).map(|looked| looked.offers).unwrap_or_default();
    let is_news = |offer: &Offer| {
        let offered = offer.offered.as_ref();
        !offer.held.is_empty() && offered > finished && offered != newest.map(|upgrade| &upgrade.header.to)
    };
    // An upgrade may have finished since.
    let from = |offer: Offer| Offer { installed: finished.cloned(), ..offer };
    offers.into_iter().filter(is_news).map(from).collect()
}

fn read(product: &Product) -> Result<(Option<Version>, Option<Replay>), JournalError> {
    let finished = product.finished()?.map(|(version, _)| version);
    let newest = product.newest()?.map(|upgrade| product.replay(upgrade.header.upgrade)).transpose()?;
    Ok((finished, newest))
}

fn upgrade_status(upgrade: &Upgrade, since: Timestamp) -> UpgradeStatus {
    let header = &upgrade.header;
    let (reasons, failure) = match &upgrade.state {
        State::Halted { cause: HaltCause::Unsatisfied { reasons }, .. } => (reasons.clone(), None),
        State::Halted { cause, .. } => (Vec::new(), failure::behind(cause).cloned()),
        State::Stuck { failure, .. } => (Vec::new(), Some(failure.clone())),
        State::Held => (upgrade.reasons().to_vec(), None),
        _ => (Vec::new(), None),
    };
    UpgradeStatus {
        number: header.upgrade,
        from: header.from.clone(),
        to: header.to.clone(),
        class: header.class,
        state: state::code(&upgrade.state),
        since,
        step: state::item(&upgrade.state).map(|item| step_status(upgrade, item)),
        packages: upgrade.packages,
        modules: Vec::new(),
        also_repaired: Vec::new(),
        previous_packages: None,
        reasons,
        waits: Vec::new(),
        told: Vec::new(),
        failure,
        opens: None,
        outage_estimate_seconds: None,
        unattended: true,
        can_be_taken_back: upgrade.is_under_way() && upgrade.can_walk_back(),
    }
}

fn modules(upgrade: &Upgrade, packages: &dyn PackageManager) -> Result<Vec<ModuleStatus>, HostError> {
    let modules = &upgrade.header.modules;
    let names: Vec<PackageName> = modules.iter().map(|module| module.package.clone()).collect();
    let found: BTreeMap<_, _> = packages.observe(&names)?.into_iter().collect();
    let status = |module: &ModuleChange| ModuleStatus {
        package: module.package.clone(),
        wanted: module.after.clone(),
        version: found.get(&module.package).map(|found| found.version.clone()),
        configured: found.get(&module.package).is_some_and(|found| found.configured),
    };
    Ok(modules.iter().map(status).collect())
}

/// With what the site's rules say of it now; a file that cannot be used is a reason of its own.
fn timed(places: &Places, id: &ProductId, shown: UpgradeStatus) -> UpgradeStatus {
    let (product, is_offered) = (Product::new(places, id.clone()), shown.class.is_some());
    let waits = matches!(shown.state, state::Code::Planned | state::Code::Held | state::Code::Cleared);
    if !waits || !is_offered {
        return shown;
    }
    let looked = Looked::of(&product, &shown.to);
    let is_on_its_way = Journey::is_begun(&product);
    let holds = |reason: &&Reason| {
        reason.is_of_the_host() || (!is_on_its_way && matches!(reason, Reason::LongPreparation { .. }))
    };
    let found = looked.iter().flat_map(|offer| &offer.held).filter(holds);
    let (waits, told) = (found.cloned().collect(), looked.iter().flat_map(|offer| offer.told.clone()).collect());
    let shown = UpgradeStatus { outage_estimate_seconds: outage::estimate(&product), waits, told, ..shown };
    match Timing::of(places, &product, &shown.to, Timestamp::now()) {
        Ok(timing) => {
            let unattended = shown.class.is_none_or(|class| timing.is_free(class));
            UpgradeStatus { opens: timing.opens(), unattended, ..shown }
        }
        Err(_) => shown,
    }
}

fn step_status(upgrade: &Upgrade, item: i64) -> StepStatus {
    let index = usize::try_from(item).ok();
    let found = index.and_then(|index| upgrade.header.items.get(index));
    StepStatus {
        item,
        name: found.map(|item| item.name.clone()),
        task: found.and_then(|item| item.task.clone()),
        attempts: index.map_or(0, |index| upgrade.attempts(index)),
    }
}
