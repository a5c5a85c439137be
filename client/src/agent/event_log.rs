//! Entries of the Event Log, on a host that has one: what happens to an upgrade when it happens, what a look finds when
//! it is new. What was found last is on disk, so that a service that starts anew does not repeat it.

use std::collections::BTreeSet;

use consign_metadata::text::Language;
use serde::{Deserialize, Serialize};

use super::Agent;
use crate::durable;
use crate::host::event_log;
use crate::notice::Notice;
use crate::places::Places;
use crate::report::event_log::{Entry, Number};
use crate::request::Offer;
use crate::site::Policy;

const FORMAT: u32 = 1;

/// What a look has found, as it was written: `event-log.json` in the agent's state.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    format: u32,
    entries: BTreeSet<(u32, Vec<String>)>,
}

/// Writes an entry.
pub fn write(entry: &Entry) {
    event_log::write(entry.number as u32, entry.number.level(), &entry.parameters);
}

/// The service has begun; where the sentences are is said first.
pub fn begin() {
    event_log::register();
    write(&Entry::of_service(Number::Started, &[&super::version().to_string()]));
}

/// It has ended, since it was to.
pub fn end() {
    write(&Entry::of_service(Number::Ended, &[&super::version().to_string()]));
}

/// It has ended, since it could not work.
pub fn fail(problem: &str) {
    write(&Entry::of_service(Number::Failed, &[&super::version().to_string(), problem]));
}

/// Writes what a look has found and the one before had not.
pub fn looked(agent: &Agent, offers: &[Offer], notices: &[Notice]) {
    if !event_log::IS_THERE {
        return;
    }
    let language = Policy::read(&agent.places).map_or(Language::En, |policy| policy.language);
    let offers = offers.iter().filter_map(|offer| Entry::of_offer(offer, language));
    let found: Vec<Entry> = offers.chain(notices.iter().map(|notice| Entry::of_notice(notice, language))).collect();
    // Kept before it is written: rather not at all than again and again.
    match news(&agent.places, &found) {
        Ok(news) => news.into_iter().for_each(write),
        Err(problem) => log::warn!("cannot keep what the Event Log has: {problem}"),
    }
}

fn news<'a>(places: &Places, found: &'a [Entry]) -> std::io::Result<Vec<&'a Entry>> {
    let path = places.state().join("event-log.json");
    let key = |entry: &Entry| (entry.number as u32, entry.parameters.clone());
    let before = durable::read(&path, FORMAT, |told: &Told| told.format).unwrap_or_default();
    let before = before.map(|told| told.entries).unwrap_or_default();
    let entries: BTreeSet<_> = found.iter().map(key).collect();
    if entries != before {
        let told = Told { format: FORMAT, entries };
        durable::replace(&path, &serde_json::to_vec_pretty(&told).map_err(std::io::Error::other)?)?;
    }
    Ok(found.iter().filter(|entry| !before.contains(&key(entry))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_before_is_not_written_again_until_it_was_gone() {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        std::fs::create_dir_all(places.state()).unwrap();
        let entry = |number, what: &str| Entry::of_service(number, &["acme/erp", what]);
        let (held, offered) = (entry(Number::Held, "1.5.0"), entry(Number::Offered, "1.5.0"));
        let both = [held.clone(), offered.clone()];
        assert_eq!(news(&places, &both[..1]).unwrap(), [&held]);
        assert_eq!(news(&places, &both[..1]).unwrap(), Vec::<&Entry>::new());
        assert_eq!(news(&places, &both).unwrap(), [&offered]);
        assert_eq!(news(&places, &[]).unwrap(), Vec::<&Entry>::new());
        assert_eq!(news(&places, &both[..1]).unwrap(), [&held]);
        // A file that nobody understands is one that says nothing.
        std::fs::write(places.state().join("event-log.json"), "x").unwrap();
        assert_eq!(news(&places, &both[..1]).unwrap(), [&held]);
    }
}
