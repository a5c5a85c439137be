//! How long a product stood, and how long it will: the journals know.

use jiff::{SignedDuration, Timestamp};

use crate::engine::event::{Event, Header};
use crate::engine::journal::Record;
use crate::engine::machine::State;
use crate::product::Product;

/// How many earlier upgrades are asked how long the next will take.
const ASKED: usize = 5;

/// Seconds from the first step that stops engines to the end of the one that starts them, or of the undo
/// that does; and whether they still stand at the last record.
pub fn of(header: &Header, records: &[Record]) -> (u64, bool) {
    let is = |item: usize, name: &str| header.items.get(item).is_some_and(|item| item.name == name);
    let undone = |item: i64, name: &str| usize::try_from(item).is_ok_and(|item| is(item, name));
    let (mut total, mut since) = (0, None);
    for record in records {
        match &record.event {
            Event::StepStarted { item, .. } if is(*item, "stop") => since = since.or(Some(record.at)),
            Event::UndoStarted { item, .. } if undone(*item, "start") => since = since.or(Some(record.at)),
            Event::StepSucceeded { item } | Event::StepSkipped { item, .. } if is(*item, "start") => {
                total += closed(&mut since, record.at)
            }
            Event::UndoSucceeded { item } if undone(*item, "stop") => total += closed(&mut since, record.at),
            _ => {}
        }
    }
    let last = records.last().map(|record| record.at);
    let open = since.zip(last).map_or(0, |(since, last)| seconds_begun(since, last));
    (total + open, since.is_some())
}

fn closed(since: &mut Option<Timestamp>, at: Timestamp) -> u64 {
    since.take().map_or(0, |since| seconds_begun(since, at))
}

/// Seconds between two moments, the last one begun counted whole: an outage is never nothing.
fn seconds_begun(from: Timestamp, to: Timestamp) -> u64 {
    let between = to.duration_since(from).max(SignedDuration::ZERO);
    u64::try_from(between.as_secs()).unwrap_or(0) + u64::from(between.subsec_nanos() > 0)
}

/// How many seconds the next upgrade will probably take: the median of the last ones that were finished on
/// this host. `None` where there was none; the time limits of a plan say what is too long, not how long.
pub fn estimate(product: &Product) -> Option<u64> {
    let numbers = product.upgrades().ok()?.into_iter().rev();
    let finished = numbers.filter_map(|number| {
        let replay = product.replay(number).ok()?;
        let upgrade = replay.upgrade.filter(|upgrade| upgrade.state == State::Completed)?;
        upgrade.header.from.as_ref()?;
        Some(of(&upgrade.header, &replay.records).0).filter(|seconds| *seconds > 0)
    });
    let mut outages: Vec<u64> = finished.take(ASKED).collect();
    outages.sort_unstable();
    outages.get(outages.len() / 2).copied()
}
