//! When the agent looks for new versions by itself: where no package manager tells it that lists were updated.

use std::sync::Arc;
use std::time::Duration;

use consign_metadata::name::ProductId;
use jiff::{SignedDuration, Timestamp};

use super::catalogue::{Catalogue, Entry};
use super::online::Online;
use super::{Agent, AgentError, locks, look, own};
use crate::bulletin::{Bulletin, FORMAT, FeedLine, ProductLine};
use crate::feed::Kept;
use crate::looked::Looked;
use crate::product::Product;
use crate::report::state;

/// How soon it looks again where a feed could not be brought up to date.
const SOON: Duration = Duration::from_secs(15 * 60);

/// Looks now, in a thread of its own, where it is time to.
pub fn keep(agent: &Arc<Agent>) {
    let Some(every) = agent.packages.look_every() else { return };
    let due = match is_due(agent, every) {
        Ok(due) => due,
        Err(problem) => return log::warn!("{problem}"),
    };
    if due {
        let (shift, agent) = (agent.duty.work(), Arc::clone(agent));
        std::thread::spawn(move || {
            if let Err(problem) = look::look(&agent, Online::begin(true)) {
                log::warn!("cannot look for new versions: {problem}");
            }
            own::looked(&agent, agent.packages.fetch_agent());
            drop(shift);
            renew(&agent);
        });
    }
}

/// Lets a newer agent take the place of this one, unless something is under way: it would go on with that, and need
/// not.
pub fn renew(agent: &Agent) {
    let is_quiet = Product::all(&agent.places).is_ok_and(|products| !products.iter().any(locks::is_at_work));
    if is_quiet
        && agent.duty.is_free()
        && let Err(problem) = agent.packages.renew_agent()
    {
        log::warn!("cannot renew the agent: {problem}");
    }
    own::changed(agent);
}

/// Whether it is time, or there is a product that no look has found yet.
fn is_due(agent: &Agent, every: Duration) -> Result<bool, AgentError> {
    let Some(last) = Bulletin::read(&agent.places) else { return Ok(true) };
    let Some(looked) = last.looked else { return Ok(true) };
    let now = agent.clock.now();
    // A clock that was set back makes none wait for years.
    if now < looked || now >= next(looked, every, &last.products) {
        return Ok(true);
    }
    let is_new = |entry: &Entry| !entry.installed.is_empty() && Looked::read(&entry.product).is_none();
    Ok(Catalogue::read(agent)?.entries.values().any(is_new))
}

fn next(looked: Timestamp, every: Duration, products: &[ProductLine]) -> Timestamp {
    let is_bad = products.iter().any(|line| line.problem.is_some());
    let pause = if is_bad { every.min(SOON) } else { every };
    looked + SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX)
}

/// Writes down what a look has found, and when the next one is.
pub(super) fn looked(agent: &Agent, catalogue: &Catalogue, online: &Online) {
    let problem = |id: &ProductId| online.problem(id).cloned();
    write(agent, catalogue, Some(agent.clock.now()), &problem);
}

/// Writes down what has changed since, as the end of an upgrade.
pub(super) fn changed(agent: &Agent, catalogue: &Catalogue) {
    let last = Bulletin::read(&agent.places);
    let looked = last.as_ref().and_then(|last| last.looked);
    let problem = |id: &ProductId| last.as_ref()?.products.iter().find(|line| line.product == *id)?.problem.clone();
    write(agent, catalogue, looked, &problem);
}

fn write(
    agent: &Agent,
    catalogue: &Catalogue,
    looked: Option<Timestamp>,
    problem: &dyn Fn(&ProductId) -> Option<String>,
) {
    let Some(every) = agent.packages.look_every() else { return };
    let feeds: Vec<Kept> = catalogue.trust.vendors().flat_map(|vendor| Kept::all(&agent.places, vendor)).collect();
    let products: Vec<ProductLine> =
        catalogue.entries.values().map(|entry| line(agent, entry, &feeds, problem(&entry.product.id))).collect();
    let next_look = looked.map(|looked| next(looked, every, &products));
    let feeds = feeds.iter().map(feed).collect();
    let kept = Bulletin::change(&agent.places, |before| {
        let agent = own::line(agent, before.and_then(|before| before.agent.as_ref()));
        Some(Bulletin { format: FORMAT, looked, next_look, feeds, products, agent })
    });
    if let Err(cause) = kept {
        log::warn!("cannot write down what is known of the products: {cause}");
    }
}

fn feed(kept: &Kept) -> FeedLine {
    let feed = &kept.feed;
    let (vendor, channel) = (feed.vendor.clone(), feed.channel.clone());
    FeedLine { vendor, channel, generation: feed.generation, issued: feed.issued, expires: kept.believed_until }
}

fn line(agent: &Agent, entry: &Entry, feeds: &[Kept], problem: Option<String>) -> ProductLine {
    let (product, packages) = (&entry.product, entry.packages.iter().cloned().collect::<Vec<_>>());
    let of_vendor = feeds.iter().filter(|kept| kept.feed.vendor == product.id.vendor);
    let shards = of_vendor.filter_map(|kept| kept.shard(&product.id).ok().flatten());
    let found = agent.packages.observe(&packages).unwrap_or_default();
    let installed = product.finished().ok().flatten().map(|(version, _)| version);
    let mut offers = Looked::read(product).map(|looked| looked.offers).unwrap_or_default();
    // What has come since is no offer any more.
    offers.retain(|offer| offer.offered.is_none() || offer.offered != installed);
    ProductLine {
        product: product.id.clone(),
        installed,
        detected: found.iter().map(|(package, observed)| (package.clone(), observed.into())).collect(),
        published: shards.flat_map(|shard| shard.releases).map(|release| release.version).max(),
        offers,
        upgrade: product.newest().ok().flatten().map(|upgrade| state::code(&upgrade.state)),
        problem,
    }
}
