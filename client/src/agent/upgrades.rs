//! What is written down about an upgrade before and beside its steps.

use std::collections::BTreeSet;

use consign_metadata::name::PackageName;
use consign_metadata::plan::UpgradePlan;
use consign_metadata::version::Version;

use super::catalogue::{SignedPlan, plan_of};
use super::situation::Situation;
use super::{Agent, AgentError, comparison, holding, putting_back, telling};
use crate::add_on::{AddOn, Joined};
use crate::backup;
use crate::engine::event::{
    Event, FORMAT, FORMAT_WITH_ADD_ONS, FORMAT_WITH_BACKUP, Header, ModuleChange, Packages, Reason,
};
use crate::engine::journal::{Journal, JournalError};
use crate::engine::machine::{HaltCause, State, Upgrade};
use crate::engine::runner::{self, Context, Runner, Standing};
use crate::previous::{self, PackageVersion};
use crate::replaced::Replaced;

/// Opens the journal of the upgrade to a plan, or begins it. Whatever was planned before and never begun
/// is superseded, and so is an upgrade that halted and gets this one as its fix.
///
/// `joining` are packages that are not there yet and will take part.
///
/// # Errors
/// [`AgentError`]
pub fn open_or_begin(
    agent: &Agent,
    situation: &Situation<'_>,
    target: &SignedPlan,
    from: Option<&Version>,
    joining: &BTreeSet<PackageName>,
) -> Result<Journal, AgentError> {
    let modules = changes(agent, situation, &target.plan, joining);
    let add_ons = situation.joining(agent, &target.plan, from);
    if let Some(upgrade) = &situation.newest
        && is_same(upgrade, &target.plan, from, &modules, &add_ons)
        && let Some(journal) = situation.product.open(upgrade.header.upgrade)?
    {
        return Ok(journal);
    }
    begin(agent, situation, target, header(agent, &target.plan, from, modules, &add_ons), &add_ons)
}

/// Begins the upgrade of a product anew when other add-ons would join than those of its frozen list: it
/// was found past its gates before any of it was run. `None` when the same would join.
///
/// # Errors
/// [`AgentError`]
pub fn begin_with_others(
    agent: &Agent,
    situation: &Situation<'_>,
    target: &SignedPlan,
    upgrade: &Upgrade,
) -> Result<Option<Journal>, AgentError> {
    let from = upgrade.header.from.as_ref();
    let add_ons = situation.joining(agent, &target.plan, from);
    if are_joined(upgrade, &add_ons) {
        return Ok(None);
    }
    let header = header(agent, &target.plan, from, upgrade.header.modules.clone(), &add_ons);
    begin(agent, situation, target, header, &add_ons).map(Some)
}

fn begin(
    agent: &Agent,
    situation: &Situation<'_>,
    target: &SignedPlan,
    header: Header,
    add_ons: &[AddOn],
) -> Result<Journal, AgentError> {
    let supersedes = situation.to_replace().map(|upgrade| upgrade.header.upgrade);
    let header = inherit(situation, Header { supersedes, ..header });
    let plans: Vec<_> = add_ons.iter().map(|add_on| (add_on.plan.id(), add_on.signed.clone())).collect();
    let journal = situation.product.begin_with(header, &target.signed, &plans, agent.clock.now())?;
    supersede_others(agent, situation, journal.upgrade().header.upgrade)?;
    Ok(journal)
}

/// What an upgrade takes over of those whose place it takes: that people have worked since, and that the data
/// of before is lost. Nor is there a way back where nobody knows what a package was that is there already.
fn inherit(situation: &Situation<'_>, mut header: Header) -> Header {
    let product = situation.product;
    header.has_served = product.replaced_by(&header).iter().any(Upgrade::has_served);
    let is_unknown =
        |module: &ModuleChange| module.before.is_none() && situation.database.contains_key(&module.package);
    let is_lost = header.from.is_some() && header.supersedes.is_none() && header.modules.iter().any(is_unknown);
    if is_lost || !backup::can_cover(product, &header) {
        header.items.iter_mut().filter(|item| item.packages).for_each(|item| item.undo = false);
    }
    header
}

fn is_same(
    upgrade: &Upgrade,
    plan: &UpgradePlan,
    from: Option<&Version>,
    modules: &[ModuleChange],
    add_ons: &[AddOn],
) -> bool {
    let header = &upgrade.header;
    let would_be = || header.from.as_ref() == from && header.modules == modules && are_joined(upgrade, add_ons);
    header.plan == plan.digest && (upgrade.is_under_way() || (!upgrade.is_over() && would_be()))
}

fn are_joined(upgrade: &Upgrade, add_ons: &[AddOn]) -> bool {
    upgrade.header.joined.iter().cloned().eq(add_ons.iter().map(AddOn::named))
}

