//! Lists of repositories that are gone: a cache that was cleaned, or was never on the disk when the power failed.

use crate::host::command::HostCommand;
use crate::host::{HostError, transaction};
use crate::places::Places;

/// What dnf 4 says where a list cannot be had, and dnf 5 where it may only look on the disk.
const NO_LIST: [&str; 2] = ["Failed to download metadata", "no cache for repository"];

/// Runs a transaction, which is made without an option; once more with this one where a list was missing.
///
/// # Errors
/// With the end of what dnf said the last time.
pub fn run(places: &Places, command: impl Fn(Option<&str>) -> HostCommand, otherwise: &str) -> Result<(), HostError> {
    match transaction::run(places, command(None), &[0]) {
        Err(problem) if NO_LIST.iter().any(|words| problem.reason.contains(words)) => {
            log::warn!("{problem}");
            transaction::run(places, command(Some(otherwise)), &[0])
        }
        done => done,
    }
}
