//! The backup: what has to be saved before an upgrade, so that it can be taken back with its data.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Database, Step};
use crate::document::DocumentError;
use crate::name::Label;

/// What is saved while the engines are stopped, and restored when the upgrade is taken back. Since body
/// format 3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// Its parts, saved in this order and restored in it. None: the vendor says that nothing the old version
    /// needs is changed outside of its packages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<BackupPart>,
    /// How long each part may take, to be saved, verified or restored.
    pub timeout_seconds: u32,
}

/// One part of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum BackupPart {
    /// Files and folders, with owners, modes, ACLs, extended attributes and labels.
    Files {
        /// Its name within the backup.
        name: Label,
        /// Absolute paths. One that is not there is not there after a restore, either.
        paths: Vec<String>,
    },
    /// Programs of the vendor's. What they save is one file, `{file}` in their arguments.
    Command {
        /// Its name within the backup.
        name: Label,
        /// Writes the file, which does not exist yet.
        save: Vec<String>,
        /// Whether the file can be restored: exits with 0 where it can. It changes nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        verify: Option<Vec<String>>,
        /// Brings back what the file holds. It may have to do so again after a power cut.
        restore: Vec<String>,
        /// The user they run as.
        user: String,
    },
    /// A database that the agent itself saves, verifies by restoring it beside, and restores.
    Database {
        /// Its name within the backup.
        name: Label,
        /// Which.
        database: Database,
    },
}

impl BackupPart {
    /// Its name within the backup.
    pub fn name(&self) -> &Label {
        match self {
            Self::Files { name, .. } | Self::Command { name, .. } | Self::Database { name, .. } => name,
        }
    }
}

/// Whether a list has a backup at the place where one is worth anything: with the engines stopped, and
/// nothing changed yet.
///
/// # Errors
/// [`DocumentError::Inconsistent`]
pub(super) fn check(steps: &[Step]) -> Result<(), DocumentError> {
    let wrong = |what: &str| Err(DocumentError::Inconsistent(what.to_owned()));
    let Some(place) = steps.iter().position(|step| matches!(step, Step::Backup(_))) else { return Ok(()) };
    let (before, after) = steps.split_at(place);
    if !before.iter().any(|step| matches!(step, Step::Stop { .. })) {
        return wrong("the backup stands before the engines are stopped");
    }
    if !after.iter().any(|step| matches!(step, Step::Packages)) {
        return wrong("the backup stands after the packages");
    }
    if before.iter().any(|step| step.program().is_some()) {
        return wrong("a program runs before the backup");
    }
    let Step::Backup(backup) = &steps[place] else { return Ok(()) };
    let mut seen = BTreeSet::new();
    match backup.parts.iter().map(BackupPart::name).find(|name| !seen.insert(*name)) {
        Some(twice) => wrong(&format!("two parts of the backup are called {:?}", twice.as_str())),
        None => Ok(()),
    }
}
