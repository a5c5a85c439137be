//! A folder that is about to be written into: whether it takes a file, and whether it answers at all.

use std::path::PathBuf;
use std::time::Duration;

pub use super::kernel::usable::{answers, try_to_write};

/// How long a file system may take to answer. Somebody waits for the look.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// Why nothing can be written into a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unusable {
    /// It is something else.
    NotAFolder,
    /// It is a link to what is not there.
    LeadsNowhere(PathBuf),
    /// The system refused a file in it, in its words.
    Refused(String),
    /// Its file system did not answer.
    NoAnswer,
}
