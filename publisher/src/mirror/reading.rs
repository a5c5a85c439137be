//! Small files of the upstream as they are read: whatever the mirror has under a name that never changes is
//! not asked for again, and whatever comes is kept, since the mirror will need it to the byte.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Cursor;

use consign_metadata::digest::Sha256;

use super::upstream::Upstream;
use crate::feed::Changes;
use crate::repository::yum::LATEST;
use crate::store::{Content, Key, Source, Store, StoreError};

/// The upstream, through what is here already.
pub struct Reading<'a> {
    upstream: &'a Upstream,
    store: &'a dyn Store,
    changes: &'a Changes,
    kept: RefCell<BTreeMap<Key, Vec<u8>>>,
}

impl<'a> Reading<'a> {
    /// Begins to read.
    pub fn new(upstream: &'a Upstream, store: &'a dyn Store, changes: &'a Changes) -> Self {
        Self { upstream, store, changes, kept: RefCell::default() }
    }

    /// What was read, by its name.
    pub fn kept(&self, key: &Key) -> Option<Vec<u8>> {
        self.kept.borrow().get(key).cloned()
    }

    /// What was read under names that never change.
    pub fn additions(self) -> Vec<(Key, Vec<u8>)> {
        self.kept.into_inner().into_iter().filter(|(key, _)| never_changes(key)).collect()
    }

    /// The same content, wherever it is.
    fn here(&self, key: &Key, maximum: u64) -> Result<Option<Vec<u8>>, StoreError> {
        if !never_changes(key) {
            return Ok(None);
        }
        if let Some((bytes, _)) = self.store.read(key, maximum)? {
            return Ok(Some(bytes));
        }
        let Some(digest) = digest_of(key) else { return Ok(None) };
        let kept = self.kept.borrow();
        if let Some((_, bytes)) = kept.iter().find(|(other, _)| digest_of(other) == Some(digest)) {
            return Ok(Some(bytes.clone()));
        }
        // A document of yum that says what it said before is in the folder that is swapped in place.
        let Some(latest) = in_latest(key) else { return Ok(None) };
        Ok(self.store.read(&latest, maximum)?.map(|(bytes, _)| bytes))
    }
}

impl Source for Reading<'_> {
    fn get(&self, key: &Key, maximum: u64) -> Result<Option<Box<dyn Content>>, StoreError> {
        let is_it = |bytes: &Vec<u8>| digest_of(key).is_none_or(|digest| digest == Sha256::of(bytes));
        let came_along = || self.changes.get(key).filter(|bytes| bytes.len() as u64 <= maximum).map(<[u8]>::to_vec);
        let here = self.here(key, maximum)?.filter(is_it).or_else(|| came_along().filter(is_it));
        let bytes = match here {
            Some(bytes) => bytes,
            None => match self.upstream.read(key, maximum)? {
                Some((bytes, _)) => bytes,
                None => return Ok(None),
            },
        };
        self.kept.borrow_mut().insert(key.clone(), bytes.clone());
        Ok(Some(Box::new(Cursor::new(bytes))))
    }
}

/// Whether a name has the same content for ever.
pub fn never_changes(key: &Key) -> bool {
    let key = key.as_str();
    let in_generation = key.starts_with("yum/") && key.contains("/repodata/") && !key.contains(&format!("/{LATEST}/"));
    let documents = ["consign/shards/", "consign/windows/"];
    in_generation || key.contains("/by-hash/SHA256/") || documents.iter().any(|folder| key.starts_with(folder))
}

/// The digest that a name begins with.
pub fn digest_of(key: &Key) -> Option<Sha256> {
    key.file_name().get(..64)?.parse().ok()
}

fn in_latest(key: &Key) -> Option<Key> {
    let (before, generation) = key.as_str().split_once("/g/")?;
    let (_, file) = generation.split_once('/')?;
    format!("{before}/g/{LATEST}/{file}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_swapped_is_always_asked_for() {
        let never = |name: &str| never_changes(&name.parse().unwrap());
        assert!(!never("consign/stable/feed.pgp") && !never("dists/stable/InRelease"));
        assert!(!never("yum/stable/g/latest/repodata/repomd.xml") && !never("yum/stable/mirrors"));
        assert!(never("yum/stable/g/7.2/repodata/repomd.xml") && never("consign/shards/x.json"));
        assert!(never("consign/windows/x.json"));
        let document: Key = "yum/stable/g/7/repodata/x-primary.xml.gz".parse().unwrap();
        assert_eq!(in_latest(&document).unwrap().as_str(), "yum/stable/g/latest/repodata/x-primary.xml.gz");
    }
}
