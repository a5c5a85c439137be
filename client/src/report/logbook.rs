//! An upgrade in one reading order: each record of its journal, and behind the start of a step all that the step
//! wrote.

use std::path::Path;

use consign_metadata::name::ProductId;
use consign_metadata::text::Language;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::log::Log;
use super::page::{Page, Style};
use super::{FORMAT, event, follower, time};
use crate::engine::event::{Event, Header};
use crate::engine::journal::{JournalError, Record};
use crate::product::Product;

/// The answer of `consignee log --json`.
#[derive(Debug, Serialize)]
pub struct Logbook {
    /// [`FORMAT`].
    pub format: u32,
    /// The product.
    pub product: ProductId,
    /// The number of the upgrade.
    pub upgrade: u32,
    /// Oldest first.
    pub entries: Vec<Entry>,
    #[serde(skip)]
    header: Option<Header>,
}

/// A record and what was written after it.
#[derive(Debug, Serialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What, as the journal has it.
    #[serde(flatten)]
    pub event: Event,
    /// What the step wrote that it starts, line by line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub output: Vec<String>,
}

impl Logbook {
    /// All of an upgrade, or what is about one step of it, which is named or counted from 1 as `consignee plan`
    /// does.
    ///
    /// # Errors
    /// [`JournalError`]
    pub fn of(product: &Product, number: u32, step: Option<&str>) -> Result<Self, JournalError> {
        let (replay, folder) = (product.replay(number)?, product.upgrade_folder(number));
        let header = replay.upgrade.map(|upgrade| upgrade.header);
        let wanted = step.zip(header.as_ref()).map(|(step, header)| place(header, step));
        let is_wanted =
            |record: &&Record| wanted.is_none_or(|wanted| wanted.is_some() && item(&record.event) == wanted);
        let entries = replay.records.iter().filter(is_wanted).map(|record| Entry::of(record, &folder)).collect();
        Ok(Self { format: FORMAT, product: product.id.clone(), upgrade: number, entries, header })
    }

    /// The names of the steps, for whoever named none of them.
    pub fn steps(&self) -> Vec<&str> {
        self.header.iter().flat_map(|header| &header.items).map(|item| item.name.as_str()).collect()
    }

    /// As text.
    pub fn page(&self, language: Language, zone: &TimeZone) -> Page {
        let mut page = Page::default();
        for Entry { at, event, output } in &self.entries {
            let Some(header) = &self.header else { continue };
            let (at, said) = (time::full(*at, zone), event::sentence(event, header, language));
            page.add(0, follower::style(event), format!("{at}  {said}"));
            for line in output {
                page.add(4, Style::Quiet, format!("| {line}"));
            }
        }
        page
    }
}

impl Entry {
    fn of(record: &Record, folder: &Path) -> Self {
        let output = Log::announced(&record.event, folder).map(|mut log| log.lines(true)).unwrap_or_default();
        Self { at: record.at, event: record.event.clone(), output }
    }
}

/// The place of a step in the list.
fn place(header: &Header, step: &str) -> Option<i64> {
    let by_name = header.items.iter().position(|item| item.name == step);
    let by_number = || step.parse::<usize>().ok()?.checked_sub(1).filter(|item| *item < header.items.len());
    by_name.or_else(by_number).and_then(|item| i64::try_from(item).ok())
}

/// The step that an event is about.
fn item(event: &Event) -> Option<i64> {
    match event {
        Event::StepStarted { item, .. }
        | Event::StepSucceeded { item }
        | Event::StepSkipped { item, .. }
        | Event::RetryLater { item }
        | Event::StepFailed { item, .. }
        | Event::Interrupted { item }
        | Event::Asked { item }
        | Event::Answered { item, .. }
        | Event::LoopDetected { item, .. } => i64::try_from(*item).ok(),
        Event::UndoStarted { item, .. }
        | Event::UndoSucceeded { item }
        | Event::UndoInterrupted { item }
        | Event::UndoFailed { item, .. } => Some(*item),
        _ => None,
    }
}
