//! The fault matrix: what is done to upgrades, where, how often, and what comes of it. Each suite leaves a record of
//! how often, and `docs/faults.md` is made of them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::{Doing, Result};
use crate::lab::Lab;

/// One line of the matrix.
struct Row {
    /// The name of its record; none where the number is part of the test itself.
    record: Option<&'static str>,
    fault: &'static str,
    place: &'static str,
    often: &'static str,
    ends: &'static str,
    test: &'static str,
}

/// What was counted by a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
pub struct Count {
    /// Faults, each of which fired.
    pub faults: usize,
    /// Upgrades that were finished after theirs.
    pub completed: usize,
    /// Upgrades that were taken back after theirs; the next one was then finished.
    pub taken_back: usize,
    /// Faults at a random moment that met an upgrade at work, as its journal tells; none where they are put there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<usize>,
}

const WHOLE: &str =
    "finished, or taken back with the data of before; every row and every step once; nothing acknowledged is lost";

const BACK: &str = "rolled back: packages, data and engines of before; nothing acknowledged is lost";

const ROWS: &[Row] = &[
    Row {
        record: None,
        fault: "Any event in any state",
        place: "the table, lists of up to 8 items",
        often: "all",
        ends: "no dead end, no step before its gates, back only where it is allowed",
        test: "`client/src/engine/machine/tests/model.rs`",
    },
    Row {
        record: None,
        fault: "The agent dies",
        place: "before each record, before and after each act; random plans, up to 8 deaths each",
        often: "all; 200 random plans, 5,000 in the long run",
        ends: "finished or taken back, every step once",
        test: "`client/src/engine/runner/tests/deaths.rs`",
    },
    Row {
        record: None,
        fault: "Hooks doubled, lost, early, of an agent that dies",
        place: "random schedules of apt, dnf, zypper, dpkg, rpm, and one that tells nobody",
        often: "160, 10,000 in the long run",
        ends: "one finish for each change",
        test: "`client/src/agent/tests/schedules.rs`",
    },
    Row {
        record: None,
        fault: "A journal torn, edited, swapped, of a later format",
        place: "every line",
        often: "all",
        ends: "a torn end is dropped; anything else stops with the line named",
        test: "`client/src/engine/journal/tests.rs`",
    },
    Row {
        record: Some("kill-record"),
        fault: "The agent is killed",
        place: "before each record of an upgrade is synced",
        often: "",
        ends: WHOLE,
        test: "`tests/tests/faults/kills.rs`",
    },
    Row {
        record: Some("kill-call"),
        fault: "The agent is killed",
        place: "before every call that changes a file (write, fsync, fdatasync, rename, …) of an upgrade; long run",
        often: "",
        ends: WHOLE,
        test: "`tests/tests/faults/kills.rs`",
    },
    Row {
        record: None,
        fault: "The agent dies",
        place: "before each record, before and after each act of a whole rollback",
        often: "all",
        ends: "rolled back: packages, data and engines of before",
        test: "`client/src/engine/runner/tests/deaths.rs`",
    },
    Row {
        record: Some("kill-rollback"),
        fault: "The agent is killed",
        place: "before a record of an upgrade whose step fails, and of its rollback, is synced",
        often: "",
        ends: BACK,
        test: "`tests/tests/faults/kills.rs`",
    },
    Row {
        record: Some("kill-rollback-call"),
        fault: "The agent is killed",
        place: "before every call that changes a file of a whole rollback; long run",
        often: "",
        ends: BACK,
        test: "`tests/tests/faults/kills.rs`",
    },
    Row {
        record: Some("cut-bookworm"),
        fault: "The power fails, unsynced writes are lost",
        place: "random moments of an upgrade, Debian 12",
        often: "",
        ends: WHOLE,
        test: "`tests/tests/faults/cuts.rs`",
    },
    Row {
        record: Some("cut-trixie"),
        fault: "The power fails, unsynced writes are lost",
        place: "random moments of an upgrade, Debian 13",
        often: "",
        ends: WHOLE,
        test: "`tests/tests/faults/cuts.rs`",
    },
    Row {
        record: Some("cut-dnf4"),
        fault: "The power fails, unsynced writes are lost",
        place: "random moments of an upgrade by dnf 4; long run",
        often: "",
        ends: WHOLE,
        test: "`tests/tests/faults/cuts.rs`",
    },
    Row {
        record: Some("cut-dnf5"),
        fault: "The power fails, unsynced writes are lost",
        place: "random moments of an upgrade by dnf 5; long run",
        often: "",
        ends: WHOLE,
        test: "`tests/tests/faults/cuts.rs`",
    },
    Row {
        record: Some("cut-zypper"),
        fault: "The power fails, unsynced writes are lost",
        place: "random moments of an upgrade by zypper; long run",
        often: "",
        ends: WHOLE,
        test: "`tests/tests/faults/cuts.rs`",
    },
    Row {
        record: Some("cut-rollback"),
        fault: "The power fails, unsynced writes are lost",
        place: "random moments of a rollback, from the failure of its step on",
        often: "",
        ends: BACK,
        test: "`tests/tests/faults/cuts.rs`",
    },
    Row {
        record: None,
        fault: "dpkg is killed, or the power fails, while it unpacks",
        place: "the product is half-installed and reinst-required, a conffile beside it was edited; with and without a \
                list that has the version of before",
        often: "once each",
        ends: "what `consignee status` says is typed; finished, no conffile question, the edited files as they were",
        test: "`tests/tests/faults/wreckage.rs`",
    },
    Row {
        record: None,
        fault: "The power fails while dpkg puts the version of before back",
        place: "the product is half-installed and reinst-required, no list has the newer version any more",
        often: "once",
        ends: BACK,
        test: "`tests/tests/faults/wreckage.rs`",
    },
    Row {
        record: None,
        fault: "rpm is stopped between the files of a version and its database",
        place: "dnf 4 of Debian 12: gone on with by a person; of Debian 13: by itself, as the site lets it; dnf 5: taken back",
        often: "once each",
        ends: "found by what `rpm --verify` expects; finished, or taken back on a person's word; nothing is started before",
        test: "`tests/tests/faults/torn.rs`",
    },
    Row {
        record: Some("full-call"),
        fault: "The disk is full",
        place: "from a call of an upgrade on that needs room",
        often: "",
        ends: "said; with room again as above",
        test: "`tests/tests/faults/full.rs`",
    },
    Row {
        record: None,
        fault: "A file system is really full",
        place: "that of the journal and the backups, while it is saved and while init runs; that of the data, while they are restored",
        often: "once each",
        ends: "`consignee status` names it and what to type; with room again as above",
        test: "`tests/tests/faults/no_room.rs`",
    },
    Row {
        record: None,
        fault: "A sync is left out: that of a record, that of the seal",
        place: "an upgrade whose init step runs when the power fails",
        often: "once each",
        ends: "the checks that every cut goes through fail, as they should",
        test: "`tests/tests/faults/lies.rs`",
    },
    Row {
        record: None,
        fault: "Two agents at once",
        place: "one state folder",
        often: "once",
        ends: "the second does not begin",
        test: "`client/src/agent/lease.rs`",
    },
];

