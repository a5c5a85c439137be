//! `consign mirror`: a published repository, carried to where hosts can reach it.

mod apt;
mod asking;
mod bar;
mod carrying;
mod export;
mod extend;
mod import;
mod needing;
mod owner;
mod prune;
mod push;
mod receipt;
mod serve;
mod stage;
mod status;
mod sync;
mod yum;

use std::time::Duration;

use clap::Subcommand;

use super::{Failure, Outcome};
use crate::mirror::MirrorError;

/// How long another one that works on the same mirror is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// Carry a published repository to where hosts can reach it.
#[derive(Debug, Subcommand)]
pub enum Mirror {
    /// Bring a mirror up to what its vendor publishes
    Sync(Box<sync::Sync>),
    /// Mirror a slice of an ordinary apt archive
    Apt(Box<apt::Apt>),
    /// Mirror a slice of an ordinary repository of yum
    Yum(Box<yum::Yum>),
    /// Write what a site without a network lacks to a medium
    Export(export::Export),
    /// Bring a mirror up to what a medium holds
    Import(import::Import),
    /// Say what a site has, for who exports to it
    Receipt(receipt::Receipt),
    /// Serve a mirror to the hosts of a site
    Serve(serve::Serve),
    /// Show under another path what a mirror shows now
    Stage(stage::Stage),
    /// Put into a bucket of an object store what a mirror shows
    Push(Box<push::Push>),
    /// Show how old a mirror is, until when hosts believe it, and what it carries
    Status(status::Status),
    /// Let a site that cannot ask believe a generation for longer (for vendors)
    Extend(Box<extend::Extend>),
    /// Delete what a mirror needs no more
    Prune(prune::Prune),
}

impl Mirror {
    pub fn run(self) -> Outcome {
        match self {
            Self::Sync(command) => command.run(),
            Self::Apt(command) => command.run(),
            Self::Yum(command) => command.run(),
            Self::Export(command) => command.run(),
            Self::Import(command) => command.run(),
            Self::Receipt(command) => command.run(),
            Self::Serve(command) => command.run(),
            Self::Stage(command) => command.run(),
            Self::Push(command) => command.run(),
            Self::Status(command) => command.run(),
            Self::Extend(command) => command.run(),
            Self::Prune(command) => command.run(),
        }
    }
}

/// A rule that says no has a status of its own.
fn failed(error: MirrorError) -> Failure {
    let hint = match &error {
        MirrorError::Unpinned { .. } => Some("name the vendor's certificate the first time: --certificate FILE"),
        MirrorError::NoKeyring { .. } => Some("name the archive's keyring the first time: --keyring FILE"),
        MirrorError::Stray { .. } => Some(
            "name an empty folder; one that has lost .consign is taken over again by sync, apt or yum with --adopt",
        ),
        MirrorError::UnknownGeneration { .. } => Some("let the site say what it has: --receipt FILE, --code DIGITS"),
        MirrorError::NotPacked { .. } => {
            Some("media for this mirror are signed; if who packs them has a new key: --packed-by FILE")
        }
        MirrorError::Elsewhere { .. } => Some("if that server is the vendor's as well: --allow-server HOST"),
        MirrorError::Keys { .. } => Some("ask the vendor for its certificate, and give it along: --certificate FILE"),
        _ => None,
    };
    let hint = hint.map(str::to_owned).or_else(|| owner::hint(&error));
    let is_refusal = error.is_refusal();
    let failure = Failure::failed(error);
    let failure = if is_refusal { failure.as_refusal() } else { failure };
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
