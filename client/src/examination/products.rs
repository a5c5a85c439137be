//! Journals, flags, engines and files of products: is everything there, and nothing else?

use std::path::Path;

use consign_metadata::name::UnitName;
use jiff::{SignedDuration, Timestamp};

use super::{Finding, could_not_look};
use crate::data::record::Record;
use crate::engine::machine::{State, Upgrade};
use crate::host::ServiceManager;
use crate::places::Places;
use crate::product::{self, Product};
use crate::site::{self, Rules};
use crate::trust::Trust;

/// Clocks that agree differ by less.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(120);

/// Everything about products.
pub(super) fn examine(
    places: &Places,
    trust: &Trust,
    services: &dyn ServiceManager,
    products: &[Product],
    now: Timestamp,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for product in products {
        let rules = Rules::read(places, &product.id).err();
        findings.extend(rules.map(|problem| Finding::SiteFile { problem: problem.to_string() }));
        findings.extend(journals(product, now));
        findings.extend(unknown_files(product));
    }
    let installed = trust.installed(places).unwrap_or_default();
    let mut plans: Vec<_> = installed.into_iter().filter_map(|found| found.plan.ok()).map(|(plan, _)| plan).collect();
    // Each package of a product brings the same one.
    plans.dedup_by(|one, other| one.digest == other.digest);
    for plan in plans {
        let options = site::options(places, &plan).err();
        findings.extend(options.map(|problem| Finding::SiteFile { problem: problem.to_string() }));
        if services.is_running() {
            let product = Product::new(places, plan.id());
            findings.extend(plan.body.engines.iter().filter_map(|unit| unguarded(services, &product, unit)));
        }
    }
    findings
}

fn journals(product: &Product, now: Timestamp) -> Vec<Finding> {
    let numbers = match product.upgrades() {
        Ok(numbers) => numbers,
        Err(cause) => return vec![could_not_look(format!("the journals of {}", product.id), cause)],
    };
    let (mut findings, mut newest, mut seen) = (Vec::new(), None, None);
    for number in numbers {
        match product.replay(number) {
            Ok(replay) => {
                seen = seen.max(replay.records.last().map(|record| record.at));
                newest = replay.upgrade.or(newest);
            }
            Err(cause) => {
                let (product, cause) = (product.id.clone(), cause.to_string());
                findings.push(Finding::JournalUnusable { product, upgrade: number, cause });
            }
        }
    }
    // A flag beside a journal that cannot be read is there for a reason that nobody knows.
    if findings.is_empty() {
        findings.extend(flag(product, newest.as_ref()));
    }
    let behind = seen.filter(|seen| *seen > now + TOLERANCE);
    findings.extend(behind.map(|seen| Finding::ClockBehind { now, seen }));
    findings
}

/// Engines are kept from starting by an upgrade in its middle, by packages that are arriving, and by data of another
/// version; by nothing else.
fn flag(product: &Product, newest: Option<&Upgrade>) -> Option<Finding> {
    let under_way = newest.filter(|upgrade| upgrade.is_under_way());
    let is_explained = under_way.is_some() || is_arriving(product) || data_differs(product);
    match (product.is_unfinished(), under_way) {
        (true, _) if !is_explained => {
            Some(Finding::FlagWithoutUpgrade { product: product.id.clone(), flag: product.flag() })
        }
        (false, Some(upgrade)) if is_stopped(upgrade) => {
            Some(Finding::UpgradeWithoutFlag { product: product.id.clone(), upgrade: upgrade.header.upgrade })
        }
        _ => None,
    }
}

/// A first install waits to be taken up.
fn is_arriving(product: &Product) -> bool {
    product.folder().join("deferred").exists()
}

/// The data is of another version; a record that cannot be read explains it as well.
fn data_differs(product: &Product) -> bool {
    !matches!(Record::read(product), Ok(None) | Ok(Some(Record { differs: None, .. })))
}

/// Whether it stands at a step between the one that stops the engines and the one that starts them.
fn is_stopped(upgrade: &Upgrade) -> bool {
    let place = |name: &str| upgrade.header.items.iter().position(|item| item.name == name);
    let (State::Forward { item, .. } | State::Waiting { item } | State::Halted { item, .. }) = upgrade.state else {
        return false;
    };
    matches!((place("stop"), place("start")), (Some(stop), Some(start)) if stop < item && item < start)
}

fn unknown_files(product: &Product) -> Vec<Finding> {
    let entries = std::fs::read_dir(product.folder()).into_iter().flatten().flatten();
    let mut unknown: Vec<_> = entries.map(|entry| entry.path()).filter(|path| !is_known(path)).collect();
    unknown.sort_unstable();
    unknown.into_iter().map(|file| Finding::UnknownFile { file }).collect()
}

/// One of the agent's, or what is left of one that was being replaced when the power went.
fn is_known(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = name.strip_suffix(".new").unwrap_or(&name);
    product::NAMES.contains(&name)
}

fn unguarded(services: &dyn ServiceManager, product: &Product, unit: &UnitName) -> Option<Finding> {
    // A unit that is not there starts nothing.
    let found = services.observe(unit).and_then(|there| Ok(there.is_none() || services.is_guarded(unit)?));
    match found {
        Ok(true) => None,
        Ok(false) => Some(Finding::ConditionMissing { product: product.id.clone(), unit: unit.clone() }),
        Err(cause) => Some(could_not_look(unit.to_string(), cause)),
    }
}
