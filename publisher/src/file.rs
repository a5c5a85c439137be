//! A failed act on a file: what was tried, on which path, and the system's reason, each said once.

use std::io;
use std::path::{Path, PathBuf};

/// "cannot read /srv/x: permission denied".
#[derive(Debug, thiserror::Error)]
#[error("cannot {act} {path}: {cause}", path = path.display())]
pub struct FileError {
    /// The verb: `read`, `create`, …
    pub act: &'static str,
    /// On what.
    pub path: PathBuf,
    /// Why not.
    pub cause: io::Error,
}

/// Names the act and the path of an I/O error.
pub trait OnFile<T> {
    /// Turns an I/O error into one that says what was tried and where.
    ///
    /// # Errors
    /// The one it was called on.
    fn on(self, act: &'static str, path: &Path) -> Result<T, FileError>;
}

impl<T> OnFile<T> for io::Result<T> {
    fn on(self, act: &'static str, path: &Path) -> Result<T, FileError> {
        self.map_err(|cause| FileError { act, path: path.to_owned(), cause })
    }
}
