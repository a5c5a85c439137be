//! The journal of one upgrade: a file of JSON lines that only grows, each line synced before the act.
//!
//! A line is one [`Record`] with a sequence number, the SHA-256 of the line before it, and a CRC-32 of
//! everything before its own `"crc"`. A line that a power cut tore off at the end is dropped; any other
//! damage stops with the line named, because what comes after it cannot be trusted either.
//! The chain finds damage and edits by accident; it is no defence against root.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use consign_metadata::digest::Sha256;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::{Event, FORMAT_WITH_BACKUP as NEWEST, Header};
use super::machine::{Illegal, Upgrade};

/// Name of the file in the folder of an upgrade.
pub const FILE: &str = "records.jsonl";

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Counts from 0.
    pub seq: u64,
    /// SHA-256 of the line before, without its line feed; of nothing for the first.
    pub prev: Sha256,
    /// When it was written, by the host's clock. For people only: nothing is decided by it.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file cannot be read or written.
    #[error("cannot {action} {path}: {cause}")]
    Io {
        /// `read`, `write`, …
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The reason the system gave.
        cause: io::Error,
    },
    /// A line is not what was written.
    #[error("{path}, line {line}: {problem}; the journal is damaged and nothing after it can be trusted")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Counts from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// It was written by a later agent.
    #[error("{path}: the journal has format {found}, and this agent reads up to {known}; bring consignee up to date")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The newest that is understood.
        known: u32,
    },
    /// It is whole, and tells another upgrade than the one whose folder it is in.
    #[error("{path}: it is the journal of {found}, and not of {expected}; nothing is done by it")]
    Swapped {
        /// The file.
        path: PathBuf,
        /// The upgrade whose folder it is in.
        expected: String,
        /// The upgrade that it tells.
        found: String,
    },
    /// The event does not fit the state; nothing was written.
    #[error(transparent)]
    Illegal(#[from] Illegal),
}

/// An open journal and the upgrade it tells.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    next_seq: u64,
    last: Sha256,
    length: u64,
    upgrade: Upgrade,
}

impl Journal {
    /// Starts the journal of a new upgrade in an existing folder.
    ///
    /// # Errors
    /// [`JournalError::Io`], also when there is one already.
    pub fn create(folder: &Path, header: Header, now: Timestamp) -> Result<Self, JournalError> {
        let path = folder.join(FILE);
        let io = |action, cause| JournalError::Io { action, path: path.clone(), cause };
        let file = OpenOptions::new().append(true).create_new(true).open(&path).map_err(|cause| io("create", cause))?;
        let upgrade = Upgrade::begin(header.clone());
        let mut journal = Self { path: path.clone(), file, next_seq: 0, last: Sha256::of(b""), length: 0, upgrade };
        journal.write(&Event::Begun { header: Box::new(header) }, now)?;
        crate::durable::sync_folder(folder).map_err(|cause| io("sync the folder of", cause))?;
        Ok(journal)
    }

    /// Opens a journal, replays it, and cuts off a line that was torn.
    ///
    /// `Ok(None)` when not even the first record is whole: the upgrade had not begun.
    ///
    /// # Errors
    /// [`JournalError`]
    pub fn open(folder: &Path) -> Result<Option<Self>, JournalError> {
        let path = folder.join(FILE);
        let replay = Replay::of_file(&path)?;
        let Some(upgrade) = replay.upgrade else { return Ok(None) };
        let io = |action, cause| JournalError::Io { action, path: path.clone(), cause };
        let file = OpenOptions::new().append(true).open(&path).map_err(|cause| io("open", cause))?;
        if replay.torn {
            file.set_len(replay.length).and_then(|()| file.sync_all()).map_err(|cause| io("mend", cause))?;
        }
        let (next_seq, last, length) = (replay.records.len() as u64, replay.last, replay.length);
        Ok(Some(Self { path, file, next_seq, last, length, upgrade }))
    }

    /// The upgrade as it stands.
    pub fn upgrade(&self) -> &Upgrade {
        &self.upgrade
    }

    /// Applies an event and makes it durable; on return it has happened.
    ///
    /// # Errors
    /// [`JournalError`]; nothing is applied when it could not be written.
    pub fn append(&mut self, event: Event, now: Timestamp) -> Result<(), JournalError> {
        let mut next = self.upgrade.clone();
        next.apply(&event)?;
        self.write(&event, now)?;
        self.upgrade = next;
        Ok(())
    }

