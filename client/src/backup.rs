//! The backups of a product: `backups/<upgrade>/`, a file for each part and a seal.
//!
//! A backup counts when it is sealed: every part was written, read back, verified and synced before the seal
//! was, which names their digests. What has no seal is the rest of one that was cut off.
//!
//! An upgrade that takes the place of one that halted has the backup of that one: what is on the host by then
//! is half migrated. It saves only the parts which that one did not know. `docs/backup.md` describes the folder.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use consign_metadata::digest::Sha256;
use consign_metadata::name::{Label, ProductId};
use consign_metadata::version::Version;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::durable;
use crate::engine::event::Header;
use crate::engine::journal::JournalError;
use crate::engine::machine::Upgrade;
use crate::host::folder;
use crate::product::Product;
use crate::pruning;
use crate::site::keep::Allowance;

/// Name of the seal in the folder of a backup.
pub const SEAL: &str = "seal.json";
const FORMAT: u32 = 1;
/// The name of the step that makes one.
const STEP: &str = "backup";

/// What makes a backup count. Written last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// Always 1.
    pub format: u32,
    /// Whose data it is.
    pub product: ProductId,
    /// The number of the upgrade that it was made for.
    pub upgrade: u32,
    /// The version the data belongs to.
    pub from: Version,
    /// When it was begun, by the host's clock.
    pub begun: Timestamp,
    /// When it was sealed.
    pub sealed: Timestamp,
    /// Its parts, in the order in which they were saved.
    pub parts: Vec<SealedPart>,
}

/// A part of a backup as it was saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedPart {
    /// Its name.
    pub name: Label,
    /// Its file, beside the seal.
    pub file: String,
    /// The size of the file in bytes.
    pub bytes: u64,
    /// The digest of the file.
    pub sha256: Sha256,
    /// What it holds that only the moment of saving knew.
    pub contents: Contents,
}

/// What a part holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Contents {
    /// Files and folders.
    Files {
        /// Absolute, with links resolved.
        paths: Vec<PathBuf>,
        /// Those of the plan that were not there.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        absent: Vec<PathBuf>,
    },
    /// What a program of the vendor's wrote.
    Command,
    /// A dump of a database.
    Database {
        /// What is only known of the database itself: its encoding, for one.
        properties: std::collections::BTreeMap<String, String>,
    },
}

/// Why a backup cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file of it cannot be read or written.
    #[error("cannot {action} {path}: {cause}")]
    Io {
        /// What was attempted.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The reason the system gave.
        cause: io::Error,
    },
    /// Its seal cannot be understood.
    #[error("cannot use {path}: {problem}")]
    Seal {
        /// The seal.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A part is not what was sealed.
    #[error("cannot use {path}: it is not the file that was sealed")]
    Changed {
        /// The part.
        path: PathBuf,
    },
}

/// Why backups were not pruned.
#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    /// A journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A backup cannot be removed.
    #[error(transparent)]
    Backup(BackupError),
}

impl Seal {
    /// A seal of this format, dated.
    pub fn new(header: &Header, from: Version, begun: Timestamp, sealed: Timestamp, parts: Vec<SealedPart>) -> Self {
        let (product, upgrade) = (header.product.clone(), header.upgrade);
        Self { format: FORMAT, product, upgrade, from, begun, sealed, parts }
    }

