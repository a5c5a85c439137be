//! rpm: its database, its lock, and its packages. What is above it (dnf, zypper) is a folder of its own.
//!
//! - [`curl`]: files of a repository beside its packages
//! - [`database`]: what is installed
//! - [`duplicates`]: what an interrupted transaction has left
//! - [`files`]: newer packages in a copy of the host
//! - [`front`]: what stands in front of it here
//! - [`known`]: an answer, as long as it counts
//! - [`lock`]: who has a transaction open
//! - [`missing_lists`]: lists of repositories that are gone
//! - [`package`]: a .rpm before it is unpacked
//! - [`restart`]: whether packages wait for a reboot
//! - [`returning`]: packages on their way back, where the power failed in the middle
//! - [`torn`]: files that are there and of which rpm does not know

pub mod curl;
pub mod database;
pub mod duplicates;
pub mod files;
pub mod front;
pub mod known;
pub mod lock;
pub mod missing_lists;
pub mod package;
pub mod restart;
pub mod returning;
#[cfg(test)]
pub mod sample;
pub mod torn;

use std::path::Path;

use super::command::HostCommand;
use crate::places::Places;

/// rpm itself, on the host of these places.
fn rpm(places: &Places) -> HostCommand {
    let command = HostCommand::new("rpm");
    if places.root() == Path::new("/") {
        return command;
    }
    let root = format!("--root={}", places.root().display());
    command.args([&root, "--dbpath=/var/lib/rpm"])
}
