//! Packages from their files, where nothing can be fetched: by rpm itself, which looks at what they need as every
//! package manager above it does, and reads no repository.

use std::path::PathBuf;

use crate::host::command::HostCommand;
use crate::host::{HostError, transaction};
use crate::places::Places;

/// Installs newer packages, without what rpm would keep its scripts apart with: in a copy that may not be done, and need not.
///
/// # Errors
/// With the end of what rpm said.
pub fn install(places: &Places, files: &[PathBuf]) -> Result<(), HostError> {
    let files = files.iter().map(|file| file.display().to_string());
    transaction::run(places, HostCommand::new("rpm").args(["--upgrade", "--noplugins", "--"]).args(files), &[0])
}
