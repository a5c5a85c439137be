//! The packages of before are put back, by a transaction of the agent's own.
//!
//! It runs with the product's lock held, and the package manager's hooks ask this very service in the middle of
//! it. What they ask is known by the journal, where the undo of the packages has begun, and passes without the
//! lock.

use std::path::PathBuf;
use std::time::Duration;

use consign_metadata::name::PackageName;

use super::previous::Keeping;
use super::situation::Situation;
use super::{Agent, torn};
use crate::engine::machine::{Activity, State, Upgrade};
use crate::host::HostError;
use crate::places::Places;
use crate::previous::{self, PackageVersion};
use crate::product::Product;
use crate::request::PackageAction;

/// How long another transaction is waited for: most often the one whose finish has just failed.
const PATIENCE: Duration = Duration::from_secs(1800);
const POLL: Duration = Duration::from_secs(1);

/// Puts the packages of before an upgrade back, from the product's own folder, and takes away those that came
/// with it.
///
/// # Errors
/// In the package manager's words; also when a package is not there or not what its vendor signed.
pub fn put_back(agent: &Agent, situation: &Situation<'_>, upgrade: &Upgrade) -> Result<(), HostError> {
    let wanted = previous::before(situation.product, upgrade);
    let gone = newcomers(upgrade, &wanted);
    if wanted.is_empty() {
        return Err(failed("nobody knows which they were".to_owned()));
    }
    let is_back = || -> Result<bool, HostError> {
        Ok(is_back(agent, &wanted, &gone)? && torn::files(agent, situation.product, upgrade)?.is_empty())
    };
    if is_back()? {
        return reload(agent);
    }
    wait_for_others(agent)?;
    // One of them may have been this very one, begun by an agent that was killed.
    if is_back()? {
        return reload(agent);
    }
    let files = files(agent, situation, &wanted)?;
    let done = agent.packages.put_back(&files, &gone);
    match is_back()? {
        true => reload(agent),
        false => Err(done.err().unwrap_or_else(unchanged)),
    }
}

/// The packages that were not there before.
fn newcomers(upgrade: &Upgrade, wanted: &[PackageVersion]) -> Vec<PackageName> {
    let modules = upgrade.header.modules.iter().map(|module| &module.package);
    modules.filter(|package| wanted.iter().all(|old| old.package != **package)).cloned().collect()
}

fn is_back(agent: &Agent, wanted: &[PackageVersion], gone: &[PackageName]) -> Result<bool, HostError> {
    let packages: Vec<PackageName> = wanted.iter().map(|old| &old.package).chain(gone).cloned().collect();
    let here = agent.packages.observe(&packages)?;
    let is_there = |old: &PackageVersion| {
        here.iter().any(|(name, found)| *name == old.package && found.version == old.version && found.configured)
    };
    Ok(wanted.iter().all(is_there) && here.iter().all(|(name, _)| !gone.contains(name)))
}

fn files(agent: &Agent, situation: &Situation<'_>, wanted: &[PackageVersion]) -> Result<Vec<PathBuf>, HostError> {
    let kept = Keeping::of(agent, situation).map_err(|cause| failed(cause.to_string()))?;
    wanted.iter().map(|old| kept.file(old).map_err(failed)).collect()
}

fn wait_for_others(agent: &Agent) -> Result<(), HostError> {
    let deadline = agent.clock.running() + PATIENCE;
    while agent.packages.transaction()?.is_some() {
        if agent.clock.running() >= deadline {
            return Err(failed("another package transaction does not end".to_owned()));
        }
        agent.clock.sleep(POLL);
    }
    Ok(())
}

/// The unit files are those of before again.
fn reload(agent: &Agent) -> Result<(), HostError> {
    agent.services.reload()
}

fn unchanged() -> HostError {
    failed("the package manager reports no error, and the packages are not those of before".to_owned())
}

fn failed(reason: String) -> HostError {
    HostError { action: "put the previous packages back".to_owned(), reason }
}

/// The packages that are being put back at this moment, and those that go with it.
#[derive(Debug, Default)]
pub struct UnderWay {
    returning: Vec<PackageVersion>,
    going: Vec<PackageName>,
}

impl UnderWay {
    /// Of all products. A journal that cannot be read says nothing here; whoever works on it says so.
    pub fn on(places: &Places) -> Self {
        let mut found = Self::default();
        for product in Product::all(places).unwrap_or_default() {
            let Ok(Some(upgrade)) = product.newest() else { continue };
            if is_putting_back(&upgrade) {
                let before = previous::before(&product, &upgrade);
                found.going.extend(newcomers(&upgrade, &before));
                found.returning.extend(before);
            }
        }
        found
    }

    /// Whether a transaction does just that with every package of ours in it.
    pub fn is(&self, actions: &[PackageAction], managed: &[PackageName]) -> bool {
        let is_ours = |action: &&PackageAction| managed.iter().any(|name| name.as_str() == action.package);
        let mut ours = actions.iter().filter(is_ours).peekable();
        ours.peek().is_some() && ours.all(|action| self.has(action))
    }

    /// Whether a package is on its way back, or away.
    pub fn concerns(&self, package: &PackageName) -> bool {
        self.returning.iter().any(|old| old.package == *package) || self.going.contains(package)
    }

    fn has(&self, action: &PackageAction) -> bool {
        match &action.after {
            None if action.remove => self.going.iter().any(|name| name.as_str() == action.package),
            // Configured only, at the version that was just unpacked.
            None => self.returning.iter().any(|old| old.package.as_str() == action.package),
            Some(after) => {
                self.returning.iter().any(|old| old.package.as_str() == action.package && old.version == *after)
            }
        }
    }
}

/// Whether the undo of the packages has begun and not ended. Also where it was found cut off: what runs it outlives
/// the agent, and asks whoever comes after.
pub fn is_putting_back(upgrade: &Upgrade) -> bool {
    let packages = i64::try_from(upgrade.packages_item()).unwrap_or(i64::MAX);
    matches!(upgrade.state, State::Backward { item, activity: Activity::Busy | Activity::Interrupted } if item == packages)
}
