//! A journal in the making, and what is in all of them.

use std::path::Path;

use consign_metadata::digest::Sha256;
use consign_metadata::plan::OnInterrupt;
use consign_metadata::text::Text;
use consignee::engine::event::{
    Answer, Event, FORMAT_WITH_ADD_ONS, Failure, Header, Item, JoinedAddOn, ModuleChange, Packages, Person, Reason,
};
use consignee::engine::journal::Journal;
use jiff::{SignedDuration, Timestamp};

use crate::Result;

// The list of every one of them.
const NAMES: [&str; 10] = [
    "announce",
    "stop",
    "packages",
    "init",
    "globex/snmp:migrate",
    "cabling",
    "daemon-reload",
    "start",
    "globex/snmp:register",
    "health",
];
pub const INIT: usize = 3;
pub const MIGRATE: usize = 4;
pub const TASK: usize = 5;
pub const START: usize = 7;
pub const REGISTER: usize = 8;

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

    /// A person does the task of the list.
    pub fn task(&mut self) -> Result<()> {
        self.start(TASK)?;
        self.all([Event::Asked { item: TASK }, Event::Answered { item: TASK, answer: Answer::Done, by: person() }])
    }

    /// Cleared, announced, stopped.
    pub fn prepare(&mut self) -> Result<()> {
        self.add(Event::Cleared)?;
        self.step(0)?;
        self.step(1)
    }

    pub fn unpack(&mut self) -> Result<()> {
        self.prepare()?;
        self.add(Event::Packages { observed: Packages::After, ended: true })
    }
}

pub fn person() -> Person {
    Person { uid: 1000, name: "marie".to_owned() }
}

fn header() -> Result<Header> {
    let item = |name: &&str| Item {
        name: (*name).to_owned(),
        packages: *name == "packages",
        task: (*name == "cabling").then(|| text("Plug in the probes.", Some("Branchez les sondes."))),
        undo: ["announce", "stop", "daemon-reload", "start", "health"].contains(name),
        no_return: *name == "start",
        on_interrupt: match *name {
            "init" | "globex/snmp:migrate" | "cabling" => OnInterrupt::Ask,
            _ => OnInterrupt::Rerun,
        },
    };
    Ok(Header {
        format: FORMAT_WITH_ADD_ONS,
        upgrade: 7,
        product: "acme/canopsis".parse()?,
        plan: Sha256::of(b"plan"),
        from: Some("3.25.0".parse()?),
        to: "3.26.0".parse()?,
        revision: 1,
        class: None,
        modules: vec![ModuleChange {
            package: "canopsis".parse()?,
            before: Some("3.25.0-1~deb13".to_owned()),
            after: "3.26.0-1~deb13".to_owned(),
        }],
        items: NAMES.iter().map(item).collect(),
        supersedes: None,
        joined: vec![JoinedAddOn {
            product: "globex/snmp".parse()?,
            version: "2.0.0".parse()?,
            plan: Sha256::of(b"add-on"),
        }],
        agent: "0.1.0".parse()?,
    })
}

fn text(en: &str, fr: Option<&str>) -> Text {
    Text { en: en.to_owned(), fr: fr.map(str::to_owned) }
}

/// Every reason that is not in version 1.
pub fn reasons() -> Result<Vec<Reason>> {
    let (base, add_on) = ("acme/canopsis".parse()?, || "globex/snmp".parse());
    let version = || "1.0.0".parse();
    Ok(vec![
        Reason::PrerequisiteFailed { id: "space".parse()?, otherwise: text("Make room.", Some("Faites de la place.")) },
        Reason::PrerequisiteUnknown {
            id: "postgresql".parse()?,
            failure: Failure::Timeout { seconds: 5, output: Vec::new() },
        },
        Reason::TaskOpen {
            id: "snapshot".parse()?,
            summary: text("Take a snapshot.", None),
            sha256: Sha256::of(b"task"),
        },
        Reason::AddOnUnsupported { add_on: add_on()?, version: version()?, supports: "<3.26.0".parse()? },
        Reason::AddOnNotAllowed {
            add_on: add_on()?,
            version: version()?,
            primary: "E90E71D8A92394CCFA669EECA0860DDA788DBBC3".to_owned().try_into()?,
        },
        Reason::AddOnNoPoint { add_on: add_on()?, version: version()?, point: "after-start".parse()? },
        Reason::BaseUnsupported { base, version: "3.25.0".parse()?, supports: ">=3.26.0, <4.0.0".parse()? },
    ])
}
