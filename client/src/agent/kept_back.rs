//! A cleared upgrade that the package manager would pass over is found before anybody waits for it.

use consign_metadata::name::PackageName;

use super::catalogue::{Catalogue, Entry, plan_of};
use super::timing::Timing;
use super::{Agent, preparing};
use crate::engine::machine::State;
use crate::kept_back::{KeptBack, Reach};

/// Looks at every product. To be called when the standing hold is written: it decides, too.
pub fn refresh(agent: &Agent, catalogue: &Catalogue) {
    for entry in catalogue.entries.values() {
        refresh_one(agent, catalogue, entry);
    }
}

/// Looks at one. It is told and never enforced, so what goes wrong here stands in nobody's way.
pub fn refresh_one(agent: &Agent, catalogue: &Catalogue, entry: &Entry) {
    let id = &entry.product.id;
    let kept = match reach(agent, catalogue, entry) {
        Some((version, reach)) => KeptBack::keep(&entry.product, &version, reach),
        None => KeptBack::forget(&entry.product),
    };
    if let Err(problem) = kept
        && problem.kind() != std::io::ErrorKind::NotFound
    {
        log::warn!("{id}: cannot keep what keeps its upgrade back: {problem}");
    }
}

fn reach(agent: &Agent, catalogue: &Catalogue, entry: &Entry) -> Option<(consign_metadata::version::Version, Reach)> {
    let upgrade = entry.product.newest().ok().flatten().filter(|upgrade| upgrade.state == State::Cleared)?;
    // While the windows are closed the hold keeps it back, and says so itself.
    let timing = Timing::of(&agent.places, &entry.product, &upgrade.header.to, agent.clock.now()).ok()?;
    if timing.opens().is_some() || preparing::keeps_closed(catalogue, entry, &upgrade) {
        return None;
    }
    let plan = plan_of(&catalogue.trust, &entry.product, &upgrade).ok()?.plan;
    let packages: Vec<PackageName> = entry.packages.iter().cloned().collect();
    let present = agent.packages.observe(&packages).ok()?;
    let wanted = plan.body.modules.iter().filter(|module| present.iter().any(|(name, _)| *name == module.package));
    let wanted: Vec<_> = wanted
        .filter_map(|module| Some((module.package.clone(), agent.packages.native(&module.native)?.to_owned())))
        .collect();
    let first = format!("{}-release", entry.product.id.vendor).parse().ok()?;
    match agent.packages.reach(&wanted, &first) {
        Ok(reach) => Some((plan.envelope.version, reach)),
        Err(problem) => {
            log::warn!("{}: {problem}", entry.product.id);
            None
        }
    }
}