const HEAD: &str = "# Faults, and what comes of them

<!-- Generated by `scripts/faults` from the records of the test suite `faults`. Do not edit. -->

The numbers are those of the runs that this page was made of; `scripts/test` runs a part of what `scripts/test --long`
does. A host of the [lab](lab.md)
upgrades a product again and again, a client writes numbered records all the while, and each upgrade meets one fault. That
the fault fired is asserted, and so is what is in the column of how it ends. Where something is to be typed, the test
types what `consignee status` says, or the package manager.

| fault | where | how often | how it ends | test |
| --- | --- | --- | --- | --- |
";

/// Leaves the record of a suite.
///
/// # Errors
/// When it cannot be written.
pub fn keep(record: &str, count: &Count) -> Result<()> {
    assert!(ROWS.iter().any(|row| row.record == Some(record)), "{record} is in no row");
    let path = path(record);
    fs_err::create_dir_all(path.parent().unwrap_or(&path)).doing("keep a count")?;
    fs_err::write(path, serde_json::to_string(count).unwrap_or_default() + "\n").doing("keep a count")
}

/// The page, of the records that are there; with each that is not.
///
/// # Errors
/// When a record cannot be read.
pub fn page() -> Result<(String, Vec<&'static str>)> {
    let (mut page, mut missing) = (HEAD.to_owned(), Vec::new());
    for row in ROWS {
        let count = row.record.map(read).transpose()?;
        let often = match (row.record, count) {
            (_, Some(Some(Count { faults, completed, taken_back, inside }))) => {
                let inside = inside.map(|inside| format!(" ({inside} with steps at work)")).unwrap_or_default();
                format!("{faults}{inside}: {completed} finished, {taken_back} taken back")
            }
            (Some(record), _) => {
                missing.push(record);
                "in the long run; not counted yet".to_owned()
            }
            (None, _) => row.often.to_owned(),
        };
        page += &format!("| {} | {} | {often} | {} | {} |\n", row.fault, row.place, row.ends, row.test);
    }
    Ok((page, missing))
}

fn read(record: &str) -> Result<Option<Count>> {
    match fs_err::read_to_string(path(record)) {
        Ok(text) => Ok(serde_json::from_str(&text).ok()),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(cause).doing("read a count"),
    }
}

fn path(record: &str) -> PathBuf {
    Lab::folder().join("faults").join(format!("{record}.json"))
}
