//! Every upgrade of a product: when, how it ended, how long the engines stood, and who had a hand in it.

use consign_metadata::name::ProductId;
use consign_metadata::text::Language;
use consign_metadata::version::{Class, Version};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::page::{Page, Style};
use super::{FORMAT, event, failure, state, status, time, words};
use crate::engine::event::{Event, Header, Person};
use crate::engine::journal::{JournalError, Record, Replay};
use crate::product::Product;

/// The answer of `consignee history --json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryReport {
    /// [`FORMAT`].
    pub format: u32,
    /// Newest first, product by product.
    pub upgrades: Vec<PastUpgrade>,
}

/// One upgrade from its first record to its last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PastUpgrade {
    /// The product.
    pub product: ProductId,
    /// Its number within the product.
    pub number: u32,
    /// The version it started from; null for a first installation.
    pub from: Option<Version>,
    /// The version it went to.
    pub to: Version,
    /// The class of the change; null for a first installation.
    pub class: Option<Class>,
    /// The state it is in, by the name in the state diagram.
    pub state: String,
    /// Whether nothing more happens to it.
    pub over: bool,
    /// When it was first seen.
    pub begun: Timestamp,
    /// When its last record was written.
    pub changed: Timestamp,
    /// Seconds between stop and start, until the last record where the engines did not start again.
    pub outage_seconds: u64,
    /// Whether the engines did not start again.
    pub outage_goes_on: bool,
    /// What people did, oldest first.
    pub deeds: Vec<Deed>,
    /// Every record; only when one upgrade was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<Happening>,
}

/// A person's part in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deed {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Person,
    /// What.
    pub what: DeedKind,
    /// Of what: a version or the name of a side effect, where it is of one.
    pub subject: Option<String>,
}

/// What a person may have done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeedKind {
    /// Acknowledged a release note.
    AcknowledgedNote,
    /// Acknowledged a side effect.
    AcknowledgedSideEffect,
    /// Decided about an interrupted step.
    Answered,
    /// Tried the step or its undo again.
    Retried,
    /// Went on after a step that failed.
    Skipped,
    /// Put the host right by hand.
    Rescued,
    /// Took the upgrade back.
    TookBack,
}

/// A record with its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// What, as the journal has it.
    #[serde(flatten)]
    pub event: Event,
}

impl HistoryReport {
    /// The history of products, or of one upgrade with all its records.
    /// `acknowledged` tells what people acknowledged of a product, in order of time.
    ///
    /// # Errors
    /// [`JournalError`]
    pub fn of(
        products: &[Product],
        number: Option<u32>,
        acknowledged: impl Fn(&Product) -> Vec<Deed>,
    ) -> Result<Self, JournalError> {
        let mut upgrades = Vec::new();
        for product in products {
            let deeds = acknowledged(product);
            let all = product.upgrades().map_err(|cause| JournalError::Io {
                action: "list",
                path: product.folder().to_owned(),
                cause,
            })?;
            for found in all.into_iter().rev().filter(|found| number.is_none_or(|number| number == *found)) {
                upgrades.extend(PastUpgrade::of(&product.replay(found)?, number.is_some(), &deeds));
            }
        }
        Ok(Self { format: FORMAT, upgrades })
    }

    /// As text.
    pub fn page(&self, language: Language, zone: &TimeZone) -> Page {
        let mut page = Page::default();
        let mut product = None;
        for upgrade in &self.upgrades {
            if product != Some(&upgrade.product) {
                page.gap();
                page.add(0, Style::Heading, upgrade.product.to_string());
                product = Some(&upgrade.product);
            }
            page.append(2, upgrade.page(language, zone));
        }
        page
    }
}

impl PastUpgrade {
    fn of(replay: &Replay, with_records: bool, acknowledged: &[Deed]) -> Option<Self> {
        let upgrade = replay.upgrade.as_ref()?;
        let (header, begun) = (&upgrade.header, replay.records.first()?.at);
        let changed = replay.records.last()?.at;
        let (outage_seconds, outage_goes_on) = outage(header, &replay.records);
        let own = replay.records.iter().filter_map(|record| deed(record, header));
        let mut deeds: Vec<_> = acknowledged.iter().filter(|deed| concerns(deed, header)).cloned().chain(own).collect();
        deeds.sort_by_key(|deed| deed.at);
        let happening = |record: &Record| Happening { at: record.at, event: record.event.clone() };
        Some(Self {
            product: header.product.clone(),
            number: header.upgrade,
            from: header.from.clone(),
            to: header.to.clone(),
            class: header.class,
            state: state::code(&upgrade.state).to_owned(),
            over: upgrade.is_over(),
            begun,
            changed,
            outage_seconds,
            outage_goes_on,
            deeds,
            records: if with_records { replay.records.iter().map(happening).collect() } else { Vec::new() },
        })
    }

    fn page(&self, language: Language, zone: &TimeZone) -> Page {
        let mut page = Page::default();
        let journey = words::journey(self.from.as_ref(), &self.to, language);
        let (number, began) = (self.number, time::full(self.begun, zone));
        let outcome = outcome(&self.state, language);
        page.add(0, self.style(), format!("{number:>3}  {began}  {journey}: {outcome}"));
        let (took, outage) = (
            time::span(time::seconds(self.begun, self.changed), language),
            time::span(self.outage_seconds, language),
        );
        page.add(5, Style::Plain, match (self.outage_seconds, self.outage_goes_on) {
            (0, false) => say!(language, "{took} in all, engines not stopped", "{took} en tout, moteurs non arrêtés"),
            (_, false) => say!(language, "{took} in all, engines stopped for {outage}", "{took} en tout, moteurs arrêtés pendant {outage}"),
            (_, true) => say!(language, "{took} so far, engines stopped for {outage} and still", "{took} pour l'instant, moteurs arrêtés depuis {outage}"),
        });
        for deed in &self.deeds {
            page.add(5, Style::Plain, deed.sentence(language, zone));
        }
        self.records_page(&mut page, language, zone);
        page
    }

