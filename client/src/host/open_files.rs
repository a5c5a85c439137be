//! Who has which files open, as the system tells it.

use std::collections::BTreeSet;
use std::path::PathBuf;

pub use super::kernel::open_files::holders;

/// A process with one of the files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// The file.
    pub file: PathBuf,
    /// The number of the process.
    pub pid: u32,
    /// Its name.
    pub process: String,
    /// The service that it belongs to.
    pub unit: Option<String>,
}

/// Which files are looked for.
#[derive(Debug, Default)]
pub struct Sought {
    /// These.
    pub files: BTreeSet<PathBuf>,
    /// Each of these, and every file below it.
    pub below: Vec<PathBuf>,
}
