//! Whether and how an upgrade can be taken back: what stands in the way, and what would be lost.

use std::path::PathBuf;

use consign_metadata::version::Version;
use jiff::Timestamp;
use serde::Serialize;

use crate::backup::{self, Seal};
use crate::engine::event::Event;
use crate::engine::journal::{JournalError, Record, Replay};
use crate::engine::machine::{Activity, State, Upgrade};
use crate::host::PackageManager;
use crate::previous::{self, PackageVersion};
use crate::product::Product;

/// The format of the answer to `consignee rollback --check --json`.
const FORMAT: u32 = 1;

/// Something that keeps an upgrade from being taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Obstacle {
    /// It has not begun, so there is nothing to take back.
    NotBegun,
    /// It has ended otherwise than by being finished.
    Ended,
    /// A step of it is running.
    AtWork,
    /// It is being taken back already.
    OnTheWay,
    /// It was a first installation.
    FirstInstall,
    /// Its plan has no backup.
    NoBackup,
    /// Add-ons have joined it, whose packages would have to go back, too.
    AddOns,
    /// A step that was begun cannot be taken back.
    Step {
        /// Its name.
        name: String,
    },
    /// Packages of the version before are not in the product's folder.
    Packages {
        /// Those that are missing.
        missing: Vec<PackageVersion>,
    },
    /// The backup is not there, or not whole.
    Backup {
        /// Its folder.
        folder: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

/// An upgrade, seen from its way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GoingBack {
    /// Always 1.
    pub format: u32,
    /// Its number.
    pub upgrade: u32,
    /// Where it leads back to; `None` for a first installation.
    pub from: Option<Version>,
    /// What stands in the way; none: it can be taken back.
    pub obstacles: Vec<Obstacle>,
    /// Since when people may have written what would be lost; `None` where nothing would.
    pub loses_since: Option<Timestamp>,
    /// The version of the data that would be restored: when it was saved; `None` where none would have to be.
    pub saved: Option<Timestamp>,
}

impl GoingBack {
    /// Looks at the newest upgrade of a product that has begun; `None` where it has none.
    ///
    /// # Errors
    /// [`JournalError`]
    pub fn of(product: &Product, packages: &dyn PackageManager) -> Result<Option<Self>, JournalError> {
        let found = match product.last_begun()? {
            Some((upgrade, _)) => Some(upgrade),
            None => product.newest()?,
        };
        let Some(found) = found else { return Ok(None) };
        let Replay { records, upgrade, .. } = product.replay(found.header.upgrade)?;
        Ok(upgrade.map(|upgrade| Self::look(product, &upgrade, &records, packages)))
    }

    fn look(product: &Product, upgrade: &Upgrade, records: &[Record], packages: &dyn PackageManager) -> Self {
        let mut obstacles: Vec<Obstacle> = standing(upgrade).into_iter().collect();
        let mut saved = None;
        if obstacles.is_empty() {
            obstacles.extend(list(upgrade));
        }
        if obstacles.is_empty() && upgrade.has_left_before() {
            obstacles.extend(missing(product, upgrade, packages));
            match sealed(product, upgrade) {
                Ok(seal) => saved = Some(seal.sealed),
                Err(obstacle) => obstacles.push(obstacle),
            }
        }
        let loses_since = upgrade.has_left_before().then(|| served_since(product, upgrade, records)).flatten();
        Self {
            format: FORMAT,
            upgrade: upgrade.header.upgrade,
            from: upgrade.header.from.clone(),
            obstacles,
            loses_since,
            saved,
        }
    }

    /// Whether it can be taken back, if need be with the loss of what was written since.
    pub fn is_possible(&self) -> bool {
        self.obstacles.is_empty()
    }
}

/// States in which nothing is taken back.
fn standing(upgrade: &Upgrade) -> Option<Obstacle> {
    match upgrade.state {
        State::Planned | State::Held | State::Cleared => Some(Obstacle::NotBegun),
        State::Forward { activity: Activity::Busy, .. } => Some(Obstacle::AtWork),
        State::Backward { .. } | State::Stuck { .. } => Some(Obstacle::OnTheWay),
        State::Cancelled | State::RolledBack | State::Superseded { .. } | State::Rescued { .. } => {
            Some(Obstacle::Ended)
        }
        State::Forward { .. } | State::Waiting { .. } | State::Halted { .. } | State::Completed => None,
    }
}

/// What the list itself does not let be taken back.
fn list(upgrade: &Upgrade) -> Option<Obstacle> {
    let item = &upgrade.header.items[upgrade.obstacle(true)?];
    Some(match (item.packages, &upgrade.header) {
        (false, _) => Obstacle::Step { name: item.name.clone() },
        (true, header) if header.from.is_none() => Obstacle::FirstInstall,
        (true, header) if !header.joined.is_empty() => Obstacle::AddOns,
        // They were looked for, and not had; what is there now says the rest.
        (true, _) if item.undo => Obstacle::Packages { missing: Vec::new() },
        (true, _) => Obstacle::NoBackup,
    })
}

fn missing(product: &Product, upgrade: &Upgrade, packages: &dyn PackageManager) -> Option<Obstacle> {
    let folder = product.packages();
    let is_missing = |old: &PackageVersion| packages.file_in(&folder, &old.package, &old.version).is_none();
    let missing: Vec<_> = previous::before(product, upgrade).into_iter().filter(is_missing).collect();
    (!missing.is_empty()).then_some(Obstacle::Packages { missing })
}

/// The seal of what it comes back to; all that have to be restored are whole.
fn sealed(product: &Product, upgrade: &Upgrade) -> Result<Seal, Obstacle> {
    let folder = product.backup(upgrade.header.upgrade);
    let unusable = |problem: String| Obstacle::Backup { folder: folder.clone(), problem };
    match backup::of_unit(product, &upgrade.header) {
        Ok(seals) => match seals.iter().find(|seal| !seal.is_whole(product)) {
            Some(torn) => Err(Obstacle::Backup {
                folder: product.backup(torn.upgrade),
                problem: "a file of it is missing or cut off".to_owned(),
            }),
            None => seals.into_iter().last().ok_or_else(|| unusable("it was never sealed".to_owned())),
        },
        Err(problem) => Err(unusable(problem.to_string())),
    }
}

/// The first moment at which people could write again, in this upgrade or in one whose place it takes.
fn served_since(product: &Product, upgrade: &Upgrade, records: &[Record]) -> Option<Timestamp> {
    let earlier = product.replaced_by(&upgrade.header).into_iter().rev().find_map(|replaced| {
        let replay = product.replay(replaced.header.upgrade).ok()?;
        first_service(&replaced, &replay.records)
    });
    earlier.or_else(|| first_service(upgrade, records))
}

fn first_service(upgrade: &Upgrade, records: &[Record]) -> Option<Timestamp> {
    let serves = |item: usize| upgrade.header.items.get(item).is_some_and(|item| item.no_return);
    let started = records.iter().find(|record| matches!(record.event, Event::StepStarted { item, .. } if serves(item)));
    started.map(|record| record.at)
}
