//! The log of a program whose output goes through the agent, kept within bounds while it is written.
//!
//! Elsewhere a program writes to its log by itself and outlives the agent ([`super::bounded`]); here it ends with the
//! agent, so nothing of its output is lost, and no file system has to give back what is in the middle. Where the log
//! is longer than its head and twice its tail, the last of it is moved to behind the head, with a line between them
//! that says how much is missing.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// How much of the beginning is kept, in bytes.
const HEAD: u64 = 32 * 1024 * 1024;
/// How much of the end is kept, in bytes.
const TAIL: u64 = 32 * 1024 * 1024;
const MIB: u64 = 1024 * 1024;
const BUFFER: usize = 64 * 1024;

/// A log that is being written.
pub struct Clipped {
    file: File,
    head: u64,
    tail: u64,
    length: u64,
    missing: u64,
    /// Where the line that says how much is missing ends.
    words: u64,
}

impl Clipped {
    /// Adds to a log, which may be there already.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::with(path, HEAD, TAIL)
    }

    fn with(path: &Path, head: u64, tail: u64) -> io::Result<Self> {
        let file = File::options().create(true).truncate(false).read(true).write(true).open(path)?;
        let length = file.metadata()?.len();
        // What was there before is the beginning of it.
        Ok(Self { file, head: head.max(length), tail, length, missing: 0, words: 0 })
    }

    /// Writes everything that comes, to the end.
    ///
    /// # Errors
    /// When it cannot be read, or written. What comes then is still read: whoever writes is not kept waiting.
    pub fn drain(&mut self, from: &mut dyn Read) -> io::Result<()> {
        let (mut buffer, mut written) = (vec![0; BUFFER], Ok(()));
        loop {
            let length = match from.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if length == 0 {
                return written.and_then(|()| self.end());
            }
            written = written.and_then(|()| self.add(&buffer[..length]));
        }
    }

    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(bytes)?;
        self.length += bytes.len() as u64;
        if self.length > self.middle() + 2 * self.tail { self.clip() } else { Ok(()) }
    }

    /// A log that is a little too long in the end.
    fn end(&mut self) -> io::Result<()> {
        if self.length > self.middle() + self.tail { self.clip() } else { Ok(()) }
    }

    /// Where the tail begins.
    fn middle(&self) -> u64 {
        self.words.max(self.head)
    }

    fn clip(&mut self) -> io::Result<()> {
        let from = self.length - self.tail;
        self.missing += from - self.middle();
        let words = format!("\n[consignee: {} MiB are left out here]\n", self.missing.div_ceil(MIB));
        self.file.seek(SeekFrom::Start(self.head))?;
        self.file.write_all(words.as_bytes())?;
        self.words = self.head + words.len() as u64;
        self.shift(from)
    }

    /// Moves the tail to behind the words, and ends the file there.
    fn shift(&mut self, mut from: u64) -> io::Result<()> {
        let (mut to, mut buffer) = (self.words, vec![0; BUFFER]);
        while from < self.length {
            self.file.seek(SeekFrom::Start(from))?;
            let length = self.file.read(&mut buffer)?;
            if length == 0 {
                break;
            }
            self.file.seek(SeekFrom::Start(to))?;
            self.file.write_all(&buffer[..length])?;
            (from, to) = (from + length as u64, to + length as u64);
        }
        self.length = to;
        self.file.set_len(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: u64 = 4096;

    fn written(lines: usize) -> (String, u64) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("3-init.1.log");
        let mut log = Clipped::with(&path, SMALL, SMALL).unwrap();
        let mut most = 0;
        let all: Vec<String> = (0..lines).map(|line| format!("line {line:06}\n")).collect();
        for piece in all.chunks(100) {
            log.add(piece.concat().as_bytes()).unwrap();
            most = most.max(path.metadata().unwrap().len());
        }
        log.drain(&mut "the last line\n".as_bytes()).unwrap();
        (std::fs::read_to_string(&path).unwrap(), most)
    }

    #[test]
    fn a_long_log_keeps_its_head_and_its_tail_and_never_fills_the_disk() {
        let (text, most) = written(300_000);
        assert!(most < 4 * SMALL, "{most} bytes were on the disk");
        assert!(text.starts_with("line 000000\nline 000001\n"), "{}", &text[..100]);
        assert!(text.ends_with("line 299998\nline 299999\nthe last line\n"));
        let left_out: Vec<_> = text.lines().filter(|line| line.starts_with("[consignee:")).collect();
        // 300,000 lines of 12 bytes, without what is kept.
        assert_eq!(left_out, ["[consignee: 4 MiB are left out here]"]);
        assert!(text.len() as u64 <= 2 * SMALL + 64, "{}", text.len());
    }

    #[test]
    fn a_short_log_is_left_alone_and_added_to() {
        let (text, _) = written(10);
        assert_eq!(text.lines().count(), 11);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, "$ init\n").unwrap();
        Clipped::open(&path).unwrap().drain(&mut "done".as_bytes()).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "$ init\ndone");
    }
}
