//! Every upgrade of a product: when, how it ended, how long the engines stood, and who had a hand in it.

mod page;

use consign_metadata::name::{ProductId, VendorName};
use consign_metadata::version::{Class, Version};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{FORMAT, state};
use crate::engine::event::{Event, Header, Person};
use crate::engine::journal::{JournalError, Record, Replay};
use crate::feed::accepted::Acceptance;
use crate::outage;
use crate::product::Product;

/// The answer of `consignee history --json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryReport {
    /// [`FORMAT`].
    pub format: u32,
    /// Newest first, product by product.
    pub upgrades: Vec<PastUpgrade>,
    /// The older generations of feeds that people have accepted; only where no single upgrade was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub generations: Vec<PastGeneration>,
}

/// An older generation of a vendor's feed that a person has accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PastGeneration {
    /// Whose feed.
    pub vendor: VendorName,
    /// Which, when and who.
    #[serde(flatten)]
    pub acceptance: Acceptance,
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
    pub state: state::Code,
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
    /// Said that a release which was taken back is wanted again.
    AcknowledgedTakenBack,
    /// Did a task.
    DidTask,
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
    /// Took the data for right as they were found.
    AcceptedData,
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
    /// `acknowledged` tells what people acknowledged of a product, and for which version.
    ///
    /// # Errors
    /// [`JournalError`], and those of `acknowledged`.
    pub fn of<E: From<JournalError>>(
        products: &[Product],
        number: Option<u32>,
        acknowledged: impl Fn(&Product) -> Result<Vec<(Version, Deed)>, E>,
    ) -> Result<Self, E> {
        let mut upgrades = Vec::new();
        for product in products {
            let deeds = acknowledged(product)?;
            let all = product.upgrades().map_err(|cause| JournalError::Io {
                action: "list",
                path: product.folder().to_owned(),
                cause,
            })?;
            for found in all.into_iter().rev().filter(|found| number.is_none_or(|number| number == *found)) {
                upgrades.extend(PastUpgrade::of(&product.replay(found)?, number.is_some(), &deeds));
            }
        }
        Ok(Self { format: FORMAT, upgrades, generations: Vec::new() })
    }
}

impl PastUpgrade {
    fn of(replay: &Replay, with_records: bool, acknowledged: &[(Version, Deed)]) -> Option<Self> {
        let upgrade = replay.upgrade.as_ref()?;
        let (header, begun) = (&upgrade.header, replay.records.first()?.at);
        let changed = replay.records.last()?.at;
        let (outage_seconds, stands) = outage::of(header, &replay.records);
        let own = replay.records.iter().filter_map(|record| deed(record, header));
        let for_it = acknowledged.iter().filter(|(version, _)| *version == header.to).map(|(_, deed)| deed.clone());
        let mut deeds: Vec<_> = for_it.chain(own).collect();
        deeds.sort_by_key(|deed| deed.at);
        let happening = |record: &Record| Happening { at: record.at, event: record.event.clone() };
        Some(Self {
            product: header.product.clone(),
            number: header.upgrade,
            from: header.from.clone(),
            to: header.to.clone(),
            class: header.class,
            state: state::code(&upgrade.state),
            over: upgrade.is_over(),
            begun,
            changed,
            outage_seconds,
            outage_goes_on: stands && !upgrade.is_over(),
            deeds,
            records: if with_records { replay.records.iter().map(happening).collect() } else { Vec::new() },
        })
    }
}

fn deed(record: &Record, header: &Header) -> Option<Deed> {
    let (by, what, subject) = match &record.event {
        Event::Answered { item, by, .. } => {
            let item = header.items.get(*item);
            let is_task = item.is_some_and(|item| item.task.is_some());
            let kind = if is_task { DeedKind::DidTask } else { DeedKind::Answered };
            (by, kind, item.map(|item| item.name.clone()))
        }
        Event::Retry { by: Some(by) } | Event::UndoRetried { by } => (by, DeedKind::Retried, None),
        Event::SkippedBy { by } => (by, DeedKind::Skipped, None),
        Event::Rescued { observed, by } => (by, DeedKind::Rescued, Some(observed.to_string())),
        Event::RollbackRequested { by, .. } => (by, DeedKind::TookBack, None),
        Event::DataAccepted { version, by } => (by, DeedKind::AcceptedData, Some(version.clone())),
        _ => return None,
    };
    Some(Deed { at: record.at, by: by.clone(), what, subject })
}
