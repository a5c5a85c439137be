//! Whether a file was written to while it was packed.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::StageError;

/// What shows that a file was written to: its length, and when it was. Not when its inode changed: that
/// another name of it comes or goes, as in snapshots by hard links, is no change of what is packed.
#[derive(Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Its length.
    pub size: u64,
    written: (i64, i64),
}

impl Stamp {
    /// Of an open file.
    ///
    /// # Errors
    /// When nothing can be learnt of it.
    pub fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self { size: metadata.len(), written: (metadata.mtime(), metadata.mtime_nsec()) })
    }
}

/// The refusal of a file that was.
pub fn changed(path: &Path) -> StageError {
    let reason = "it changed while it was read; build when nothing writes to it any more".to_owned();
    StageError::Source { path: path.into(), reason }
}
