//! Journals of upgrades with a backup, a probe and a procedure, which is what format 3 is for: one for each end
//! that these can change. Together they hold the codes and fields that are in no version before.

use std::io::Write as _;
use std::path::Path;

use consignee::engine::event::{Event, Failure, Packages, Reason};
use consignee::engine::journal::FILE;

use crate::Result;
use crate::history::{History, INIT, LEAVE, PACKAGES, PRE, START, UPDATE, observed, person};

pub fn write_to(folder: &Path) -> Result<()> {
    completed(folder)?;
    taken_back_by_itself(folder)?;
    taken_back_by_hand(folder)?;
    taken_back_after_a_fix(folder)?;
    stuck(folder)?;
    torn(folder)
}

fn output(line: &str) -> Vec<String> {
    vec![line.to_owned()]
}

/// Held because it was taken back once; a package to go back to is missing, so nothing goes back by itself;
/// steps fail in every way that came with the procedure, and a person accepts the data as they are.
fn completed(folder: &Path) -> Result<()> {
    let mut history = History::begin(folder, "completed", |_| {})?;
    let missing = Reason::ProgramMissing { step: "index".parse()?, program: "/usr/local/bin/index".to_owned() };
    history.add(Event::Held { reasons: vec![Reason::TakenBack { upgrade: 6 }, missing, data_differs()] })?;
    history.all([
        Event::PackagesKept { missing: vec![("canopsis".parse()?, "3.25.0-1".to_owned())] },
        Event::Cleared,
        observed("1"),
    ])?;
    [0, 1, 2].into_iter().try_for_each(|item| history.step(item))?;
    history.add(Event::Packages { observed: Packages::After, ended: true })?;
    failing(&mut history)?;
    history.step(PRE)?;
    history.add(observed("2"))?;
    for failure in [
        Failure::EndedEarly { status: 1, output: output("no port is free") },
        Failure::DidNotStop { seconds: 60, output: Vec::new() },
        Failure::OutOfMemory { output: output("reading everything") },
    ] {
        history.fail(UPDATE, failure)?;
        history.add(Event::Retry { by: Some(person()) })?;
    }
    history.step(UPDATE)?;
    // The database did not answer.
    history.add(Event::DataObserved { version: None })?;
    history.fail(INIT, Failure::DataDiffers { expected: "2".to_owned(), found: "1".to_owned() })?;
    history
        .all([Event::DataAccepted { version: "1".to_owned(), by: person() }, Event::Retry { by: Some(person()) }])?;
    (INIT..=LEAVE + 1).try_for_each(|item| history.step(item))
}

/// What keeps data of another version from being worked on.
fn data_differs() -> Reason {
    Reason::DataDiffers { expected: "1".to_owned(), found: "2".to_owned() }
}

/// A script fails, is another one than was signed, or than the one that ran; its program is missing.
fn failing(history: &mut History) -> Result<()> {
    let script = || "3.26.0/pre-10-remarks.py".to_owned();
    let failed = Failure::Exit { status: 1, output: output("no such table") };
    for failure in [
        Failure::Script { script: script(), failure: Box::new(failed) },
        Failure::ScriptChanged { script: script() },
        Failure::ScriptDiffers { script: script() },
        Failure::ProgramMissing { program: "/usr/bin/python3".to_owned() },
    ] {
        history.fail(PRE, failure)?;
        history.add(Event::Retry { by: Some(person()) })?;
    }
    Ok(())
}

/// A step failed before anybody could have written anything.
fn taken_back_by_itself(folder: &Path) -> Result<()> {
    let mut history = History::begin(folder, "taken-back-by-itself", |_| {})?;
    history.unpack()?;
    history.step(PRE)?;
    history.add(observed("2"))?;
    history.step(UPDATE)?;
    history.fail(INIT, Failure::OutOfMemory { output: Vec::new() })?;
    history.walk_back(INIT)
}

/// It served, and a person accepts that what was written since is lost.
fn taken_back_by_hand(folder: &Path) -> Result<()> {
    let mut history = History::begin(folder, "taken-back-by-hand", |_| {})?;
    history.unpack()?;
    (PRE..=LEAVE + 1).try_for_each(|item| history.step(item))?;
    history.add(Event::RollbackRequested { by: person(), accepts_data_loss: true })?;
    history.walk_back(LEAVE + 1)
}

/// A fix of an upgrade that had begun to serve.
fn taken_back_after_a_fix(folder: &Path) -> Result<()> {
    let mut history = History::begin(folder, "taken-back-after-a-fix", |header| {
        (header.supersedes, header.has_served) = (Some(6), true);
    })?;
    history.unpack()?;
    history.fail(PRE, Failure::Interrupted)?;
    history.add(Event::RollbackRequested { by: person(), accepts_data_loss: true })?;
    history.walk_back(PRE)
}

/// The old version finds other data than it had.
fn stuck(folder: &Path) -> Result<()> {
    let mut history = History::begin(folder, "stuck", |_| {})?;
    history.unpack()?;
    history.fail(PRE, Failure::Timeout { seconds: 5, output: Vec::new() })?;
    history.undo(i64::try_from(PRE)?)?;
    let packages = i64::try_from(PACKAGES)?;
    history.start_undo(packages)?;
    history
        .all([Event::Packages { observed: Packages::Before, ended: true }, Event::UndoSucceeded { item: packages }])?;
    history.undo(2)?;
    history.start_undo(1)?;
    let failure = Failure::DataDiffers { expected: "1".to_owned(), found: "2".to_owned() };
    history.add(Event::UndoFailed { item: 1, failure })
}

/// The power went when the product had been started and served nobody yet, and tore the last line.
fn torn(folder: &Path) -> Result<()> {
    let mut history = History::begin(folder, "torn", |_| {})?;
    history.unpack()?;
    (PRE..START).try_for_each(|item| history.step(item))?;
    history.start(START)?;
    let file = fs_err::OpenOptions::new().append(true).open(folder.join("torn").join(FILE));
    Ok(file?.write_all(b"{\"seq\":10,\"prev\":\"7f")?)
}
