//! What nobody goes back to any more goes, once an upgrade has ended well: packages and backups. An attempt that was
//! refused, or taken back, takes nothing away that somebody may still want.

use std::path::{Path, PathBuf};

use super::previous::{entries, remove};
use super::situation::Situation;
use super::{Agent, AgentError, targets};
use crate::backup;
use crate::engine::event::ModuleChange;
use crate::engine::machine::{State, Upgrade};
use crate::previous::{self, PackageVersion};
use crate::pruning::{self, Set};
use crate::site::Rules;
use crate::site::keep::Allowance;

/// Removes what the site's allowance does not cover. What cannot be told or removed stays. Under the product's lock,
/// with no transaction open.
pub fn tidy(agent: &Agent, situation: &Situation<'_>) {
    let product = situation.product;
    if !product.newest().is_ok_and(|newest| newest.is_some_and(|upgrade| is_here(situation, &upgrade))) {
        return;
    }
    if !targets::answer(product) {
        return log::warn!("{}: its folders do not answer", product.id);
    }
    let keep = match Rules::read(&agent.places, &product.id) {
        Ok(rules) => rules.keep,
        Err(problem) => return log::warn!("{}: {problem}", product.id),
    };
    if let Err(problem) = backup::prune(product, keep.backups, agent.clock.now()) {
        log::warn!("{}: {problem}", product.id);
    }
    match superfluous(agent, situation, keep.packages) {
        Ok(gone) => gone.iter().for_each(|path| remove(path)),
        Err(problem) => log::warn!("{}: {problem}", product.id),
    }
}

/// Whether an upgrade has ended well and what it brought is installed: a product that was removed keeps what it has
/// until it is purged.
fn is_here(situation: &Situation<'_>, upgrade: &Upgrade) -> bool {
    let is_installed = |module: &ModuleChange| {
        situation.database.get(&module.package).is_some_and(|found| found.version == module.after)
    };
    upgrade.state == State::Completed && upgrade.header.modules.iter().all(is_installed)
}

/// All but the packages that are installed, and sets of those that upgrades have left behind.
fn superfluous(agent: &Agent, situation: &Situation<'_>, allowance: Allowance) -> Result<Vec<PathBuf>, AgentError> {
    let (product, folder) = (situation.product, situation.product.packages());
    let mut stays = files(agent, &folder, installed(situation));
    let mut sets: Vec<Set<Vec<PathBuf>>> = Vec::new();
    let in_use = pruning::in_use(product)?;
    for number in product.upgrades().map_err(AgentError::io("list the upgrades"))?.into_iter().rev() {
        let replay = product.replay(number)?;
        let (Some(upgrade), Some(first)) = (replay.upgrade, replay.records.first()) else { continue };
        let key = files(agent, &folder, previous::before(product, &upgrade));
        if upgrade.has_left_before() && !key.is_empty() && sets.iter().all(|set| set.key != key) {
            sets.push(Set { key, at: first.at, verified: true, in_use: in_use.contains(&number) });
        }
    }
    let gone = pruning::superfluous(&sets, allowance, agent.clock.now());
    stays.extend(sets.into_iter().map(|set| set.key).filter(|key| !gone.contains(key)).flatten());
    Ok(entries(&folder).into_iter().filter(|path| !stays.contains(path)).collect())
}

/// They are the ones that the next upgrade goes back to.
fn installed(situation: &Situation<'_>) -> Vec<PackageVersion> {
    let installed = situation.database.iter();
    let installed = installed.map(|(package, found)| (package.clone(), found.version.clone()));
    installed.map(|(package, version)| PackageVersion { package, version }).collect()
}

fn files(agent: &Agent, folder: &Path, packages: Vec<PackageVersion>) -> Vec<PathBuf> {
    let file = |found: PackageVersion| agent.packages.file_in(folder, &found.package, &found.version);
    packages.into_iter().filter_map(file).collect()
}
