//! Journals that together hold every event, every failure and every reason of format 1.

use std::io::Write as _;
use std::path::Path;

use consign_metadata::digest::Sha256;
use consign_metadata::plan::OnInterrupt;
use consign_metadata::version::Class;
use consignee::engine::event::{
    Answer, EngineState, Event, FORMAT, Failure, Header, Item, ModuleChange, Packages, Person, Reason, SkipReason,
};
use consignee::engine::journal::{FILE, Journal};
use jiff::{SignedDuration, Timestamp};

use crate::Result;

// The list of every one of them.
const NAMES: [&str; 7] = ["announce", "stop", "packages", "migrate", "index", "start", "health"];
const PACKAGES: usize = 2;
const MIGRATE: usize = 3;
const INDEX: usize = 4;
const START: usize = 5;
const HEALTH: usize = 6;

pub fn write_to(folder: &Path) -> Result<()> {
    completed(folder)?;
    cancelled(folder)?;
    not_wanted(folder)?;
    superseded(folder)?;
    rescued(folder)?;
    rolled_back(folder)?;
    torn(folder)
}

/// A journal in the making; a minute passes with every record.
struct History {
    journal: Journal,
    now: Timestamp,
}

impl History {
    fn begin(folder: &Path, name: &str, edit: impl FnOnce(&mut Header)) -> Result<History> {
        let mut header = header()?;
        edit(&mut header);
        let folder = folder.join(name);
        fs_err::create_dir_all(&folder)?;
        let now = "2026-11-21T01:00:00Z".parse()?;
        Ok(History { journal: Journal::create(&folder, header, now)?, now })
    }

    fn add(&mut self, event: Event) -> Result<()> {
        self.now = self.now.checked_add(SignedDuration::from_mins(1))?;
        Ok(self.journal.append(event, self.now)?)
    }

    fn all(&mut self, events: impl IntoIterator<Item = Event>) -> Result<()> {
        events.into_iter().try_for_each(|event| self.add(event))
    }

    fn start(&mut self, item: usize) -> Result<()> {
        let attempt = self.journal.upgrade().attempts(item) + 1;
        self.add(Event::StepStarted { item, attempt })
    }

    fn step(&mut self, item: usize) -> Result<()> {
        self.start(item)?;
        self.add(Event::StepSucceeded { item })
    }

    fn start_undo(&mut self, item: i64) -> Result<()> {
        let attempt = self.journal.upgrade().undo_attempts(item) + 1;
        self.add(Event::UndoStarted { item, attempt })
    }

    fn undo(&mut self, item: i64) -> Result<()> {
        self.start_undo(item)?;
        self.add(Event::UndoSucceeded { item })
    }

    /// Cleared, announced, stopped.
    fn prepare(&mut self) -> Result<()> {
        self.add(Event::Cleared)?;
        self.step(0)?;
        self.step(1)
    }

    fn unpack(&mut self) -> Result<()> {
        self.prepare()?;
        self.add(Event::Packages { observed: Packages::After, ended: true })
    }
}

fn completed(folder: &Path) -> Result<()> {
    let mut history = History::begin(folder, "completed", |header| header.class = Some(Class::Minor))?;
    let engine = EngineState { active: true, enabled: false };
    history.all([
        Event::Held { reasons: reasons()? },
        Event::EnginesObserved { engines: [("erp.service".parse()?, engine)].into() },
        Event::Packages { observed: Packages::Before, ended: false },
    ])?;
    history.prepare()?;
    history.all([
        Event::Packages { observed: Packages::Partial, ended: true },
        Event::Retry { by: None },
        Event::Packages { observed: Packages::After, ended: true },
    ])?;
    history.start(MIGRATE)?;
    history.add(Event::RetryLater { item: MIGRATE })?;
    for answer in [Answer::Rerun, Answer::Undo, Answer::Done] {
        history.start(MIGRATE)?;
        history.all([
            Event::Interrupted { item: MIGRATE },
            Event::Asked { item: MIGRATE },
            Event::Answered { item: MIGRATE, answer, by: person() },
        ])?;
        if answer == Answer::Undo {
            history.add(Event::Retry { by: Some(person()) })?;
        }
    }
    for failure in failures()? {
        history.start(INDEX)?;
        history.all([Event::StepFailed { item: INDEX, failure }, Event::Retry { by: Some(person()) }])?;
    }
    let attempts = history.journal.upgrade().attempts(INDEX);
    history.all([
        Event::LoopDetected { item: INDEX, attempts },
        Event::SkippedBy { by: person() },
        Event::StepSkipped { item: START, because: SkipReason::NoSystemd },
        Event::StepSkipped { item: HEALTH, because: SkipReason::AlreadyDone },
    ])
}

/// Prepared, and the transaction never changed anything.
fn cancelled(folder: &Path) -> Result<()> {
    let mut history = History::begin(folder, "cancelled", |_| {})?;
    history.prepare()?;
    history.add(Event::Packages { observed: Packages::Before, ended: true })?;
    history.start_undo(1)?;
    history.add(Event::UndoInterrupted { item: 1 })?;
    history.start_undo(1)?;
    let failure = Failure::Host { reason: "no space left on device".to_owned() };
    history.all([Event::UndoFailed { item: 1, failure }, Event::UndoRetried { by: person() }])?;
    [1, 0, -1].into_iter().try_for_each(|item| history.undo(item))
}

fn not_wanted(folder: &Path) -> Result<()> {
    let mut history = History::begin(folder, "not-wanted", |_| {})?;
    history.all([Event::Held { reasons: vec![Reason::NoAnswer] }, Event::Cancelled])
}

