//! `consign.toml`: what a release engineer writes, and what becomes of it.
//!
//! *authored* ([`authored`], as typed) → *validated* ([`Project`], every name, path and reference
//! checked) → *published* ([`UpgradePlan`](consign_metadata::plan::UpgradePlan), what hosts read).
//! A fault is reported with the line and column it was typed at.

pub mod account;
pub mod authored;
mod command;
mod duration;
mod error;
mod files;
mod health;
mod notes;
mod plan;
mod project;
mod steps;
mod units;

pub use account::UserName;
pub use duration::Span;
pub use error::ManifestError;
pub use files::{Files, Folder};
pub use notes::{Note, NoteSource};
pub use project::{Module, Product, Project, ProjectError, Repository, Strictness, User};
pub use units::{UNIT_FOLDER, Unit};

/// The manifest, where no other is named.
pub const FILE: &str = "consign.toml";
