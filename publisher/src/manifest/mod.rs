//! `consign.toml`: what a release engineer writes, and what becomes of it.
//!
//! *authored* ([`authored`], as typed) → *validated* ([`Project`], every name, path and reference
//! checked) → *published* ([`UpgradePlan`](consign_metadata::plan::UpgradePlan), what hosts read).
//! A fault is reported with the line and column it was typed at.

pub mod account;
mod add_ons;
pub mod authored;
mod backup;
mod build;
mod capabilities;
mod command;
mod data;
mod database;
mod duration;
mod error;
mod files;
mod health;
mod maintenance;
mod module;
mod notes;
mod outline;
mod plan;
mod prerequisites;
mod product;
mod programs;
mod project;
mod renamed;
mod repository;
mod schema;
mod site_option;
mod spanned;
mod steps;
mod tasks;
mod units;
mod windows;

pub use account::UserName;
pub use add_ons::AddOns;
pub use build::Build;
pub use duration::Span;
pub use error::ManifestError;
pub use files::{Files, Folder};
pub use module::{Module, User};
pub use notes::{Note, NoteSource};
pub use outline::Outline;
pub use product::Product;
pub use project::{Packaging, Project, ProjectError, Strictness};
pub use repository::Repository;
pub use schema::{SCHEMA_FILE, schema};
pub use spanned::Spanned;
pub use tasks::Tasks;
pub use units::{UNIT_FOLDER, Unit};
pub use windows::{Windows, WindowsSigning};

/// The manifest, where no other is named.
pub const FILE: &str = "consign.toml";
