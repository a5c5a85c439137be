//! People hear of an outage. What was told last lies beside the journals, and is compared with what they
//! say now: whoever notices a change first tells it, and nobody tells it twice.

use consign_metadata::text::Language;
use serde::{Deserialize, Serialize};

use super::duty::Shift;
use super::{Agent, event_log};
use crate::engine::event::Header;
use crate::engine::machine::{State, Upgrade};
use crate::product::Product;
use crate::report::event_log::Entry;
use crate::site::tell::Tell;
use crate::site::{Policy, Rules};
use crate::tell::{News, Outcome, What};
use crate::{durable, outage};

/// What was told last of a product: `told.json` in its folder.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    upgrade: u32,
    last: Last,
}

#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "told", rename_all = "kebab-case")]
enum Last {
    #[default]
    Nothing,
    Begins,
    GoesOn {
        step: Option<String>,
        attempts: u32,
    },
    Over,
}

/// The engines of a product are about to stop.
pub fn outage_begins(agent: &Agent, product: &Product, header: &Header, message: &str) {
    let estimate_seconds = outage::estimate(product);
    keep(product, header.upgrade, Last::Begins);
    send(agent, product, header, What::OutageBegins { estimate_seconds }, |_, _| Some(message.to_owned()));
}

/// Tells what has changed since, if anything has.
pub fn settle(agent: &Agent, product: &Product) {
    let Ok(Some(upgrade)) = product.newest() else { return };
    let header = &upgrade.header;
    let last = told(product).filter(|told| told.upgrade == header.upgrade).map(|told| told.last).unwrap_or_default();
    let Some((next, what)) = next(product, &upgrade, &last) else { return };
    keep(product, header.upgrade, next);
    send(agent, product, header, what, News::sentence);
}

fn next(product: &Product, upgrade: &Upgrade, last: &Last) -> Option<(Last, What)> {
    // Nobody works with a product that is not there yet.
    upgrade.header.from.as_ref()?;
    let outcome = match &upgrade.state {
        State::Completed => Outcome::Completed,
        State::Cancelled | State::RolledBack => Outcome::TakenBack,
        State::Halted { .. } | State::Stuck { .. } | State::Waiting { .. } => {
            let (step, attempts) = step(upgrade);
            let next = Last::GoesOn { step: step.clone(), attempts };
            let is_news = product.is_unfinished() && *last != next;
            return is_news.then_some((next, What::OutageGoesOn { step }));
        }
        // A plan that announces nothing: the program and the address hear of it all the same.
        State::Forward { .. } if *last == Last::Nothing && stood(product, upgrade).1 => {
            let estimate_seconds = outage::estimate(product);
            return Some((Last::Begins, What::OutageBegins { estimate_seconds }));
        }
        _ => return None,
    };
    let was_told = matches!(last, Last::Begins | Last::GoesOn { .. });
    let took_seconds = stood(product, upgrade).0;
    was_told.then_some((Last::Over, What::OutageOver { took_seconds, outcome }))
}

fn stood(product: &Product, upgrade: &Upgrade) -> (u64, bool) {
    let records = product.replay(upgrade.header.upgrade).map(|replay| replay.records).unwrap_or_default();
    outage::of(&upgrade.header, &records)
}

fn step(upgrade: &Upgrade) -> (Option<String>, u32) {
    let item = match &upgrade.state {
        State::Halted { item, .. } | State::Waiting { item } => Some(*item),
        State::Stuck { item, .. } => usize::try_from(*item).ok(),
        _ => None,
    };
    let name = item.and_then(|item| upgrade.header.items.get(item)).map(|item| item.name.clone());
    (name, item.map_or(0, |item| upgrade.attempts(item)))
}

fn send(
    agent: &Agent,
    product: &Product,
    header: &Header,
    what: What,
    words: impl FnOnce(&News, Language) -> Option<String>,
) {
    // A file that cannot be used stops an upgrade by its gate; until it is mended all terminals are told.
    let tell = Rules::read(&agent.places, &product.id).unwrap_or_default().tell;
    let news = News::of(header, what, agent.clock.now());
    let language = Policy::read(&agent.places).map_or(Language::En, |policy| policy.language);
    let words = words(&news, language);
    if tell.wall {
        words.iter().for_each(|words| (agent.wall)(words));
    }
    event_log::write(&Entry::of_news(&news, words));
    if tell.program.is_some() || tell.web_hook.is_some() {
        (agent.deliver)(tell, news, agent.duty.wait());
    }
}

/// In a thread of its own, for which the service stays.
pub fn deliver(tell: Tell, news: News, shift: Shift) {
    std::thread::spawn(move || {
        crate::tell::deliver(&tell, &news);
        drop(shift);
    });
}

fn told(product: &Product) -> Option<Told> {
    serde_json::from_slice(&std::fs::read(product.folder().join("told.json")).ok()?).ok()
}

// Written before it is told: rather not at all than again and again.
fn keep(product: &Product, upgrade: u32, last: Last) {
    let text = serde_json::to_vec(&Told { upgrade, last }).expect("it is a number and a few words");
    if let Err(problem) = durable::replace(&product.folder().join("told.json"), &text) {
        log::warn!("{}: cannot keep what was told: {problem}", product.id);
    }
}