/// The packages came although the gates were not satisfied; a later release took its place.
fn superseded(folder: &Path) -> Result<()> {
    let mut history = History::begin(folder, "superseded", |header| header.supersedes = Some(6))?;
    history.all([
        Event::Held { reasons: vec![Reason::NoAnswer] },
        Event::Packages { observed: Packages::After, ended: true },
        Event::Superseded { by: 8 },
    ])
}

fn rescued(folder: &Path) -> Result<()> {
    let mut history = History::begin(folder, "rescued", |_| {})?;
    history.unpack()?;
    history.start(MIGRATE)?;
    let failure = Failure::Exit { status: 1, output: vec!["no \"room\" left, é".to_owned()] };
    history.add(Event::StepFailed { item: MIGRATE, failure })?;
    history.add(Event::Rescued { observed: "1.0.0".parse()?, by: person() })
}

/// An upgrade all of which can be taken back, its packages too.
fn rolled_back(folder: &Path) -> Result<()> {
    let mut history = History::begin(folder, "rolled-back", |header| {
        for item in &mut header.items {
            (item.undo, item.no_return) = (true, false);
        }
    })?;
    history.unpack()?;
    history.step(MIGRATE)?;
    history.all([Event::RollbackRequested { by: person() }])?;
    history.undo(3)?;
    history.start_undo(2)?;
    history.all([Event::Packages { observed: Packages::Before, ended: true }, Event::UndoSucceeded { item: 2 }])?;
    [1, 0, -1].into_iter().try_for_each(|item| history.undo(item))
}

/// A first install whose last line the power cut tore.
fn torn(folder: &Path) -> Result<()> {
    let mut history = History::begin(folder, "torn", |header| {
        header.from = None;
        header.modules[0].before = None;
    })?;
    history.unpack()?;
    history.start(MIGRATE)?;
    let file = fs_err::OpenOptions::new().append(true).open(folder.join("torn").join(FILE));
    Ok(file?.write_all(b"{\"seq\":8,\"prev\":\"7f")?)
}

fn person() -> Person {
    Person { uid: 1000, name: "marie".to_owned() }
}

fn header() -> Result<Header> {
    let item = |name: &&str| Item {
        name: (*name).to_owned(),
        packages: *name == "packages",
        task: None,
        undo: !["packages", "migrate", "index"].contains(name),
        no_return: *name == "start",
        on_interrupt: match *name {
            "migrate" => OnInterrupt::Ask,
            "index" => OnInterrupt::Undo,
            _ => OnInterrupt::Rerun,
        },
    };
    debug_assert_eq!(NAMES[PACKAGES], "packages");
    Ok(Header {
        format: FORMAT,
        upgrade: 7,
        product: "acme/erp".parse()?,
        plan: Sha256::of(b"plan"),
        from: Some("1.0.0".parse()?),
        to: "1.1.0".parse()?,
        revision: 2,
        class: None,
        modules: vec![ModuleChange {
            package: "acme-erp".parse()?,
            before: Some("1.0.0-1".to_owned()),
            after: "1.1.0-2".to_owned(),
        }],
        items: NAMES.iter().map(item).collect(),
        supersedes: None,
        joined: Vec::new(),
        agent: "0.1.0".parse()?,
    })
}

fn failures() -> Result<Vec<Failure>> {
    let output = || vec!["the last line".to_owned()];
    let text = str::to_owned;
    Ok(vec![
        Failure::Exit { status: 1, output: output() },
        Failure::Signal { signal: 9, output: output() },
        Failure::Timeout { seconds: 1800, output: output() },
        Failure::CannotStart { program: text("/opt/erp/index"), reason: text("no such file or directory") },
        Failure::Site { problem: text("there is no option edtion") },
        Failure::StillRunning { unit: "erp.service".parse()? },
        Failure::NotActive { unit: "erp.service".parse()?, state: text("failed (exit-code)") },
        Failure::Unhealthy { check: text("http://127.0.0.1:8080/health"), found: text("status 503") },
        Failure::Host { reason: text("no space left on device") },
        Failure::Interrupted,
    ])
}

fn reasons() -> Result<Vec<Reason>> {
    let (from, to) = ("1.0.0".parse()?, "1.1.0".parse()?);
    let stops = vec!["1.0.5".parse()?];
    let packages = vec!["acme-erp".parse()?];
    Ok(vec![
        Reason::ClassUnsupported { class: Class::Major, from, to },
        Reason::TooOld { from: "0.9.0".parse()?, supported_from: "1.0.0".parse()? },
        Reason::RequiredStops { stops },
        Reason::Downgrade { from: "1.1.0".parse()?, to: "1.0.0".parse()? },
        Reason::NoteUnread { version: "1.1.0".parse()?, sha256: Sha256::of(b"note") },
        Reason::SideEffectUnacknowledged { id: "password-reset".parse()?, sha256: Sha256::of(b"effect") },
        Reason::Unfinished { upgrade: 6 },
        Reason::AgentTooOld { minimum: "2.0.0".parse()? },
        Reason::Site { problem: "there is no option edtion".to_owned() },
        Reason::Withdrawn { why: "it loses records".to_owned() },
        Reason::Unverified { what: "acme-erp 1.1.0-2".to_owned(), cause: "the feed expired".to_owned() },
        Reason::WouldRemove { packages },
        Reason::MixedVersions { packages: vec![("acme-erp".parse()?, "1.1.0-1".to_owned())] },
        Reason::NotPrepared { upgrade: 7, failure: Failure::Interrupted },
        Reason::NoAnswer,
    ])
}