fn header(
    agent: &Agent,
    plan: &UpgradePlan,
    from: Option<&Version>,
    modules: Vec<ModuleChange>,
    add_ons: &[AddOn],
) -> Header {
    let envelope = &plan.envelope;
    let joined: Vec<&UpgradePlan> = add_ons.iter().map(|add_on| &add_on.plan).collect();
    Header {
        format: format(plan, from, &joined),
        upgrade: 0,
        product: plan.id(),
        plan: plan.digest,
        from: from.cloned(),
        to: envelope.version.clone(),
        revision: envelope.revision,
        class: from.map(|from| envelope.class_rule.between(from, &envelope.version)),
        modules,
        items: runner::items_with(plan, from, &joined),
        supersedes: None,
        has_served: false,
        joined: add_ons.iter().map(AddOn::named).collect(),
        agent: agent.version.clone(),
    }
}

/// The lowest that can tell what may happen, so that the oldest agent that could go on also reads it.
fn format(plan: &UpgradePlan, from: Option<&Version>, joined: &[&UpgradePlan]) -> u32 {
    let is_third = plan.body.has_procedure() || plan.body.data.is_some() || (plan.backup().is_some() && from.is_some());
    match (is_third, joined.is_empty()) {
        (true, _) => FORMAT_WITH_BACKUP,
        (false, false) => FORMAT_WITH_ADD_ONS,
        (false, true) => FORMAT,
    }
}

/// The packages that take part: those of the plan that are on the host or about to come.
fn changes(
    agent: &Agent,
    situation: &Situation<'_>,
    plan: &UpgradePlan,
    joining: &BTreeSet<PackageName>,
) -> Vec<ModuleChange> {
    let finished = situation.last_finished();
    // Of a package that is there already, only what was last finished tells what it was.
    let was = |package: &PackageName| {
        let mut modules = finished.iter().flat_map(|upgrade| &upgrade.header.modules);
        modules.find(|module| module.package == *package).map(|module| module.after.clone())
    };
    let change = |module: &consign_metadata::plan::Module| {
        let here = situation.database.get(&module.package);
        let after = expected(agent, module, here.map(|found| &*found.version))?;
        let before = here.and_then(|found| match found.version == after {
            true => was(&module.package).filter(|version| *version != after),
            false => Some(found.version.clone()),
        });
        (here.is_some() || joining.contains(&module.package)).then(|| ModuleChange {
            package: module.package.clone(),
            before,
            after,
        })
    };
    plan.body.modules.iter().filter_map(change).collect()
}

/// The build that comes, of a release that has one for each release of a distribution: what the package
/// manager would install; where it knows of none, what is there.
fn expected(agent: &Agent, module: &consign_metadata::plan::Module, here: Option<&str>) -> Option<String> {
    let builds: Vec<&str> = comparison::natives(&*agent.packages, module).collect();
    if let [_, _, ..] = builds[..] {
        let candidate = agent.packages.candidate(&module.package).ok().flatten();
        let known = [candidate.as_deref(), here].into_iter().flatten().find(|version| builds.contains(version));
        if let Some(known) = known {
            return Some(known.to_owned());
        }
    }
    builds.first().map(|build| (*build).to_owned())
}

fn supersede_others(agent: &Agent, situation: &Situation<'_>, by: u32) -> Result<(), AgentError> {
    let numbers = situation.product.upgrades().map_err(AgentError::io("list the upgrades"))?;
    for number in numbers.into_iter().filter(|number| *number < by) {
        let replay = situation.product.replay(number)?;
        if replay.upgrade.is_some_and(|upgrade| upgrade.is_over()) {
            continue;
        }
        let Some(mut journal) = situation.product.open(number)? else { continue };
        if let Err(JournalError::Illegal(problem)) = journal.append(Event::Superseded { by }, agent.clock.now()) {
            log::warn!("{}, upgrade {number}: {problem}", situation.product.id);
        }
    }
    Ok(())
}

/// Writes down what the gates say, unless it is what they said last.
///
/// # Errors
/// [`JournalError`]
pub fn judge(agent: &Agent, journal: &mut Journal, reasons: &[Reason]) -> Result<(), JournalError> {
    let upgrade = journal.upgrade();
    let event = match (&upgrade.state, reasons.is_empty()) {
        (State::Cleared, true) => return Ok(()),
        (State::Planned | State::Held, true) => Event::Cleared,
        (State::Held, false) if upgrade.reasons() == reasons => return Ok(()),
        (State::Planned | State::Held | State::Cleared, false) => Event::Held { reasons: reasons.to_vec() },
        _ => return Ok(()),
    };
    journal.append(event, agent.clock.now())
}

/// Writes down what the package database says.
///
/// # Errors
/// [`JournalError`]
pub fn observed(agent: &Agent, journal: &mut Journal, observed: Packages, ended: bool) -> Result<(), JournalError> {
    journal.append(Event::Packages { observed, ended }, agent.clock.now())
}

