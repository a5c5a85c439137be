//! The packages to go back to, of every product in a transaction: there is room for all of them and they are
//! kept before the first engine stops.

use std::time::{Duration, Instant};

use consign_metadata::name::ProductId;
use consign_metadata::version::Version;

use super::catalogue::Catalogue;
use super::dialogue::Speaker;
use super::intent::Intent;
use super::previous::{self, Keeping};
use super::situation::Situation;
use super::{Agent, AgentError, barrier, room};
use crate::engine::event::Reason;
use crate::request::{PackageAction, Refusal, Reply};

/// How long a package's script may be held up for downloads.
const LATE: Duration = Duration::from_secs(120);

/// A product, the version it goes to, and its packages.
type Part<'a> = (&'a ProductId, Version, Keeping<'a>);

/// Keeps them; or answers why the transaction must not go ahead, with nothing fetched and nothing stopped.
///
/// # Errors
/// [`AgentError`]; also when the transaction has ended meanwhile.
pub fn keep(
    agent: &Agent,
    catalogue: &Catalogue,
    intents: &[(ProductId, Intent)],
    actions: &[PackageAction],
    speaker: &mut Speaker,
) -> Result<Vec<Refusal>, AgentError> {
    let (refusals, has_waited) = keep_all(agent, catalogue, intents, actions, speaker)?;
    // Whoever lost patience meanwhile shall not have the engines stopped for nothing.
    if has_waited && agent.packages.transaction()?.is_none() {
        return Err(AgentError::NotNow("the transaction ended while packages were fetched".to_owned()));
    }
    Ok(refusals)
}

/// The same where no transaction waits; and whether anything had to be waited for.
///
/// # Errors
/// [`AgentError`]
pub fn keep_all(
    agent: &Agent,
    catalogue: &Catalogue,
    intents: &[(ProductId, Intent)],
    actions: &[PackageAction],
    speaker: &mut Speaker,
) -> Result<(Vec<Refusal>, bool), AgentError> {
    let mut parts = Vec::new();
    for (id, intent) in intents {
        parts.extend(part(agent, catalogue, id, intent, actions)?);
    }
    if let Some(reason) = no_room(agent, &parts) {
        let refused = parts.into_iter().filter(|(_, _, keeping)| keeping.bytes() > 0);
        let refusal =
            |(id, to, _): Part<'_>| Refusal { product: id.clone(), to: Some(to), reasons: vec![reason.clone()] };
        return Ok((refused.map(refusal).collect(), false));
    }
    Ok((Vec::new(), carry_out(agent, parts, speaker)))
}

/// The packages of one product; `None` for a first install, and where nothing would be run.
fn part<'a>(
    agent: &'a Agent,
    catalogue: &Catalogue,
    id: &'a ProductId,
    intent: &Intent,
    actions: &[PackageAction],
) -> Result<Option<Part<'a>>, AgentError> {
    let Some(target) = &intent.target else { return Ok(None) };
    let _lock = agent.locks.lock(id);
    let situation = Situation::with(agent, catalogue, &catalogue.entries[id], &intent.joining)?;
    let has_old = situation.from(agent).is_some() || situation.under_way().is_some();
    if !has_old || barrier::changes_nothing(agent, &situation, target, &intent.joining) {
        return Ok(None);
    }
    let is_of_it = |action: &&PackageAction| intent.joining.iter().any(|name| name.as_str() == action.package);
    let arriving: Vec<&PackageAction> = actions.iter().filter(is_of_it).collect();
    let keeping = Keeping::begin(agent, &situation, &arriving)?;
    Ok(Some((id, target.plan.envelope.version.clone(), keeping)))
}

/// The packages of one product whose files are about to be replaced, without a barrier: as far as they can be had
/// now. What they are wanted for may never come, so nothing is refused.
pub fn keep_late(agent: &Agent, situation: &Situation<'_>) {
    match Keeping::begin(agent, situation, &[]) {
        Ok(keeping) => drop(keeping.carry_out(Instant::now() + LATE)),
        Err(problem) => log::warn!("{}: {problem}", situation.product.id),
    }
}

fn no_room(agent: &Agent, parts: &[Part<'_>]) -> Option<Reason> {
    let needed = parts.iter().map(|(_, _, keeping)| keeping.bytes()).fold(0, u64::saturating_add);
    let freed = parts.iter().map(|(_, _, keeping)| keeping.freed()).fold(0, u64::saturating_add);
    room::for_packages(&agent.places, needed, freed)
}

/// Whether anything had to be waited for.
fn carry_out(agent: &Agent, parts: Vec<Part<'_>>, speaker: &mut Speaker) -> bool {
    let deadline = Instant::now() + previous::LIMIT;
    let mut has_waited = false;
    for (id, _, keeping) in parts {
        let _lock = agent.locks.lock(id);
        if let bytes @ 1.. = keeping.to_fetch() {
            speaker.say(&Reply::Fetching { product: id.clone(), bytes });
        }
        has_waited |= keeping.carry_out(deadline);
    }
    has_waited
}
