//! A look: the package lists were updated, or a person wants to know. The feeds are brought up to date,
//! what is offered is judged and written down, and the standing hold is written. For a hook the whole takes
//! less than the 30 s that it waits; what could not be verified in the time there was stays held.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use consign_metadata::name::{ChannelName, PackageName, ProductId, VendorName};

use super::add_ons::Prospect;
use super::catalogue::{Catalogue, Entry};
use super::offers::Evaluation;
use super::online::Online;
use super::situation::Situation;
use super::{Agent, AgentError, event_log, holds, introduction, kept_back, timetable, upgrades};
use crate::engine::event::{Event, Reason};
use crate::engine::machine::State;
use crate::feed::{self, FeedError};
use crate::host::Repository;
use crate::looked::Looked;
use crate::notice::{self, Found, Notice};
use crate::request::{Offer, Reply};
use crate::site::is_without_feed;
use crate::trust::Vendor;

/// Looks at every product with the time that `online` has for the network, and answers what is offered.
///
/// # Errors
/// [`AgentError`]; the standing hold is then what it was.
pub fn look(agent: &Agent, mut online: Online) -> Result<Reply, AgentError> {
    let catalogue = Catalogue::read(agent)?;
    {
        let _alone = agent.looking.lock().unwrap_or_else(PoisonError::into_inner);
        update_feeds(agent, &catalogue, &mut online);
    }
    let mut offers = Vec::new();
    for entry in catalogue.entries.values() {
        let found = look_at(agent, &catalogue, entry, &online);
        if let Err(problem) = Looked::keep(&entry.product, &found, agent.clock.now()) {
            log::warn!("{}: cannot keep what was found: {problem}", entry.product.id);
        }
        offers.extend(found);
    }
    holds::refresh(agent, &catalogue)?;
    kept_back::refresh(agent, &catalogue);
    timetable::looked(agent, &catalogue, &online);
    let notices = notice::all(&agent.places, &catalogue.trust, agent.clock.now());
    event_log::looked(agent, &offers, &notices);
    Ok(Reply::Looked { offers, notices })
}

/// Brings the feeds of every vendor with a product on this host up to date, each as far as it goes.
fn update_feeds(agent: &Agent, catalogue: &Catalogue, online: &mut Online) {
    for vendor in catalogue.trust.vendors() {
        let products = products(catalogue, &vendor.anchor.vendor);
        let mut found = Found::default();
        let is_without = is_without_feed(&agent.places, &vendor.anchor.vendor);
        if !is_without && let Err(problem) = update_vendor(agent, catalogue, vendor, &products, online, &mut found) {
            log::warn!("{}: {problem}", vendor.anchor.vendor);
            online.problems.extend(products.into_iter().map(|id| (id, problem.to_string())));
        }
        if let Err(problem) = notice::keep(&agent.places, &vendor.anchor.vendor, found, agent.clock.now()) {
            log::warn!("{}: cannot keep what was found: {problem}", vendor.anchor.vendor);
        }
    }
}

fn update_vendor(
    agent: &Agent,
    catalogue: &Catalogue,
    vendor: &Vendor,
    products: &[ProductId],
    online: &mut Online,
    found: &mut Found,
) -> Result<(), AgentError> {
    for (channel, repository) in repositories(agent, catalogue, products)? {
        let fetch = |path: &str, maximum: u64| online.fetch(agent, &repository, path, maximum);
        if let Err(problem) = feed::update(&agent.places, vendor, &channel, products, agent.clock.now(), &fetch) {
            if matches!(problem, FeedError::UnknownKey(_) | FeedError::Signature(_)) {
                match introduction::fetch(agent, vendor, &repository, online) {
                    Ok(path) => found.introduction = Some(path),
                    Err(doubt) => found.doubt = Some(doubt),
                }
            }
            found.notices.extend(notice_of(&problem, vendor, &channel, &repository));
            log::warn!("{} {channel}: {problem}", vendor.anchor.vendor);
            online.problems.extend(products.iter().map(|id| (id.clone(), problem.to_string())));
        }
    }
    Ok(())
}

/// The repository of each channel that these products come from.
pub(super) fn repositories(
    agent: &Agent,
    catalogue: &Catalogue,
    products: &[ProductId],
) -> Result<BTreeMap<ChannelName, Repository>, AgentError> {
    let packages: Vec<PackageName> =
        products.iter().flat_map(|id| catalogue.entries[id].installed.keys()).cloned().collect();
    let mut channels: BTreeMap<ChannelName, Repository> = BTreeMap::new();
    for repository in agent.packages.repositories(&packages)? {
        if let Ok(channel) = repository.channel.parse() {
            channels.entry(channel).or_insert(repository);
        }
    }
    Ok(channels)
}

/// The products of a vendor that are installed here.
pub(super) fn products(catalogue: &Catalogue, vendor: &VendorName) -> Vec<ProductId> {
    let is_installed = |(id, entry): &(&ProductId, &Entry)| id.vendor == *vendor && !entry.installed.is_empty();
    catalogue.entries.iter().filter(is_installed).map(|(id, _)| id.clone()).collect()
}