/// A new transaction towards the same version: the retry of an upgrade that halted at its packages, or before them
/// when the last transaction was gone. One that is prepared and waits there needs none.
///
/// # Errors
/// [`JournalError`]
pub fn retry(agent: &Agent, journal: &mut Journal) -> Result<(), JournalError> {
    let packages = journal.upgrade().packages_item();
    match journal.upgrade().state {
        State::Halted { item, ref cause } if item == packages || *cause == HaltCause::Abandoned => {
            journal.append(Event::Retry { by: None }, agent.clock.now())
        }
        _ => Ok(()),
    }
}

/// What a runner is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Everything before the packages, for a transaction that waits.
    Prepare,
    /// Everything that can be done.
    Proceed {
        /// Whether a transaction is open that may still change the packages.
        live: bool,
    },
    /// Only stop the engines, of an upgrade that halted before it could prepare.
    StopEngines,
}

/// Lets a runner carry out a task on the upgrade of a journal.
///
/// # Errors
/// [`AgentError`]; also when its plan does not verify any more.
pub fn carry_out(
    agent: &Agent,
    situation: &Situation<'_>,
    journal: &mut Journal,
    task: Task,
) -> Result<Standing, AgentError> {
    let target = plan_of(situation.trust, situation.product, journal.upgrade())?;
    let previous = situation.previous(&target.plan);
    let joined = Joined::kept(situation.trust, situation.product, &journal.upgrade().header)?;
    let header = journal.upgrade().header.clone();
    let replaced = replaced(situation, &header);
    let tell = |message: &str| telling::outage_begins(agent, situation.product, &header, message);
    let put_back = |upgrade: &Upgrade| putting_back::put_back(agent, situation, upgrade);
    let context = Context {
        places: &agent.places,
        product: situation.product,
        plan: &target.plan,
        joined: &joined,
        previous: previous.as_ref(),
        replaced: &replaced,
        services: &*agent.services,
        programs: &*agent.programs,
        clock: &*agent.clock,
        put_back: &put_back,
        holders: &|| holding::holders(agent, situation, &target.plan),
        tell: &tell,
    };
    if task != Task::StopEngines {
        note_kept(agent, situation, journal)?;
    }
    let standing = run(context, journal, task);
    telling::settle(agent, situation.product);
    standing
}

fn replaced(situation: &Situation<'_>, header: &Header) -> Vec<Replaced> {
    let earlier = situation.product.replaced_by(header).into_iter();
    let with_plan = |upgrade: Upgrade| {
        let plan = plan_of(situation.trust, situation.product, &upgrade).map(|found| found.plan);
        if let Err(problem) = &plan {
            log::warn!("{}, upgrade {}: {problem}", situation.product.id, upgrade.header.upgrade);
        }
        Replaced { plan: plan.ok().filter(|plan| plan.digest == upgrade.header.plan), upgrade }
    };
    earlier.map(with_plan).collect()
}

/// Writes down whether the packages to go back to are there, before the steps begin; again where that has
/// changed, as when a person has brought what was missing.
fn note_kept(agent: &Agent, situation: &Situation<'_>, journal: &mut Journal) -> Result<(), JournalError> {
    let upgrade = journal.upgrade();
    let packages = upgrade.packages_item();
    let is_before = match &upgrade.state {
        State::Cleared => true,
        State::Forward { item, .. } | State::Halted { item, .. } => *item <= packages,
        _ => false,
    };
    let can_return = upgrade.header.items.get(packages).is_some_and(|item| item.undo);
    if !is_before || !can_return || upgrade.packages_are_kept() {
        return Ok(());
    }
    let folder = situation.product.packages();
    let is_missing = |old: &PackageVersion| agent.packages.file_in(&folder, &old.package, &old.version).is_none();
    let missing = previous::before(situation.product, upgrade).into_iter().filter(is_missing);
    let missing: Vec<_> = missing.map(|old| (old.package, old.version)).collect();
    match upgrade.packages_missing() == Some(&missing) {
        true => Ok(()),
        false => journal.append(Event::PackagesKept { missing }, agent.clock.now()),
    }
}

fn run(context: Context<'_>, journal: &mut Journal, task: Task) -> Result<Standing, AgentError> {
    let mut runner = Runner::new(context, journal);
    match task {
        Task::Prepare => Ok(runner.prepare()?),
        Task::Proceed { live } => Ok(runner.proceed(live)?),
        Task::StopEngines => {
            runner.stop_engines(STOP_LIMIT).map_err(|trouble| AgentError::NotNow(trouble.to_string()))?;
            Ok(Standing::Person)
        }
    }
}

/// How long engines may take to stop where no step of a plan says it.
pub const STOP_LIMIT: std::time::Duration = std::time::Duration::from_secs(120);
