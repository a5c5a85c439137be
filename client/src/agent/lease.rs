//! One agent at a time: a lease on the state of this host, which ends with the process that has it.
//!
//! systemd starts one service. Another agent can be started by hand, or by a container that has the same folder. The
//! lease is a lock of the kernel's on a file: no power cut and no kill leaves it behind.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::time::{Duration, Instant};

use super::AgentError;
use crate::places::Places;

/// An agent that is about to end, because its program was replaced, is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
const TURN: Duration = Duration::from_millis(50);

/// The lease, until it is dropped.
#[derive(Debug)]
pub struct Lease {
    _file: Option<File>,
}

impl Lease {
    /// Takes it, or says which process has it. Where its file cannot be written there is none: a disk that is full or
    /// cannot be written to stops no agent from saying so.
    ///
    /// # Errors
    /// When another agent is at work.
    pub fn take(places: &Places) -> Result<Self, AgentError> {
        Self::take_within(places, PATIENCE)
    }

    fn take_within(places: &Places, patience: Duration) -> Result<Self, AgentError> {
        let mut file = match open(places) {
            Ok(file) => file,
            Err(problem) => {
                log::warn!("cannot take the lease on {}: {problem}", places.state().display());
                return Ok(Self { _file: None });
            }
        };
        let begun = Instant::now();
        while file.try_lock().is_err() {
            if begun.elapsed() >= patience {
                return Err(taken(places, &mut file));
            }
            std::thread::sleep(TURN);
        }
        // For people, and only for them: the lock is what counts.
        let written = file.set_len(0).and_then(|()| file.write_all(format!("{}\n", std::process::id()).as_bytes()));
        written.unwrap_or_else(|problem| log::warn!("cannot write whose the lease is: {problem}"));
        Ok(Self { _file: Some(file) })
    }
}

fn open(places: &Places) -> io::Result<File> {
    std::fs::create_dir_all(places.state())?;
    File::options().create(true).read(true).append(true).open(places.lease())
}

fn taken(places: &Places, file: &mut File) -> AgentError {
    let mut holder = String::new();
    let read = file.rewind().and_then(|()| file.read_to_string(&mut holder));
    let holder = if read.is_ok() && !holder.trim().is_empty() { holder.trim() } else { "unknown" };
    AgentError::NotNow(format!("another agent (process {holder}) is at work in {}", places.state().display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_agent_does_not_begin_while_the_first_one_lives() {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        let first = Lease::take(&places).unwrap();
        let refused = Lease::take_within(&places, Duration::ZERO).unwrap_err().to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        drop(first);
        Lease::take_within(&places, Duration::ZERO).unwrap();
    }

    #[test]
    fn where_nothing_can_be_written_an_agent_begins_without_it() {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path().join("file"));
        std::fs::write(root.path().join("file"), "").unwrap();
        assert!(Lease::take(&places).is_ok());
    }
}
