//! `consign mirror`: a published repository, carried to where hosts can reach it.

mod asking;
mod bar;
mod sync;

use clap::Subcommand;

use super::{Failure, Outcome};
use crate::mirror::MirrorError;

/// Carry a published repository to where hosts can reach it.
#[derive(Debug, Subcommand)]
pub enum Mirror {
    /// Bring a mirror up to what its vendor publishes
    Sync(sync::Sync),
}

impl Mirror {
    pub fn run(self) -> Outcome {
        match self {
            Self::Sync(command) => command.run(),
        }
    }
}

/// A rule that says no has a status of its own.
fn failed(error: MirrorError) -> Failure {
    let hint = match &error {
        MirrorError::Unpinned { .. } => Some("name the vendor's certificate the first time: --certificate FILE"),
        MirrorError::Elsewhere { .. } => Some("if that server is the vendor's as well: --allow-server HOST"),
        MirrorError::Keys { .. } => Some("ask the vendor for its certificate, and give it along: --certificate FILE"),
        _ => None,
    };
    let is_refusal = error.is_refusal();
    let failure = Failure::failed(error);
    let failure = if is_refusal { failure.as_refusal() } else { failure };
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