    fn records_page(&self, page: &mut Page, language: Language, zone: &TimeZone) {
        let header = self.records.iter().find_map(|record| match &record.event {
            Event::Begun { header } => Some(header),
            _ => None,
        });
        for record in header.iter().flat_map(|header| self.records.iter().map(move |record| (header, record))) {
            let (header, Happening { at, event }) = record;
            let (at, said) = (time::full(*at, zone), event::sentence(event, header, language));
            page.add(5, Style::Plain, format!("{at}  {said}"));
            if let Event::StepFailed { failure, .. } | Event::UndoFailed { failure, .. } = event {
                for line in failure::output(failure) {
                    page.add(7, Style::Quiet, format!("| {line}"));
                }
            }
        }
    }

    fn style(&self) -> Style {
        match self.state.as_str() {
            "completed" | "rescued" => status::style(state::Standing::Well),
            "halted" | "stuck" => status::style(state::Standing::Halted),
            _ => Style::Plain,
        }
    }
}

// The state without its parameters: they stand in the records.
fn outcome(code: &str, language: Language) -> String {
    match code {
        "completed" => say!(language, "finished", "terminée"),
        "cancelled" => say!(language, "cancelled", "abandonnée"),
        "rolled-back" => say!(language, "taken back", "annulée"),
        "superseded" => say!(language, "replaced by a later one", "remplacée par une autre"),
        "rescued" => say!(language, "ended by hand", "terminée à la main"),
        "halted" => say!(language, "halted", "arrêtée"),
        "stuck" => say!(language, "stuck", "bloquée"),
        "held" | "planned" => say!(language, "held", "retenue"),
        "cleared" => say!(language, "cleared", "autorisée"),
        "waiting" => say!(language, "waits for a decision", "attend une décision"),
        _ => say!(language, "under way", "en cours"),
    }
}

impl Deed {
    fn sentence(&self, language: Language, zone: &TimeZone) -> String {
        let (at, by) = (time::full(self.at, zone), words::person(&self.by));
        let of = self.subject.as_deref().unwrap_or_default();
        let what = match self.what {
            DeedKind::AcknowledgedNote => say!(language, "acknowledged the note on {of}", "a acquitté la note de version {of}"),
            DeedKind::AcknowledgedSideEffect => {
                say!(language, "acknowledged the side effect {of}", "a acquitté l'effet de bord {of}")
            }
            DeedKind::Answered => say!(language, "decided about step {of}", "a décidé pour l'étape {of}"),
            DeedKind::Retried => say!(language, "tried again", "a relancé"),
            DeedKind::Skipped => say!(language, "went on after the failed step", "est passé outre l'étape en échec"),
            DeedKind::Rescued => say!(language, "put the host right at {of}", "a remis l'hôte en état en {of}"),
            DeedKind::TookBack => say!(language, "took the upgrade back", "a annulé la mise à niveau"),
        };
        format!("{at}  {by} {what}")
    }
}

fn deed(record: &Record, header: &Header) -> Option<Deed> {
    let (by, what, subject) = match &record.event {
        Event::Answered { item, by, .. } => {
            (by, DeedKind::Answered, header.items.get(*item).map(|item| item.name.clone()))
        }
        Event::Retry { by: Some(by) } | Event::UndoRetried { by } => (by, DeedKind::Retried, None),
        Event::SkippedBy { by } => (by, DeedKind::Skipped, None),
        Event::Rescued { observed, by } => (by, DeedKind::Rescued, Some(observed.to_string())),
        Event::RollbackRequested { by } => (by, DeedKind::TookBack, None),
        _ => return None,
    };
    Some(Deed { at: record.at, by: by.clone(), what, subject })
}

/// Whether an acknowledgement was for this upgrade: of a note on a version it passes, or a side effect.
fn concerns(deed: &Deed, header: &Header) -> bool {
    let version = deed.subject.as_deref().and_then(|subject| subject.parse::<Version>().ok());
    match (deed.what, version) {
        (DeedKind::AcknowledgedNote, Some(version)) => {
            version <= header.to && header.from.as_ref().is_none_or(|from| version > *from)
        }
        _ => true,
    }
}

/// Seconds from the first step that stops engines to the end of the one that starts them, or of the undo
/// that does; and whether they still stand at the last record.
fn outage(header: &Header, records: &[Record]) -> (u64, bool) {
    let is = |item: usize, name: &str| header.items.get(item).is_some_and(|item| item.name == name);
    let undone = |item: i64, name: &str| usize::try_from(item).is_ok_and(|item| is(item, name));
    let (mut total, mut since) = (0, None);
    for record in records {
        match &record.event {
            Event::StepStarted { item, .. } if is(*item, "stop") => since = since.or(Some(record.at)),
            Event::UndoStarted { item, .. } if undone(*item, "start") => since = since.or(Some(record.at)),
            Event::StepSucceeded { item } if is(*item, "start") => total += closed(&mut since, record.at),
            Event::UndoSucceeded { item } if undone(*item, "stop") => total += closed(&mut since, record.at),
            _ => {}
        }
    }
    let last = records.last().map(|record| record.at);
    let open = since.zip(last).map_or(0, |(since, last)| time::seconds(since, last));
    (total + open, since.is_some())
}

fn closed(since: &mut Option<Timestamp>, at: Timestamp) -> u64 {
    since.take().map_or(0, |since| time::seconds(since, at))
}
