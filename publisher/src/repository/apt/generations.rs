//! Which old indexes are kept: a reader who has read an old `InRelease` asks for them by digest.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::layout::Layout;
use super::published::Entrance;
use super::release::ReleaseFile;
use crate::repository::RepositoryError;
use crate::store::{Key, Listed, Store};

/// Of each index, however old.
const KEPT: usize = 3;
/// The longest that a client, or a mirror in the middle of its run, may still ask.
const GRACE: Duration = Duration::from_secs(3 * 24 * 3600);

/// The indexes that only readers of generations long gone can ask for.
///
/// # Errors
/// [`RepositoryError::Store`]
pub fn outdated(
    store: &dyn Store,
    layout: &Layout,
    next: &ReleaseFile,
    current: Option<&Entrance>,
    now: Timestamp,
) -> Result<Vec<Key>, RepositoryError> {
    let releases = current.map(|entrance| &entrance.release).into_iter().chain([next]);
    let named: BTreeSet<String> =
        releases.flat_map(|release| release.indexes.values()).map(|index| index.sha256.to_string()).collect();
    let stored = store.list(&layout.file(super::COMPONENT)?)?;
    let old = stored.into_iter().filter(|listed| listed.key.as_str().contains("/by-hash/"));
    let unnamed = old.filter(|listed| !named.contains(listed.key.file_name()));
    Ok(beyond_grace(unnamed, SystemTime::from(now)))
}

/// All but the newest of each folder, if they are old.
fn beyond_grace(indexes: impl Iterator<Item = Listed>, now: SystemTime) -> Vec<Key> {
    let mut folders: BTreeMap<Option<Key>, Vec<Listed>> = BTreeMap::new();
    indexes.for_each(|index| folders.entry(index.key.folder()).or_default().push(index));
    let is_old = |index: &Listed| now.duration_since(index.modified).is_ok_and(|age| age > GRACE);
    let outdated = folders.into_values().flat_map(|mut indexes| {
        indexes.sort_by_key(|index| std::cmp::Reverse(index.modified));
        indexes.into_iter().skip(KEPT).filter(is_old)
    });
    outdated.map(|index| index.key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_however_old_and_the_young_however_many() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let index = |folder: &str, name: usize, age: u64| Listed {
            key: format!("{folder}/by-hash/SHA256/{name}").parse().unwrap(),
            modified: now - Duration::from_secs(age * 3600),
            length: 0,
        };
        let old = (0..5).map(|n| index("a", n, 1000 + n as u64));
        let young = (0..5).map(|n| index("b", n, n as u64));
        let outdated: Vec<_> = beyond_grace(old.chain(young), now).iter().map(ToString::to_string).collect();
        assert_eq!(outdated, ["a/by-hash/SHA256/3", "a/by-hash/SHA256/4"]);
    }
}
