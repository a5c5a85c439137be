//! A journal in the making, and what is in all of them.

use std::path::Path;

use consign_metadata::digest::Sha256;
use consign_metadata::plan::OnInterrupt;
use consignee::engine::event::{Event, FORMAT_WITH_BACKUP, Failure, Header, Item, ModuleChange, Packages, Person};
use consignee::engine::journal::Journal;
use jiff::{SignedDuration, Timestamp};

use crate::{PRODUCT, Result};

// The list of every one of them.
const NAMES: [&str; 13] = [
    "announce",
    "stop",
    "backup",
    "packages",
    "pre",
    "update",
    "init",
    "daemon-reload",
    "enter-maintenance",
    "start",
    "health",
    "leave-maintenance",
    "index",
];
pub const BACKUP: usize = 2;
pub const PACKAGES: usize = 3;
pub const PRE: usize = 4;
pub const UPDATE: usize = 5;
pub const INIT: usize = 6;
pub const START: usize = 9;
pub const LEAVE: usize = 11;

/// A journal in the making; a minute passes with every record.
pub struct History {
    journal: Journal,
    now: Timestamp,
}

impl History {
    pub fn begin(folder: &Path, name: &str, edit: impl FnOnce(&mut Header)) -> Result<History> {
        let mut header = header()?;
        edit(&mut header);
        let folder = folder.join(name);
        fs_err::create_dir_all(&folder)?;
        let now = "2026-11-21T01:00:00Z".parse()?;
        Ok(History { journal: Journal::create(&folder, header, now)?, now })
    }

    pub fn add(&mut self, event: Event) -> Result<()> {
        self.now = self.now.checked_add(SignedDuration::from_mins(1))?;
        Ok(self.journal.append(event, self.now)?)
    }

    pub fn all(&mut self, events: impl IntoIterator<Item = Event>) -> Result<()> {
        events.into_iter().try_for_each(|event| self.add(event))
    }

    pub fn start(&mut self, item: usize) -> Result<()> {
        let attempt = self.journal.upgrade().attempts(item) + 1;
        self.add(Event::StepStarted { item, attempt })
    }

    pub fn step(&mut self, item: usize) -> Result<()> {
        self.start(item)?;
        self.add(Event::StepSucceeded { item })
    }

    pub fn start_undo(&mut self, item: i64) -> Result<()> {
        let attempt = self.journal.upgrade().undo_attempts(item) + 1;
        self.add(Event::UndoStarted { item, attempt })
    }

    pub fn undo(&mut self, item: i64) -> Result<()> {
        self.start_undo(item)?;
        self.add(Event::UndoSucceeded { item })
    }

    pub fn fail(&mut self, item: usize, failure: Failure) -> Result<()> {
        self.start(item)?;
        self.add(Event::StepFailed { item, failure })
    }

    /// Cleared, kept, announced, stopped, saved.
    pub fn prepare(&mut self) -> Result<()> {
        self.all([Event::PackagesKept { missing: Vec::new() }, Event::Cleared])?;
        self.add(observed("1"))?;
        [0, 1, BACKUP].into_iter().try_for_each(|item| self.step(item))
    }

    pub fn unpack(&mut self) -> Result<()> {
        self.prepare()?;
        self.add(Event::Packages { observed: Packages::After, ended: true })
    }

    /// Undone from this item to the packages, which are put back, and on to the old version's health.
    pub fn walk_back(&mut self, last: usize) -> Result<()> {
        for item in (PACKAGES + 1..=last).rev() {
            self.undo(i64::try_from(item)?)?;
        }
        self.start_undo(i64::try_from(PACKAGES)?)?;
        self.add(Event::Packages { observed: Packages::Before, ended: true })?;
        self.add(Event::UndoSucceeded { item: i64::try_from(PACKAGES)? })?;
        [2, 1, 0, -1].into_iter().try_for_each(|item| self.undo(item))
    }
}

/// The data was looked at.
pub fn observed(version: &str) -> Event {
    Event::DataObserved { version: Some(version.to_owned()) }
}

pub fn person() -> Person {
    Person { uid: 1000, name: "marie".to_owned() }
}

fn header() -> Result<Header> {
    let item = |name: &&str| Item {
        name: (*name).to_owned(),
        packages: *name == "packages",
        task: None,
        undo: true,
        no_return: *name == "leave-maintenance",
        on_interrupt: if *name == "index" { OnInterrupt::Ask } else { OnInterrupt::Rerun },
    };
    Ok(Header {
        format: FORMAT_WITH_BACKUP,
        upgrade: 7,
        product: PRODUCT.parse()?,
        plan: Sha256::of(b"plan"),
        from: Some("3.25.0".parse()?),
        to: "3.26.0".parse()?,
        revision: 1,
        class: None,
        modules: vec![ModuleChange {
            package: "canopsis".parse()?,
            before: Some("3.25.0-1".to_owned()),
            after: "3.26.0-1".to_owned(),
        }],
        items: NAMES.iter().map(item).collect(),
        supersedes: None,
        has_served: false,
        joined: Vec::new(),
        agent: "0.1.0".parse()?,
    })
}
