//! The generations of a vendor's feeds: which this host knows, which its repositories show, and a person's word that an
//! older one is the one to go by.

use std::sync::PoisonError;

use consign_metadata::name::{ChannelName, ProductId, VendorName};

use super::catalogue::Catalogue;
use super::online::Online;
use super::{Agent, AgentError, look as looking};
use crate::engine::event::Person;
use crate::feed::Kept;
use crate::feed::older::{self, Wanted};
use crate::host::Repository;
use crate::request::{FeedState, Reply};
use crate::trust::Vendor;

/// What is known, and what is shown. Nothing is kept.
///
/// # Errors
/// [`AgentError`]
pub fn look(agent: &Agent, vendor: &VendorName) -> Result<Reply, AgentError> {
    let (catalogue, online) = (Catalogue::read(agent)?, Online::begin(true));
    let products = products(&catalogue, vendor)?;
    let (vendor, mut feeds) = (catalogue.trust.vendor(vendor)?, Vec::new());
    for (channel, repository) in looking::repositories(agent, &catalogue, &products)? {
        feeds.push(state(agent, vendor, channel, &repository, &online));
    }
    Ok(Reply::Feeds { feeds })
}

fn products(catalogue: &Catalogue, vendor: &VendorName) -> Result<Vec<ProductId>, AgentError> {
    match looking::products(catalogue, vendor) {
        products if products.is_empty() => Err(AgentError::NotNow(format!("no product of {vendor} is installed here"))),
        products => Ok(products),
    }
}

fn state(agent: &Agent, vendor: &Vendor, channel: ChannelName, from: &Repository, online: &Online) -> FeedState {
    let fetch = |path: &str, maximum: u64| online.fetch(agent, from, path, maximum);
    let known = Kept::of(&agent.places, vendor, &channel).ok().flatten().map(|kept| kept.feed.generation);
    let minimum = vendor.anchor.minimum_generation.get(&channel).copied().unwrap_or(0);
    let (shown, problem) = match older::shown(vendor, &channel, agent.clock.now(), &fetch) {
        Ok(shown) => (Some(shown), None),
        Err(problem) => (None, Some(problem.to_string())),
    };
    FeedState {
        channel,
        url: from.url.clone(),
        known,
        minimum,
        shown: shown.map(|shown| shown.generation),
        believed_until: shown.map(|shown| shown.believed_until),
        problem,
    }
}

/// A person takes what a repository shows for the generation to go by; then it is looked at what it offers.
///
/// # Errors
/// [`AgentError`]; this host then goes by what it knew.
pub fn accept(
    agent: &Agent,
    vendor: &VendorName,
    channel: &ChannelName,
    generation: u64,
    by: &Person,
) -> Result<Reply, AgentError> {
    let (catalogue, online) = (Catalogue::read(agent)?, Online::begin(true));
    let products = products(&catalogue, vendor)?;
    let repository = looking::repositories(agent, &catalogue, &products)?.remove(channel);
    let none = || AgentError::NotNow(format!("no repository of {vendor} has the channel {channel} here"));
    let (repository, wanted) = (repository.ok_or_else(none)?, Wanted { channel, generation, by });
    let fetch = |path: &str, maximum: u64| online.fetch(agent, &repository, path, maximum);
    let known = catalogue.trust.vendor(vendor)?;
    {
        let _alone = agent.looking.lock().unwrap_or_else(PoisonError::into_inner);
        older::accept(&agent.places, known, &wanted, &products, agent.clock.now(), &fetch)
            .map_err(|problem| AgentError::NotNow(format!("cannot accept generation {generation}: {problem}")))?;
    }
    log::info!("{vendor} {channel}: generation {generation} accepted by {}", by.name);
    looking::look(agent, Online::begin(true))?;
    look(agent, vendor)
}
