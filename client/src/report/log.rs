//! The file that a step writes to, read as it grows.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::engine::event::Event;

/// The longest line that is kept together.
const LONGEST: usize = 4096;
/// How much is read at once, in bytes: whoever is farther behind goes on near the end.
const MOST: u64 = 1024 * 1024;

/// The log of one attempt at a step, or at its undo. It need not be there yet.
#[derive(Debug)]
pub struct Log {
    folder: PathBuf,
    item: i64,
    attempt: u32,
    undo: bool,
    file: Option<File>,
    rest: Vec<u8>,
}

impl Log {
    /// The log that a record announces, if it does.
    pub fn announced(event: &Event, folder: &Path) -> Option<Self> {
        let (item, attempt, undo) = match event {
            Event::StepStarted { item, attempt } => (i64::try_from(*item).ok()?, *attempt, false),
            Event::UndoStarted { item, attempt } => (*item, *attempt, true),
            _ => return None,
        };
        Some(Self { folder: folder.to_owned(), item, attempt, undo, file: None, rest: Vec::new() })
    }

    /// The whole lines since the last call; with `to_the_end` also one that has no end.
    pub fn lines(&mut self, to_the_end: bool) -> Vec<String> {
        if self.file.is_none() {
            self.file = self.find().and_then(|path| File::open(path).ok());
        }
        if let Some(file) = &mut self.file {
            // A log is for people: one that cannot be read does not end the following.
            let _ = read_on(file, &mut self.rest);
        }
        let end = match self.rest.iter().rposition(|byte| *byte == b'\n') {
            _ if to_the_end || self.rest.len() > LONGEST => self.rest.len(),
            Some(last) => last + 1,
            None => 0,
        };
        let whole: Vec<u8> = self.rest.drain(..end).collect();
        String::from_utf8_lossy(&whole).lines().map(str::to_owned).collect()
    }

    fn find(&self) -> Option<PathBuf> {
        let (start, end) = (format!("{}-", self.item), format!(".{}.log", self.attempt));
        let entries = std::fs::read_dir(&self.folder).ok()?;
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let mut ours = names.filter(|name| name.starts_with(&start) && name.ends_with(&end));
        ours.find(|name| name.contains(".undo.") == self.undo).map(|name| self.folder.join(name))
    }
}

fn read_on(file: &mut File, rest: &mut Vec<u8>) -> std::io::Result<()> {
    let (length, place) = (file.metadata()?.len(), file.stream_position()?);
    if length.saturating_sub(place) > MOST {
        rest.extend_from_slice("[…]\n".as_bytes());
        file.seek(SeekFrom::Start(length - MOST))?;
    }
    file.take(MOST * 2).read_to_end(rest)?;
    // What the agent gave back of a long log while it grows reads as zeros.
    rest.retain(|byte| *byte != 0);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_flood_the_end_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = Log::announced(&Event::StepStarted { item: 2, attempt: 1 }, folder.path()).unwrap();
        let path = folder.path().join("2-init.1.log");
        let file = File::create(&path).unwrap();
        file.set_len(MOST * 1024).unwrap();
        drop(file);
        let mut text = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        std::io::Write::write_all(&mut text, b"\nthe end\n").unwrap();
        assert_eq!(log.lines(false), ["[…]", "", "the end"]);
    }

    #[test]
    fn lines_come_whole_and_the_last_one_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = Log::announced(&Event::StepStarted { item: 2, attempt: 1 }, folder.path()).unwrap();
        assert!(log.lines(false).is_empty(), "it is not there yet");
        let path = folder.path().join("2-init.1.log");
        std::fs::write(folder.path().join("2-init.2.log"), "other attempt\n").unwrap();
        std::fs::write(&path, "one\ntw").unwrap();
        assert_eq!(log.lines(false), ["one"]);
        std::fs::write(&path, "one\ntwo\nthree").unwrap();
        assert_eq!(log.lines(false), ["two"]);
        assert_eq!(log.lines(true), ["three"]);
        assert!(log.lines(true).is_empty());
    }

    #[test]
    fn a_step_and_its_undo_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("2-init.1.log"), "forward\n").unwrap();
        std::fs::write(folder.path().join("2-init.undo.1.log"), "back\n").unwrap();
        let lines = |event| Log::announced(&event, folder.path()).unwrap().lines(true);
        assert_eq!(lines(Event::StepStarted { item: 2, attempt: 1 }), ["forward"]);
        assert_eq!(lines(Event::UndoStarted { item: 2, attempt: 1 }), ["back"]);
    }
}
