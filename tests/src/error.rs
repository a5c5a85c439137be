//! What can go wrong in the lab itself, as opposed to in the product under test.

use std::fmt;
use std::path::PathBuf;

/// A failure of the lab.
#[derive(thiserror::Error)]
pub enum LabError {
    /// A program of this machine failed.
    #[error("cannot {act}: {line} answered {code}: {stderr}")]
    Command {
        /// What the lab was doing.
        act: &'static str,
        /// The command line.
        line: String,
        /// Its exit code, 128 + n for a signal.
        code: i32,
        /// What it said.
        stderr: String,
    },
    /// A file of this machine could not be read or written; fs-err names the path.
    #[error("cannot {act}: {source}")]
    File {
        /// What the lab was doing.
        act: &'static str,
        /// The cause, with the path.
        source: std::io::Error,
    },
    /// A path inside a host could not be used.
    #[error("cannot {act} {} in host {host}: {source}", path.display())]
    Inside {
        /// What the lab was doing.
        act: &'static str,
        /// The host.
        host: String,
        /// The path, as the host sees it.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Something awaited did not come.
    #[error("{what}: not within {seconds} s{detail}")]
    Late {
        /// What was awaited.
        what: String,
        /// How long it was awaited.
        seconds: u64,
        /// The last thing seen, with its own separator.
        detail: String,
    },
    /// The host is not in the state the call needs.
    #[error("host {host} is {state}")]
    State {
        /// The host.
        host: String,
        /// What it is, for a person.
        state: &'static str,
    },
}

/// What the lab answers.
pub type Result<T> = std::result::Result<T, LabError>;

// Tests unwrap: the sentence is what they should print.
impl fmt::Debug for LabError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Says what the lab was doing when a file failed it.
pub(crate) trait Doing<T> {
    fn doing(self, act: &'static str) -> Result<T>;
}

impl<T, E: Into<std::io::Error>> Doing<T> for std::result::Result<T, E> {
    fn doing(self, act: &'static str) -> Result<T> {
        self.map_err(|source| LabError::File { act, source: source.into() })
    }
}