/// What concerns the vendor as a whole, and would not be told where nothing new is offered.
fn notice_of(problem: &FeedError, vendor: &Vendor, channel: &ChannelName, from: &Repository) -> Option<Notice> {
    let (vendor, channel, url) = (vendor.anchor.vendor.clone(), channel.clone(), from.url.clone());
    match problem {
        FeedError::UnknownKey(keys) => {
            let keys = keys.clone();
            Some(Notice::KeyUnknown { vendor, channel, url, keys, introduction: None, doubt: None })
        }
        FeedError::Back { found, known } => Some(Notice::Older { vendor, channel, url, found: *found, known: *known }),
        FeedError::Fetch(cause) => Some(Notice::Unreadable { vendor, channel, url, cause: cause.clone() }),
        _ => None,
    }
}

fn look_at(agent: &Agent, catalogue: &Catalogue, entry: &Entry, online: &Online) -> Vec<Offer> {
    let id = &entry.product.id;
    // A product that is being changed has no new offer.
    let Some(_lock) = agent.locks.lock_unless_at_work(&entry.product, online.for_others) else {
        let newest = entry.product.newest().ok().flatten();
        return newest.map(|upgrade| busy(entry, upgrade.header.upgrade)).into_iter().collect();
    };
    match judge(agent, catalogue, entry, online) {
        Ok(offers) => offers,
        Err(problem) => {
            log::warn!("{id}: {problem}");
            let held = vec![Reason::Unverified { what: id.to_string(), cause: problem.to_string() }];
            vec![Offer { product: id.clone(), installed: installed(entry), offered: None, held, told: Vec::new() }]
        }
    }
}

fn judge(agent: &Agent, catalogue: &Catalogue, entry: &Entry, online: &Online) -> Result<Vec<Offer>, AgentError> {
    let found = Evaluation::of(agent, catalogue, entry, Some(online))?;
    // What a transaction that is open was let through for stays as it is.
    if agent.packages.transaction()?.is_none() {
        record(agent, catalogue, entry, &found, Some(online))?;
    }
    Ok(found.offers)
}

/// Judges what is offered once more, by what is on this host: after an upgrade that was taken back.
///
/// # Errors
/// [`AgentError`]
pub fn again(agent: &Agent, catalogue: &Catalogue, entry: &Entry) -> Result<(), AgentError> {
    record(agent, catalogue, entry, &Evaluation::of(agent, catalogue, entry, None)?, None)
}

/// Writes down what was found: a new candidate begins a journal, one that is not offered any more ends it.
/// An upgrade that is under way is left alone.
pub(super) fn record(
    agent: &Agent,
    catalogue: &Catalogue,
    entry: &Entry,
    found: &Evaluation,
    online: Option<&Online>,
) -> Result<(), AgentError> {
    let situation = Situation { prospect: Prospect::Offered(online), ..Situation::of(agent, catalogue, entry)? };
    if situation.under_way().is_some() {
        return Ok(());
    }
    if let Some((target, reasons)) = &found.target {
        let from = situation.from(agent);
        let mut journal = upgrades::open_or_begin(agent, &situation, target, from.as_ref(), &Default::default())?;
        return Ok(upgrades::judge(agent, &mut journal, reasons)?);
    }
    match found.offers.iter().all(|offer| offer.offered.is_none()) {
        true => cancel(agent, &situation),
        false => hold_again(agent, &situation, &found.offers),
    }
}

/// Nothing newer is offered any more.
fn cancel(agent: &Agent, situation: &Situation<'_>) -> Result<(), AgentError> {
    let Some(mut journal) = gated(situation)? else { return Ok(()) };
    Ok(journal.append(Event::Cancelled, agent.clock.now())?)
}

/// What was cleared or planned cannot be verified any more.
fn hold_again(agent: &Agent, situation: &Situation<'_>, offers: &[Offer]) -> Result<(), AgentError> {
    let Some(mut journal) = gated(situation)? else { return Ok(()) };
    let reasons: Vec<Reason> = offers.iter().flat_map(|offer| offer.held.iter().cloned()).collect();
    Ok(upgrades::judge(agent, &mut journal, &reasons)?)
}

fn gated(situation: &Situation<'_>) -> Result<Option<crate::engine::journal::Journal>, AgentError> {
    match &situation.newest {
        Some(upgrade) if matches!(upgrade.state, State::Planned | State::Held | State::Cleared) => {
            Ok(situation.product.open(upgrade.header.upgrade)?)
        }
        _ => Ok(None),
    }
}

fn busy(entry: &Entry, upgrade: u32) -> Offer {
    let held = vec![Reason::Unfinished { upgrade }];
    Offer { product: entry.product.id.clone(), installed: installed(entry), offered: None, held, told: Vec::new() }
}

fn installed(entry: &Entry) -> Option<consign_metadata::version::Version> {
    entry.plan().map(|found| found.plan.envelope.version.clone())
}