    fn write(&mut self, event: &Event, at: Timestamp) -> Result<(), JournalError> {
        let record = Record { seq: self.next_seq, prev: self.last, at, event: event.clone() };
        let line = line_of(&record);
        let io = |action, cause| JournalError::Io { action, path: self.path.clone(), cause };
        let written = self.file.write_all(format!("{line}\n").as_bytes()).map_err(|cause| io("write", cause));
        let synced = written.and_then(|()| self.file.sync_data().map_err(|cause| io("sync", cause)));
        if synced.is_err() {
            // A full disk takes a part of a line: what is written next must not come behind it.
            let _ = self.file.set_len(self.length);
            return synced;
        }
        self.length += line.len() as u64 + 1;
        self.next_seq += 1;
        self.last = Sha256::of(line.as_bytes());
        Ok(())
    }
}

/// What a journal's file says, read without changing it.
#[derive(Debug)]
pub struct Replay {
    /// Every whole record.
    pub records: Vec<Record>,
    /// The upgrade they tell; `None` when there is no whole record.
    pub upgrade: Option<Upgrade>,
    /// Whether a torn line was left out.
    pub torn: bool,
    length: u64,
    last: Sha256,
}

impl Replay {
    /// Reads the journal in the folder of an upgrade. Where there is none yet it has no record: the folder
    /// and the plan come first, and a power cut may have come between.
    ///
    /// # Errors
    /// [`JournalError`]
    pub fn of(folder: &Path) -> Result<Self, JournalError> {
        Self::of_file(&folder.join(FILE))
    }

    fn of_file(path: &Path) -> Result<Self, JournalError> {
        let bytes = match std::fs::read(path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read.map_err(|cause| JournalError::Io { action: "read", path: path.to_owned(), cause })?,
        };
        let mut replay = Self { records: Vec::new(), upgrade: None, torn: false, length: 0, last: Sha256::of(b"") };
        let mut lines = bytes.split_inclusive(|b| *b == b'\n').enumerate().peekable();
        while let Some((index, line)) = lines.next() {
            match replay.take(line) {
                Ok(()) => {}
                Err(_) if lines.peek().is_none() && is_torn(line) => replay.torn = true,
                Err(_) if newer(line).is_some() => {
                    let (found, known) = (newer(line).unwrap_or_default(), NEWEST);
                    return Err(JournalError::Newer { path: path.to_owned(), found, known });
                }
                Err(problem) => {
                    return Err(JournalError::Damaged { path: path.to_owned(), line: index + 1, problem });
                }
            }
        }
        Ok(replay)
    }

    fn take(&mut self, line: &[u8]) -> Result<(), String> {
        let text = line.strip_suffix(b"\n").ok_or("it has no end")?;
        let record = record_of(text)?;
        if record.seq != self.records.len() as u64 {
            return Err(format!("it is record {}, expected {}", record.seq, self.records.len()));
        }
        if record.prev != self.last {
            return Err("it does not follow the line before it".to_owned());
        }
        match (&mut self.upgrade, &record.event) {
            // Also where every field is known: what they mean is the later agent's to say.
            (None, Event::Begun { header }) if header.format > NEWEST => {
                return Err(format!("its format {} is unknown", header.format));
            }
            (None, Event::Begun { header }) => self.upgrade = Some(Upgrade::begin((**header).clone())),
            (Some(upgrade), event) => upgrade.apply(event).map_err(|e| e.to_string())?,
            (None, _) => return Err("the first record is not the beginning of an upgrade".to_owned()),
        }
        self.last = Sha256::of(text);
        self.length += line.len() as u64;
        self.records.push(record);
        Ok(())
    }
}

// Lost pages come back as NUL bytes, a lost tail as a line without its end.
fn is_torn(line: &[u8]) -> bool {
    !line.ends_with(b"\n") || line.contains(&0)
}

const CRC_FIELD: &str = ",\"crc\":\"";

fn line_of(record: &Record) -> String {
    let json = serde_json::to_string(record).expect("records have string keys and no floats");
    let body = json.strip_suffix('}').expect("a record is an object");
    let crc = crc32fast::hash(body.as_bytes());
    format!("{body}{CRC_FIELD}{crc:08x}\"}}")
}

fn record_of(line: &[u8]) -> Result<Record, String> {
    let text = std::str::from_utf8(line).map_err(|_| "it is not UTF-8")?;
    let (body, rest) = text.rsplit_once(CRC_FIELD).ok_or("it has no crc")?;
    if rest != format!("{:08x}\"}}", crc32fast::hash(body.as_bytes())) {
        return Err("its crc does not match".to_owned());
    }
    serde_json::from_str(&format!("{body}}}")).map_err(|e| e.to_string())
}

/// The format of a journal that begins with this line, where this agent does not know it.
fn newer(line: &[u8]) -> Option<u64> {
    let record: serde_json::Value = serde_json::from_slice(line).ok()?;
    record["header"]["format"].as_u64().filter(|format| *format > u64::from(NEWEST))
}

#[cfg(test)]
mod tests;
