//! Which old generations are kept: a reader who has read an old list is still inside one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::layout::{LATEST, Layout};
use super::repomd::Repomd;
use crate::repository::RepositoryError;
use crate::store::{Key, Listed, Store};

/// However old, besides those that are named.
const KEPT: usize = 3;
/// The longest that a client, or a mirror in the middle of its run, may still ask.
const GRACE: Duration = Duration::from_secs(3 * 24 * 3600);

/// The folder for a generation of the feed: its number, and a second one where a publish was killed after
/// it had begun to fill the first, which some reader may know.
pub fn next(store: &dyn Store, layout: &Layout, number: u64) -> Result<String, RepositoryError> {
    let stored = store.list(&layout.generations()?)?;
    let taken: BTreeSet<&str> = stored.iter().filter_map(|listed| layout.generation_of(&listed.key)).collect();
    let further = (2..).map(|attempt: u32| format!("{number}.{attempt}"));
    let mut names = std::iter::once(number.to_string()).chain(further);
    Ok(names.find(|name| !taken.contains(name.as_str())).expect("there is always another number"))
}

/// The files of generations that only readers gone long ago can ask for.
///
/// # Errors
/// [`RepositoryError::Store`]
pub fn outdated(
    store: &dyn Store,
    layout: &Layout,
    named: &[(&str, &Repomd)],
    now: Timestamp,
) -> Result<Vec<Key>, RepositoryError> {
    let mut folders: BTreeMap<String, Vec<Listed>> = BTreeMap::new();
    for listed in store.list(&layout.generations()?)? {
        let Some(folder) = layout.generation_of(&listed.key) else { continue };
        folders.entry(folder.to_owned()).or_default().push(listed);
    }
    let latest = folders.remove(LATEST).unwrap_or_default();
    folders.retain(|folder, _| named.iter().all(|(name, _)| name != folder));
    let now = SystemTime::from(now);
    let files: BTreeSet<String> = named.iter().flat_map(|(_, repomd)| documents(repomd)).collect();
    let unnamed = latest.into_iter().filter(|listed| listed.key.file_name().ends_with(".xml.gz"));
    let unnamed = unnamed.filter(|listed| !files.contains(listed.key.file_name()) && is_old(listed, now));
    Ok(beyond_grace(folders, now).chain(unnamed).map(|listed| listed.key).collect())
}

fn documents(repomd: &Repomd) -> impl Iterator<Item = String> + '_ {
    repomd.data.iter().map(|(kind, data)| data.file_name(kind))
}

/// All folders but the newest, if everything in them is old.
fn beyond_grace(folders: BTreeMap<String, Vec<Listed>>, now: SystemTime) -> impl Iterator<Item = Listed> {
    let mut folders: Vec<_> = folders.into_values().collect();
    folders.sort_by_key(|files| std::cmp::Reverse(files.iter().map(|file| file.modified).max()));
    let old = folders.into_iter().skip(KEPT).filter(move |files| files.iter().all(|file| is_old(file, now)));
    old.flatten()
}

fn is_old(listed: &Listed, now: SystemTime) -> bool {
    now.duration_since(listed.modified).is_ok_and(|age| age > GRACE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_however_old_and_the_young_however_many() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let generation = |number: u64, age: u64| {
            let key = format!("yum/stable/g/{number}/repodata/repomd.xml").parse().unwrap();
            (number.to_string(), vec![Listed { key, modified: now - Duration::from_secs(age * 3600), length: 0 }])
        };
        let outdated = |ages: &[(u64, u64)]| {
            let folders = ages.iter().map(|(number, age)| generation(*number, *age)).collect();
            beyond_grace(folders, now).map(|listed| listed.key.to_string()).collect::<Vec<_>>()
        };
        let old = outdated(&[(9, 1003), (10, 1002), (11, 1001), (12, 1000)]);
        assert_eq!(old, ["yum/stable/g/9/repodata/repomd.xml"]);
        assert!(outdated(&[(1, 5), (2, 4), (3, 3), (4, 2), (5, 1)]).is_empty());
    }
}