    /// The seal of the backup that was made for an upgrade; `None` when none was sealed.
    ///
    /// # Errors
    /// [`BackupError`]
    pub fn read(product: &Product, upgrade: u32) -> Result<Option<Self>, BackupError> {
        let path = product.backup(upgrade).join(SEAL);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(BackupError::Io { action: "read", path, cause }),
        };
        let seal: Self = match serde_json::from_slice(&bytes) {
            Ok(seal) => seal,
            Err(problem) => return Err(BackupError::Seal { path, problem: problem.to_string() }),
        };
        let problem = match &seal {
            Self { format: FORMAT, product: of, upgrade: number, .. } if *of == product.id && *number == upgrade => {
                return Ok(Some(seal));
            }
            Self { format: FORMAT, .. } => format!("it is of {}, upgrade {}", seal.product, seal.upgrade),
            _ => format!("its format {} is unknown", seal.format),
        };
        Err(BackupError::Seal { path, problem })
    }

    /// Makes the backup count; on return it is durable.
    ///
    /// # Errors
    /// [`BackupError::Io`]
    pub fn write(&self, product: &Product) -> Result<(), BackupError> {
        let path = product.backup(self.upgrade).join(SEAL);
        let text = serde_json::to_vec_pretty(self).expect("a seal has string keys and no floats");
        durable::replace(&path, &text).map_err(|cause| BackupError::Io { action: "write", path, cause })
    }

    /// Reads every part again.
    ///
    /// # Errors
    /// [`BackupError`] of the first part that is not what was sealed.
    pub fn verify(&self, product: &Product) -> Result<(), BackupError> {
        self.parts.iter().try_for_each(|part| {
            let path = product.backup(self.upgrade).join(&part.file);
            match digest(&path)? == (part.sha256, part.bytes) {
                true => Ok(()),
                false => Err(BackupError::Changed { path }),
            }
        })
    }

    /// Whether every part is there, by its size.
    pub fn is_whole(&self, product: &Product) -> bool {
        let folder = product.backup(self.upgrade);
        let is_there = |part: &SealedPart| {
            std::fs::symlink_metadata(folder.join(&part.file)).is_ok_and(|file| file.len() == part.bytes)
        };
        self.parts.iter().all(is_there)
    }

    /// How many bytes it takes.
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.bytes).sum()
    }
}

/// Digest and size of a file.
///
/// # Errors
/// [`BackupError::Io`]
pub fn digest(path: &Path) -> Result<(Sha256, u64), BackupError> {
    let read = File::open(path).and_then(Sha256::of_reader);
    read.map_err(|cause| BackupError::Io { action: "read", path: path.to_owned(), cause })
}

/// The backups that an upgrade is taken back with, in the order in which they are restored: its own, with what those
/// before it do not hold, and then those of the upgrades whose place it takes, from before anything was migrated.
/// None where none was sealed, or something was migrated without any.
///
/// # Errors
/// [`BackupError`]; also where the file system of the backups does not answer, which would hold whoever reads there.
pub fn of_unit(product: &Product, header: &Header) -> Result<Vec<Seal>, BackupError> {
    let own = product.backup(header.upgrade);
    if !folder::answers(&own) {
        let cause = io::Error::new(io::ErrorKind::TimedOut, "its file system does not answer");
        return Err(BackupError::Io { action: "read", path: own, cause });
    }
    let mut seals = VecDeque::new();
    for earlier in product.replaced_by(header).into_iter().rev() {
        match Seal::read(product, earlier.header.upgrade)? {
            Some(seal) => seals.push_front(seal),
            None if earlier.has_migrated() && (seals.is_empty() || !saves(&earlier)) => return Ok(Vec::new()),
            None => {}
        }
    }
    if let Some(own) = Seal::read(product, header.upgrade)? {
        seals.push_front(own);
    }
    Ok(seals.into())
}

/// Whether an upgrade saves what the backups of those before it do not hold.
fn saves(upgrade: &Upgrade) -> bool {
    upgrade.header.items.iter().any(|item| item.name == STEP)
}

/// The newest backup of a product that counts.
pub fn newest(product: &Product) -> Option<Seal> {
    let numbers = product.upgrades().ok()?;
    numbers.into_iter().rev().find_map(|number| Seal::read(product, number).ok().flatten())
}

/// Removes the backups that the site's allowance does not cover.
///
/// # Errors
/// When a journal cannot be read, or a folder not be removed.
pub fn prune(product: &Product, allowance: Allowance, now: Timestamp) -> Result<(), PruneError> {
    let number = |folder: &Path| folder.file_name().and_then(|name| name.to_str()?.parse().ok());
    let is_whole = |folder: &Path| {
        let seal = number(folder).and_then(|number| Seal::read(product, number).ok().flatten());
        seal.is_some_and(|seal| seal.is_whole(product))
    };
    for folder in pruning::backups(product, allowance, now, &is_whole)? {
        // Without its seal it counts no more, however far the rest comes.
        durable::remove(&folder.join(SEAL))
            .and_then(|()| std::fs::remove_dir_all(&folder))
            .map_err(|cause| PruneError::Backup(BackupError::Io { action: "remove", path: folder.clone(), cause }))?;
    }
    Ok(())
}

/// Whether the data can still be brought back to the version an upgrade with this header starts from.
pub fn can_cover(product: &Product, header: &Header) -> bool {
    !product.replaced_by(header).iter().any(Upgrade::has_migrated)
        || of_unit(product, header).is_ok_and(|seals| !seals.is_empty())
}
