//! Which of the things that one could go back to are kept, and which may go: sets of packages, and backups.
//!
//! Never goes the newest that is whole, and never one of the last upgrade that has begun, or of the one whose place
//! that took.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::engine::journal::JournalError;
use crate::product::Product;
use crate::site::keep::Allowance;

/// Something that one could go back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set<K> {
    /// Which.
    pub key: K,
    /// When its upgrade began.
    pub at: Timestamp,
    /// Whether it is whole.
    pub verified: bool,
    /// Whether an upgrade that is under way may want it.
    pub in_use: bool,
}

/// Those that may go. One that is not whole does not count, and goes when a newer one is.
pub fn superfluous<K: Clone>(sets: &[Set<K>], allowance: Allowance, now: Timestamp) -> Vec<K> {
    let mut newest_first: Vec<&Set<K>> = sets.iter().collect();
    newest_first.sort_by_key(|set| std::cmp::Reverse(set.at));
    let mut whole = 0;
    let mut gone = Vec::new();
    for set in newest_first {
        let is_newest = set.verified && whole == 0;
        let is_old = allowance.age.is_some_and(|age| now.duration_since(set.at) > age);
        let is_too_much = if set.verified { whole >= allowance.sets } else { whole > 0 };
        if !set.in_use && !is_newest && (is_too_much || (is_old && whole > 0)) {
            gone.push(set.key.clone());
        }
        whole += usize::from(set.verified);
    }
    gone
}

/// The upgrades that somebody may still want to take back: the last one that has begun, and those whose place it
/// took.
///
/// # Errors
/// When a journal cannot be read.
pub fn in_use(product: &Product) -> Result<BTreeSet<u32>, JournalError> {
    let Some((last, _)) = product.last_begun()? else { return Ok(BTreeSet::new()) };
    let replaced = product.replaced_by(&last.header).into_iter().map(|upgrade| upgrade.header.upgrade);
    Ok(replaced.chain([last.header.upgrade]).collect())
}

/// The folders of backups that may go. A folder that is no upgrade's is nobody's business here.
///
/// # Errors
/// When a journal cannot be read: what nobody can tell is not pruned.
pub fn backups(
    product: &Product,
    allowance: Allowance,
    now: Timestamp,
    is_verified: &dyn Fn(&Path) -> bool,
) -> Result<Vec<PathBuf>, JournalError> {
    let in_use = in_use(product)?;
    let mut sets = Vec::new();
    for entry in std::fs::read_dir(product.backups()).into_iter().flatten().flatten() {
        let Some(number) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let begun = product.replay(number)?.records.first().map(|record| record.at);
        let key = entry.path();
        let (at, verified) = (begun.unwrap_or(Timestamp::UNIX_EPOCH), is_verified(&key));
        sets.push(Set { key, at, verified, in_use: in_use.contains(&number) });
    }
    Ok(superfluous(&sets, allowance, now))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;
    use crate::engine::event::{Event, Packages};
    use crate::engine::sample;
    use crate::places::Places;

    fn at(days_ago: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * (1000 - days_ago))
    }

    fn set(days_ago: i64) -> Set<i64> {
        Set { key: days_ago, at: at(days_ago), verified: true, in_use: false }
    }

    fn gone(sets: &[Set<i64>], count: usize, days: Option<i64>) -> Vec<i64> {
        let age = days.map(|days| SignedDuration::from_hours(24 * days));
        superfluous(sets, Allowance { sets: count, age }, at(0))
    }

    #[test]
    fn the_newest_are_kept_as_many_and_as_long_as_the_site_says() {
        let sets = [set(300), set(5), set(90), set(30)];
        assert_eq!(gone(&sets, 3, None), [300]);
        assert_eq!(gone(&sets, 4, Some(60)), [90, 300]);
        assert_eq!(gone(&sets[..1], 1, Some(60)), [0; 0], "the newest, however old");
    }

    #[test]
    fn one_that_is_not_whole_takes_the_place_of_none() {
        let broken = Set { verified: false, ..set(1) };
        let old_and_broken = Set { verified: false, ..set(50) };
        assert_eq!(gone(&[broken.clone(), set(5), set(30)], 2, None), [0; 0]);
        assert_eq!(gone(&[broken, set(5), old_and_broken], 2, None), [50]);
    }

    #[test]
    fn a_backup_of_an_upgrade_under_way_stays_and_that_of_the_one_before_it() {
        let root = tempfile::tempdir().unwrap();
        let product = Product::new(&Places::below(root.path()), "acme/erp".parse().unwrap());
        let partial = Event::Packages { observed: Packages::Partial, ended: true };
        for number in 1..=4 {
            let supersedes = (number == 4).then_some(3);
            let header = crate::engine::event::Header { supersedes, ..sample::header() };
            let mut journal = product.begin(header, b"plan", at(10 - i64::from(number))).unwrap();
            if number == 4 {
                journal.append(partial.clone(), at(6)).unwrap();
            }
            fs_err::create_dir_all(product.folder().join(format!("backups/{number}"))).unwrap();
        }
        let allowance = Allowance { sets: 1, age: None };
        let gone = backups(&product, allowance, at(0), &|_| true).unwrap();
        let names: Vec<_> = gone.iter().filter_map(|path| path.file_name()?.to_str()).collect();
        assert_eq!(names, ["2", "1"]);
    }

    proptest! {
        #[test]
        fn the_newest_whole_one_and_those_in_use_are_never_pruned(
            drawn in proptest::collection::vec((0i64..400, any::<bool>(), any::<bool>()), 0..12),
            count in 1usize..4,
            days in proptest::option::of(1i64..200),
        ) {
            let sets: Vec<Set<i64>> = (0..).zip(drawn).map(|(key, (days_ago, verified, in_use))| {
                Set { key, at: at(days_ago), verified, in_use }
            }).collect();
            let gone = gone(&sets, count, days);
            let stays = |set: &Set<i64>| !gone.contains(&set.key);
            prop_assert!(sets.iter().filter(|set| set.in_use).all(stays));
            let newest = sets.iter().filter(|set| set.verified).map(|set| set.at).max();
            prop_assert!(newest.is_none_or(|at| sets.iter().any(|set| set.verified && set.at == at && stays(set))));
            let kept = sets.iter().filter(|set| set.verified && !set.in_use && stays(set)).count();
            prop_assert!(kept <= count.max(1));
        }
    }
}
