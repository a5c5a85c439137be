//! A journal as it grows: each record as a sentence, and between them what the running step writes.

use std::path::PathBuf;

use consign_metadata::text::Language;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::log::Log;
use super::page::{Page, Style};
use super::{event, failure, time};
use crate::engine::event::Event;
use crate::engine::journal::{FILE, JournalError, Record, Replay};
use crate::engine::machine::Upgrade;
use crate::product::Product;

/// The reader of one upgrade. Polled, never woken: the journal may be written by an agent of any age.
#[derive(Debug)]
pub struct Follower {
    folder: PathBuf,
    length: u64,
    shown: usize,
    log: Option<Log>,
    upgrade: Option<Upgrade>,
}

impl Follower {
    /// Follows an upgrade from its first record.
    pub fn new(product: &Product, number: u32) -> Self {
        Self { folder: product.upgrade_folder(number), length: 0, shown: 0, log: None, upgrade: None }
    }

    /// Follows the finish of an upgrade: from what the package database said last, as far as it has come.
    ///
    /// # Errors
    /// [`JournalError`]
    pub fn of_finish(product: &Product, number: u32) -> Result<Self, JournalError> {
        let mut follower = Self::new(product, number);
        let replay = Replay::of(&follower.folder)?;
        follower.shown = replay.records.iter().rposition(is_packages).unwrap_or(replay.records.len());
        follower.upgrade = replay.upgrade;
        Ok(follower)
    }

    /// Follows the finish of an upgrade whose packages came since a moment, be it over already; `None` of
    /// any other upgrade.
    ///
    /// # Errors
    /// [`JournalError`]
    pub fn of_finish_since(product: &Product, number: u32, moment: Timestamp) -> Result<Option<Self>, JournalError> {
        let records = product.replay(number)?.records;
        let came = records.iter().any(|record| is_packages(record) && record.at >= moment);
        if came { Self::of_finish(product, number).map(Some) } else { Ok(None) }
    }

    /// Follows an upgrade from a moment on, such as when a command was typed.
    ///
    /// # Errors
    /// [`JournalError`]
    pub fn since(product: &Product, number: u32, moment: Timestamp) -> Result<Self, JournalError> {
        let mut follower = Self::new(product, number);
        let replay = Replay::of(&follower.folder)?;
        follower.shown = replay.records.iter().take_while(|record| record.at < moment).count();
        follower.upgrade = replay.upgrade;
        Ok(follower)
    }

    /// Follows an upgrade whose first records were shown already.
    ///
    /// # Errors
    /// [`JournalError`]
    pub fn after(product: &Product, number: u32, shown: usize) -> Result<Self, JournalError> {
        let mut follower = Self::new(product, number);
        follower.shown = shown;
        follower.upgrade = Replay::of(&follower.folder)?.upgrade;
        Ok(follower)
    }

    /// The upgrade as of the last poll.
    pub fn upgrade(&self) -> Option<&Upgrade> {
        self.upgrade.as_ref()
    }

    /// How many records were shown.
    pub fn shown(&self) -> usize {
        self.shown
    }

    /// What is new since the last poll.
    ///
    /// # Errors
    /// [`JournalError`]
    pub fn poll(&mut self, language: Language, zone: &TimeZone) -> Result<Page, JournalError> {
        let mut page = Page::default();
        let length = std::fs::metadata(self.folder.join(FILE)).map_or(0, |file| file.len());
        if length != self.length {
            self.length = length;
            let replay = Replay::of(&self.folder)?;
            self.show(&replay, &mut page, language, zone);
            self.shown = replay.records.len();
            self.upgrade = replay.upgrade;
        }
        self.drain(&mut page, false);
        Ok(page)
    }

    fn show(&mut self, replay: &Replay, page: &mut Page, language: Language, zone: &TimeZone) {
        let Some(upgrade) = &replay.upgrade else { return };
        for (index, record) in replay.records.iter().enumerate().skip(self.shown) {
            self.drain(page, true);
            self.log = None;
            let said = event::sentence(&record.event, &upgrade.header, language);
            page.add(0, style(&record.event), format!("{}  {said}", time::clock(record.at, zone)));
            if index + 1 == replay.records.len() || self.upgrade.is_some() {
                self.log = Log::announced(&record.event, &self.folder);
            }
            self.show_output(&record.event, page);
        }
    }

    // Who comes late has not seen the step's own lines.
    fn show_output(&self, event: &Event, page: &mut Page) {
        if let (None, Event::StepFailed { failure, .. } | Event::UndoFailed { failure, .. }) = (&self.upgrade, event) {
            for line in failure::output(failure) {
                page.add(10, Style::Quiet, format!("| {line}"));
            }
        }
    }

    fn drain(&mut self, page: &mut Page, to_the_end: bool) {
        for line in self.log.iter_mut().flat_map(|log| log.lines(to_the_end)) {
            page.add(10, Style::Quiet, format!("| {line}"));
        }
    }
}

fn is_packages(record: &Record) -> bool {
    matches!(record.event, Event::Packages { .. })
}

/// What a record means.
pub fn style(event: &Event) -> Style {
    match event {
        Event::StepSucceeded { .. } | Event::UndoSucceeded { .. } | Event::Cleared => Style::Good,
        Event::StepFailed { .. } | Event::UndoFailed { .. } | Event::LoopDetected { .. } => Style::Bad,
        Event::Held { .. } | Event::Asked { .. } | Event::Interrupted { .. } | Event::UndoInterrupted { .. } => {
            Style::Warning
        }
        _ => Style::Plain,
    }
}
