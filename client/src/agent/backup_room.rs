//! Room for the backup of an upgrade, before anything has begun: what its files take now, what its databases say that
//! they take, and what the programs of the vendor's wrote the last time; and for the copies that it is verified with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use consign_metadata::name::Label;
use consign_metadata::plan::{BackupPart, Database, UpgradePlan};

use super::Agent;
use super::room::Need;
use super::situation::Situation;
use crate::backup::{self, Contents, Seal, SealedPart};
use crate::database::{self, Client, Extent, SIZE};
use crate::engine::event::{Failure, Purpose};
use crate::host::kernel::files;
use crate::host::{self, HostError};
use crate::product::Product;

/// How long the files of a backup are counted: somebody waits for the look. What was counted by then is needed at
/// least.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a database may take to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// The unit of an archive, of which an entry takes one.
const BLOCK: u64 = 512;

/// What the backup will take, on every file system that it is written to. Nothing for what the backup of an upgrade
/// that halted holds, whose place this one takes.
///
/// # Errors
/// When a database does not tell its size: it could not be saved, either.
pub fn needed(agent: &Agent, situation: &Situation<'_>, plan: &UpgradePlan) -> Result<Vec<Need>, HostError> {
    let Some(backup) = plan.backup() else { return Ok(Vec::new()) };
    let product = situation.product;
    let replaced = situation.under_way().map(|upgrade| backup::of_unit(product, &upgrade.header));
    let held = replaced.and_then(Result::ok).unwrap_or_default();
    let is_held = |name: &Label| held.iter().any(|seal| part_of(seal, name).is_some());
    let last = backup::newest(product);
    let deadline = Instant::now() + PATIENCE;
    let mut room = Room::default();
    for part in backup.parts.iter().filter(|part| !is_held(part.name())) {
        let last = last.as_ref().and_then(|seal| part_of(seal, part.name()));
        match part {
            BackupPart::Files { paths, .. } => {
                // One of a package that is not there yet takes nothing.
                let there = paths.iter().filter_map(|path| Some(agent.places.at(&host::place(path).ok()?)));
                room.saved(there.map(|path| taken(&path, deadline)).fold(0, u64::saturating_add));
            }
            BackupPart::Command { .. } => room.staged(last.map_or(0, |last| last.bytes)),
            BackupPart::Database { name, database } => {
                let extent = extent(agent, product, name, database)?;
                room.staged(dumped(extent.bytes, last));
                room.restored_beside(extent);
            }
        }
    }
    Ok(room.needs(product))
}

/// What the parts take together, and the most that one of them takes while it is made and verified.
#[derive(Default)]
struct Room {
    saved: u64,
    staged: u64,
    beside: BTreeMap<PathBuf, u64>,
}

impl Room {
    fn saved(&mut self, bytes: u64) {
        self.saved = self.saved.saturating_add(bytes);
    }

    /// Written by a user's program, so that it is there twice for a while.
    fn staged(&mut self, bytes: u64) {
        self.saved(bytes);
        self.staged = self.staged.max(bytes);
    }

    /// One after the other, and each goes when it was compared.
    fn restored_beside(&mut self, Extent { bytes, server }: Extent) {
        // That of a server on another host is not for this one to fill.
        if let Some(folder) = server.filter(|folder| folder.is_dir()) {
            let most = self.beside.entry(folder).or_default();
            *most = bytes.max(*most);
        }
    }

    fn needs(self, product: &Product) -> Vec<Need> {
        let need = |folder, bytes| Need { folder, bytes, purpose: Purpose::Backup };
        let own = need(product.folder().to_owned(), self.saved.saturating_add(self.staged));
        self.beside.into_iter().map(|(folder, bytes)| need(folder, bytes)).chain([own]).collect()
    }
}

fn part_of<'s>(seal: &'s Seal, name: &Label) -> Option<&'s SealedPart> {
    seal.parts.iter().find(|part| part.name == *name)
}

/// What a database of this size takes once it is saved: as much, or the same share of it as the last time.
fn dumped(size: u64, last: Option<&SealedPart>) -> u64 {
    let share = last.and_then(|last| match &last.contents {
        Contents::Database { properties } => Some((last.bytes, properties.get(SIZE)?.parse::<u64>().ok()?)),
        _ => None,
    });
    match share {
        Some((bytes, was @ 1..)) => {
            let scaled = (u128::from(size) * u128::from(bytes)).div_ceil(u128::from(was));
            u64::try_from(scaled).unwrap_or(u64::MAX)
        }
        _ => size,
    }
}

/// What a database takes, in its own words.
fn extent(agent: &Agent, product: &Product, name: &Label, database: &Database) -> Result<Extent, HostError> {
    let failed = |reason: String| HostError { action: format!("tell the size of the database {name}"), reason };
    std::fs::create_dir_all(product.folder()).map_err(|problem| failed(problem.to_string()))?;
    let (known, id) = (database::of(database), &product.id);
    let client = Client {
        programs: &*agent.programs,
        // Neither vendor, product nor label has a dot: no two share a name.
        unit: format!("consignee-room-{}.{}.{name}", id.vendor, id.product),
        user: known.user(),
        limit: ANSWER,
        log: product.folder().join(format!("room-{name}.log")),
        answers: product.folder().join(format!("room-{name}.log")),
    };
    known.extent(&client).map_err(|failure| failed(words(failure)))
}

fn words(failure: Failure) -> String {
    match failure {
        Failure::Host { reason } | Failure::CannotStart { reason, .. } => reason,
        Failure::ProgramMissing { program } => format!("there is no {program} on this host"),
        Failure::Timeout { seconds, .. } => format!("no answer within {seconds} s"),
        Failure::Exit { status, output } => output.last().cloned().unwrap_or_else(|| format!("exit status {status}")),
        other => format!("{other:?}"),
    }
}

/// How many bytes a file, or a folder with all that is in it, takes on the disk. What cannot be read takes nothing,
/// nor what is there to be counted after the deadline.
fn taken(path: &Path, deadline: Instant) -> u64 {
    let Ok(found) = path.metadata() else { return 0 };
    if !found.is_dir() {
        return files::taken(&found);
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let inside = entries.take_while(|_| Instant::now() < deadline).map(|entry| match entry.file_type() {
        // A link is saved as one.
        Ok(kind) if kind.is_symlink() => BLOCK,
        _ => taken(&entry.path(), deadline),
    });
    BLOCK + inside.fold(0, u64::saturating_add)
}
