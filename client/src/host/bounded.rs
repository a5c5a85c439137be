//! The log of a program, kept within bounds while the program writes to it.
//!
//! A program writes to its log by itself, so that nothing of it is lost with the agent. What a step of a vendor's
//! writes is of any length, and a full disk in the middle of an upgrade is the worst place for one: so while it
//! runs the middle of a long log is given back to the file system (`FALLOC_FL_PUNCH_HOLE` of fallocate(2), which
//! disturbs nobody who appends), and at its end the log is put together from its head and its tail, with a line
//! between them that says how much is missing.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::fs::{FallocateFlags, fallocate};

/// How much of the beginning is kept, in bytes.
pub const HEAD: u64 = 32 * 1024 * 1024;
/// How much of the end is kept, in bytes.
pub const TAIL: u64 = 32 * 1024 * 1024;

/// How much more may be on the disk until something is given back.
const SLACK: u64 = 4 * 1024 * 1024;
/// Holes begin and end where blocks do.
const BLOCK: u64 = 64 * 1024;
/// Short against the time in which a disk takes what is worth talking about.
const LOOK: Duration = Duration::from_millis(20);
/// How far a line may reach over the edge of what is kept.
const LINE: usize = 4096;

/// A log that is looked after until this goes.
pub struct Bounded {
    path: PathBuf,
    end: Option<Sender<()>>,
    looking: Option<JoinHandle<()>>,
}

impl Bounded {
    /// Looks after a log that is there.
    pub fn watch(path: &Path) -> Self {
        let (end, ended) = channel();
        let file = OpenOptions::new().write(true).open(path);
        let looking = file.ok().map(|file| {
            std::thread::spawn(move || {
                let mut hole = Hole::default();
                while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                    hole.grow(&file);
                }
            })
        });
        Self { path: path.to_owned(), end: Some(end), looking }
    }
}

impl Drop for Bounded {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(looking) = self.looking.take() {
            let _ = looking.join();
        }
        // A log is for people: one that stays long stops no step.
        if let Err(cause) = shorten(&self.path) {
            log::warn!("cannot shorten {}: {cause}", self.path.display());
        }
    }
}

/// The middle of a log that was given back.
struct Hole {
    end: u64,
    refused: bool,
}

impl Default for Hole {
    fn default() -> Self {
        Self { end: HEAD, refused: false }
    }
}

impl Hole {
    fn grow(&mut self, log: &File) {
        let length = log.metadata().map_or(0, |log| log.len());
        let end = length.saturating_sub(TAIL) / BLOCK * BLOCK;
        if self.refused || end < self.end + SLACK {
            return;
        }
        match fallocate(log, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, self.end, end - self.end) {
            Ok(()) => self.end = end,
            Err(cause) => {
                log::warn!("a long log cannot be given back while it grows: {cause}");
                self.refused = true;
            }
        }
    }
}

/// Puts a log that nobody writes to any more together from its head and its tail.
fn shorten(path: &Path) -> io::Result<()> {
    let log = OpenOptions::new().read(true).write(true).open(path)?;
    let length = log.metadata()?.len();
    if length <= HEAD + TAIL {
        return Ok(());
    }
    let head = after_line(&log, HEAD - LINE as u64)?;
    let mut from = after_line(&log, length - TAIL)?;
    let missing = (from - head).div_ceil(1024 * 1024);
    let words = format!("[consignee: {missing} MiB are left out here]\n");
    log.write_all_at(words.as_bytes(), head)?;
    let mut to = head + words.len() as u64;
    let mut buffer = vec![0; 1024 * 1024];
    loop {
        let length = log.read_at(&mut buffer, from)?;
        if length == 0 {
            return log.set_len(to);
        }
        log.write_all_at(&buffer[..length], to)?;
        (from, to) = (from + length as u64, to + length as u64);
    }
}

/// Where the next line begins, or the place itself where there is none nearby.
fn after_line(log: &File, place: u64) -> io::Result<u64> {
    let mut near = vec![0; LINE];
    let length = log.read_at(&mut near, place)?;
    let feed = near[..length].iter().position(|byte| *byte == b'\n');
    Ok(place + feed.map_or(0, |feed| feed as u64 + 1))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::MetadataExt;

    use super::*;

    const MIB: usize = 1024 * 1024;

    #[test]
    fn a_long_log_keeps_its_head_and_its_tail_and_never_fills_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("3-init.1.log");
        let mut writer = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        writer.write_all(b"the first line\n").unwrap();
        let bounded = Bounded::watch(&path);
        let piece = "and so on, and so on\n".repeat(MIB / 21);
        let mut most = 0;
        for _ in 0..256 {
            writer.write_all(piece.as_bytes()).unwrap();
            most = most.max(writer.metadata().unwrap().blocks() * 512);
            // As slow as a quick disk.
            std::thread::sleep(Duration::from_millis(2));
        }
        writer.write_all(b"the last line\n").unwrap();
        drop(bounded);
        assert!(most < 160 * MIB as u64, "{most} bytes were on the disk");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.len() <= (HEAD + TAIL) as usize + LINE, "{}", text.len());
        assert!(text.starts_with("the first line\n") && text.ends_with("and so on\nthe last line\n"));
        let words: Vec<_> = text.lines().filter(|line| !line.starts_with("and so on, and so on")).collect();
        assert!(words.len() == 3 && words[1].starts_with("[consignee: 19"), "{words:?}");
        assert!(!text.contains('\0'));
    }

    #[test]
    fn a_short_log_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, "one\ntwo").unwrap();
        drop(Bounded::watch(&path));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo");
    }
}
