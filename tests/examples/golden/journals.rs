//! Journals of upgrades that an add-on joined, which is what format 2 is for: one for each end that it can
//! change. Together they hold what is not in those of version 1: the codes, the fields of the first record,
//! and a task in the list.

use std::io::Write as _;
use std::path::Path;

use consign_metadata::version::Class;
use consignee::engine::event::{Answer, Event, FORMAT, Failure, Packages};
use consignee::engine::journal::FILE;

use crate::Result;
use crate::history::{History, INIT, MIGRATE, REGISTER, START, person, reasons};

pub fn write_to(folder: &Path) -> Result<()> {
    completed(folder)?;
    at_a_task(folder)?;
    halted(folder)?;
    cancelled(folder)?;
    superseded(folder)?;
    rescued(folder)?;
    rolled_back(folder)?;
    torn(folder)
}

/// Held by everything that came later than version 1; the add-on's packages come after the base's, its own
/// upgrade is in the way, and its last step is left out.
fn completed(folder: &Path) -> Result<()> {
    let mut history = History::begin(folder, "completed", |header| header.class = Some(Class::Minor))?;
    history.add(Event::Held { reasons: reasons()? })?;
    history.prepare()?;
    history.all([
        Event::Packages { observed: Packages::Partial, ended: true },
        Event::Retry { by: Some(person()) },
        Event::Packages { observed: Packages::After, ended: true },
    ])?;
    history.step(INIT)?;
    history.start(MIGRATE)?;
    history.add(Event::RetryLater { item: MIGRATE })?;
    history.fail(MIGRATE, Failure::AddOnUnfinished { add_on: "globex/snmp".parse()?, upgrade: 3 })?;
    history.add(Event::Retry { by: Some(person()) })?;
    history.start(MIGRATE)?;
    history.all([
        Event::Interrupted { item: MIGRATE },
        Event::Asked { item: MIGRATE },
        Event::Answered { item: MIGRATE, answer: Answer::Rerun, by: person() },
    ])?;
    history.step(MIGRATE)?;
    history.task()?;
    history.step(6)?;
    history.step(START)?;
    let reason = "there is no such program".to_owned();
    history.fail(REGISTER, Failure::CannotStart { program: "/opt/globex-snmp/bin/snmp".to_owned(), reason })?;
    history.add(Event::SkippedBy { by: person() })?;
    history.step(9)
}

/// Nobody joined, so the journal is of format 1; its list has a task, which format 1 of version 1 had not.
fn at_a_task(folder: &Path) -> Result<()> {
    let mut history = History::begin(folder, "at-a-task", |header| {
        header.joined = Vec::new();
        header.format = FORMAT;
        header.items.retain(|item| !item.name.contains(':'));
    })?;
    history.unpack()?;
    history.step(INIT)?;
    history.start(INIT + 1)?;
    history.add(Event::Asked { item: INIT + 1 })
}

/// The add-on's step failed and the power went when it ran again.
fn halted(folder: &Path) -> Result<()> {
    let mut history = History::begin(folder, "halted", |_| {})?;
    history.unpack()?;
    history.step(INIT)?;
    history.fail(MIGRATE, Failure::Exit { status: 1, output: vec!["the traps cannot be migrated".to_owned()] })?;
    history.add(Event::Retry { by: Some(person()) })?;
    history.start(MIGRATE)?;
    history.all([
        Event::Interrupted { item: MIGRATE },
        Event::Asked { item: MIGRATE },
        Event::Answered { item: MIGRATE, answer: Answer::Undo, by: person() },
    ])
}

/// Prepared, and the transaction never changed anything.
fn cancelled(folder: &Path) -> Result<()> {
    let mut history = History::begin(folder, "cancelled", |_| {})?;
    history.prepare()?;
    history.add(Event::Packages { observed: Packages::Before, ended: true })?;
    [1, 0, -1].into_iter().try_for_each(|item| history.undo(item))
}

/// The packages came past the gates, and by then another version of the add-on joins.
fn superseded(folder: &Path) -> Result<()> {
    let mut history = History::begin(folder, "superseded", |header| header.supersedes = Some(6))?;
    history.all([
        Event::Held { reasons: reasons()? },
        Event::Packages { observed: Packages::After, ended: true },
        Event::Superseded { by: 8 },
    ])
}

fn rescued(folder: &Path) -> Result<()> {
    let mut history = History::begin(folder, "rescued", |_| {})?;
    history.unpack()?;
    history.step(INIT)?;
    history.fail(MIGRATE, Failure::AddOnUnfinished { add_on: "globex/snmp".parse()?, upgrade: 3 })?;
    history.add(Event::Rescued { observed: "3.25.0".parse()?, by: person() })
}

/// An upgrade all of which can be taken back, the add-on's step and the person's too.
fn rolled_back(folder: &Path) -> Result<()> {
    let mut history = History::begin(folder, "rolled-back", |header| {
        for item in &mut header.items {
            (item.undo, item.no_return) = (true, false);
        }
    })?;
    history.unpack()?;
    history.step(INIT)?;
    history.step(MIGRATE)?;
    history.task()?;
    history.add(Event::RollbackRequested { by: person() })?;
    [5, 4, 3].into_iter().try_for_each(|item| history.undo(item))?;
    history.start_undo(2)?;
    history.all([Event::Packages { observed: Packages::Before, ended: true }, Event::UndoSucceeded { item: 2 }])?;
    [1, 0, -1].into_iter().try_for_each(|item| history.undo(item))
}

/// The power went in the add-on's step, and tore the last line.
fn torn(folder: &Path) -> Result<()> {
    let mut history = History::begin(folder, "torn", |_| {})?;
    history.unpack()?;
    history.step(INIT)?;
    history.start(MIGRATE)?;
    let file = fs_err::OpenOptions::new().append(true).open(folder.join("torn").join(FILE));
    Ok(file?.write_all(b"{\"seq\":10,\"prev\":\"7f")?)
}
