//! The packages to go back to, of every product in a transaction: there is room for all of them, and for all that
//! comes, and they are kept before the first engine stops.

use std::time::{Duration, Instant};

use consign_metadata::name::ProductId;
use consign_metadata::version::Version;

use super::catalogue::Catalogue;
use super::checks::{self, Found};
use super::dialogue::Speaker;
use super::intent::Intent;
use super::previous::{self, Keeping};
use super::room::{self, Need};
use super::situation::Situation;
use super::{Agent, AgentError, backup_room, barrier, targets};
use crate::engine::event::{Purpose, Reason};
use crate::host::HostError;
use crate::request::{PackageAction, Refusal, Reply};
use crate::site::checks::{Checks, Weight};

/// How long a package's script may be held up for downloads.
const LATE: Duration = Duration::from_secs(120);

/// A product, the version it goes to, its packages, and all that will be written for it.
pub struct Part<'a> {
    product: ProductId,
    to: Version,
    weights: Checks,
    keeping: Keeping<'a>,
    needs: Vec<Need>,
    /// Why nobody can tell what else will be.
    unknown: Option<HostError>,
}

impl<'a> Part<'a> {
    /// Keeps of one product what costs no room, and finds out what the rest needs; `None` for a first install,
    /// where nothing would be run, and where a step is running.
    ///
    /// # Errors
    /// [`AgentError`]
    pub fn begin(
        agent: &'a Agent,
        catalogue: &Catalogue,
        id: &ProductId,
        intent: &Intent,
        actions: &[PackageAction],
    ) -> Result<Option<Self>, AgentError> {
        let (Some(target), entry) = (&intent.target, &catalogue.entries[id]) else { return Ok(None) };
        let Some(_lock) = agent.locks.lock_unless_at_work(&entry.product, barrier::PATIENCE) else { return Ok(None) };
        let situation = Situation::with(agent, catalogue, entry, &intent.joining)?;
        let has_old = situation.from(agent).is_some() || situation.under_way().is_some();
        if !has_old || barrier::changes_nothing(agent, &situation, target, &intent.joining) {
            return Ok(None);
        }
        let is_of_it = |action: &&PackageAction| intent.joining.iter().any(|name| name.as_str() == action.package);
        let arriving: Vec<&PackageAction> = actions.iter().filter(is_of_it).collect();
        let keeping = Keeping::begin(agent, &situation, &arriving)?;
        let (folder, bytes) = (keeping.folder().to_owned(), keeping.bytes());
        let mut needs = vec![Need { folder, bytes, purpose: Purpose::PreviousPackages }];
        let modules: Vec<_> = situation.database.keys().cloned().collect();
        // What a package database cannot tell now, it says itself in a moment.
        let installed = agent.packages.files(&modules).unwrap_or_default();
        needs.extend(room::for_files(&agent.places, &installed, keeping.unpacked()));
        let weights = checks::weights(&agent.places, id);
        let mut unknown = None;
        if weights.room != Weight::Off {
            match backup_room::needed(agent, &situation, &target.plan) {
                Ok(need) => needs.extend(need),
                Err(problem) => unknown = Some(problem),
            }
        }
        let to = target.plan.envelope.version.clone();
        Ok(Some(Self { product: id.clone(), to, weights, keeping, needs, unknown }))
    }
}

/// What is to be said of each product: packages to go back to that cannot be had, and room for all of them
/// together. Nothing was fetched and nothing stopped.
pub fn check(parts: &[Part<'_>]) -> Vec<(ProductId, Found)> {
    let full = no_room(parts);
    let check = |part: &Part<'_>| {
        let mut found = Found::default();
        if let Some(missing) = checks::missing(part.keeping.lost()) {
            found.add(part.weights.previous_packages, missing);
        }
        if let Some(full) = full.iter().find(|_| part.needs.iter().any(|need| need.bytes > 0)) {
            found.add(part.weights.room, full.clone());
        }
        if let Some(problem) = &part.unknown {
            found.add(part.weights.room, unknown(problem));
        }
        (part.product.clone(), found)
    };
    parts.iter().map(check).collect()
}

fn no_room(parts: &[Part<'_>]) -> Option<Reason> {
    let looked_at = parts.iter().filter(|part| part.weights.room != Weight::Off);
    let needs: Vec<Need> = looked_at.flat_map(|part| part.needs.iter().cloned()).collect();
    room::for_upgrade(&needs).unwrap_or_else(|problem| Some(unknown(&problem)))
}

fn unknown(problem: &HostError) -> Reason {
    Reason::CheckUnknown { check: "room".to_owned(), cause: problem.to_string() }
}

/// Keeps them; or answers why the transaction must not go ahead, with nothing stopped.
///
/// # Errors
/// When the transaction has ended meanwhile.
pub fn carry_out(agent: &Agent, parts: Vec<Part<'_>>, speaker: &mut Speaker) -> Result<Vec<Refusal>, AgentError> {
    let (refusals, has_waited) = fetch(agent, parts, speaker);
    // Whoever lost patience meanwhile shall not have the engines stopped for nothing.
    if refusals.is_empty() && has_waited && agent.packages.transaction()?.is_none() {
        return Err(AgentError::NotNow("the transaction ended while packages were fetched".to_owned()));
    }
    Ok(refusals)
}

/// The same where no transaction waits; and whether anything had to be waited for.
pub fn fetch(agent: &Agent, parts: Vec<Part<'_>>, speaker: &mut Speaker) -> (Vec<Refusal>, bool) {
    let deadline = Instant::now() + previous::LIMIT;
    let (mut has_waited, mut refusals) = (false, Vec::new());
    for Part { product, to, weights, keeping, .. } in parts {
        let _lock = agent.locks.lock(&product);
        if let bytes @ 1.. = keeping.to_fetch() {
            speaker.say(&Reply::Fetching { product: product.clone(), bytes });
        }
        let (waited, lost) = keeping.carry_out(deadline);
        has_waited |= waited;
        let missing = checks::missing(&lost).filter(|_| weights.previous_packages == Weight::Refuse);
        refusals.extend(missing.map(|missing| Refusal { product, to: Some(to), reasons: vec![missing] }));
    }
    (refusals, has_waited)
}

/// The packages of one product whose files are about to be replaced, without a barrier: as far as they can be had
/// now. What they are wanted for may never come, so nothing is refused.
pub fn keep_late(agent: &Agent, situation: &Situation<'_>) {
    if !targets::answer(situation.product) {
        return log::warn!("{}: its folders do not answer", situation.product.id);
    }
    match Keeping::begin(agent, situation, &[]) {
        Ok(keeping) => drop(keeping.carry_out(Instant::now() + LATE)),
        Err(problem) => log::warn!("{}: {problem}", situation.product.id),
    }
}
