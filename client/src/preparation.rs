//! How long everything before the packages takes: the journals of this host know, or else the vendor says.
//!
//! A package manager that waits at its barrier holds its lock, and whoever typed it sees nothing move. What
//! takes longer than that may last is prepared by the agent first (`consignee upgrade`).

use consign_metadata::plan::{Step, UpgradePlan};
use consign_metadata::version::Version;
use jiff::{SignedDuration, Timestamp};

use crate::engine::event::{Event, Header};
use crate::engine::journal::Record;
use crate::product::Product;

/// What is longer keeps a package manager waiting for too long, in seconds.
pub const LONG: u64 = 120;
/// How many earlier upgrades are looked through for one that was prepared.
const ASKED: usize = 5;

/// Seconds that the preparation of an upgrade by this plan will probably take: what the last one took on this
/// host, where that had the same steps at least; else the vendor's word, or the longer of both. `None` where
/// nothing tells.
pub fn estimate(product: &Product, plan: &UpgradePlan, from: Option<&Version>) -> Option<u64> {
    let steps: Vec<&str> = plan.steps(from).into_iter().map(Step::name).take_while(|name| *name != PACKAGES).collect();
    let declared = plan.body.preparation_seconds.map(u64::from);
    match last(product) {
        Some((names, seconds)) if steps.iter().all(|step| names.iter().any(|name| name == step)) => Some(seconds),
        Some((_, seconds)) => declared.max(Some(seconds)),
        None => declared,
    }
}

/// How long that is, where it is too long to wait for.
pub fn too_long(product: &Product, plan: &UpgradePlan, from: Option<&Version>) -> Option<u64> {
    estimate(product, plan, from).filter(|seconds| *seconds > LONG)
}

/// The name of the step that is the package transaction.
const PACKAGES: &str = "packages";

/// The newest upgrade of this host that was prepared: its steps before the packages, and how long they took.
fn last(product: &Product) -> Option<(Vec<String>, u64)> {
    let numbers = product.upgrades().ok()?.into_iter().rev().take(ASKED);
    numbers.filter_map(|number| product.replay(number).ok()).find_map(|replay| {
        let upgrade = replay.upgrade.filter(|upgrade| upgrade.header.from.is_some())?;
        let seconds = took(&upgrade.header, upgrade.packages_item(), &replay.records)?;
        let items = &upgrade.header.items[..upgrade.packages_item()];
        Some((items.iter().map(|item| item.name.clone()).collect(), seconds))
    })
}

/// From the first start of a step before the packages to the end of the last of them. One that was prepared late,
/// with the packages there, kept nobody waiting.
fn took(header: &Header, packages: usize, records: &[Record]) -> Option<u64> {
    let last = packages.checked_sub(1).filter(|last| *last < header.items.len())?;
    let begun = records.iter().find(|record| matches!(record.event, Event::StepStarted { .. }))?;
    let is_end = |record: &&Record| match record.event {
        Event::StepSucceeded { item } | Event::StepSkipped { item, .. } => item == last,
        _ => false,
    };
    let ended = records.iter().find(is_end)?;
    let is_late = records.iter().take_while(|record| record.at < begun.at).any(is_packages);
    (!is_late).then(|| seconds(begun.at, ended.at))
}

fn is_packages(record: &Record) -> bool {
    matches!(record.event, Event::Packages { .. })
}

fn seconds(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).max(SignedDuration::ZERO).as_secs()).unwrap_or(0)
}
