//! rpm: its database, its lock, and its packages. What is above it (dnf, zypper) is a folder of its own.
//!
//! - [`curl`]: one file, fetched
//! - [`database`]: what is installed
//! - [`front`]: what stands in front of it here
//! - [`lock`]: who has a transaction open
//! - [`package`]: a .rpm before it is unpacked

pub mod curl;
pub mod database;
pub mod front;
pub mod lock;
pub mod package;
#[cfg(test)]
pub mod sample;

use std::path::Path;

use super::HostError;

/// A host error of an action on a file.
fn at(action: &str, path: &Path, cause: impl std::fmt::Display) -> HostError {
    HostError { action: format!("{action} {}", path.display()), reason: cause.to_string() }
}
