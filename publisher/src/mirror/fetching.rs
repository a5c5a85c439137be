//! What is missing of a generation, fetched in several lanes; each file gets its place when it is known to be
//! good, and not before.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Seek, SeekFrom};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use consign_metadata::digest::Sha256;

use super::download::{Arrival, Download, Verdict};
use super::offer::Wanted;
use super::shelf::Shelf;
use super::upstream::Upstream;
use super::{Listener, MirrorError, Progress};
use crate::store::{Key, Store, StoreError};

/// Who looks at a file that has arrived.
pub type Look<'a> = &'a (dyn Fn(&Wanted, &Arrival<'_>) -> Verdict + Sync);

/// Files that are fetched into a store.
pub struct Fetching<'a> {
    pub upstream: &'a Upstream,
    pub store: &'a (dyn Store + Sync),
    pub parts: &'a Path,
    pub listener: Listener<'a>,
    /// Whether files that are there are read, and not only counted.
    pub check: bool,
}

impl Fetching<'_> {
    /// Those that are not there. What is there and cannot be what was signed is deleted.
    ///
    /// # Errors
    /// [`MirrorError::Store`]
    pub fn missing(&self, wanted: Vec<Wanted>) -> Result<Vec<Wanted>, MirrorError> {
        let mut missing = Vec::new();
        for wanted in wanted {
            let key: Key = wanted.file.path.parse()?;
            match self.is_good(&key, &wanted)? {
                Some(true) => continue,
                Some(false) => self.store.remove(&key)?,
                None => {}
            }
            missing.push(wanted);
        }
        Ok(missing)
    }

    fn is_good(&self, key: &Key, wanted: &Wanted) -> Result<Option<bool>, StoreError> {
        let read = |cause| StoreError::Io { what: "read", place: key.to_string(), cause };
        let Some(mut content) = self.store.get(key, u64::MAX)? else { return Ok(None) };
        let length = content.seek(SeekFrom::End(0)).map_err(read)?;
        if length != wanted.file.size || !self.check {
            return Ok(Some(length == wanted.file.size));
        }
        content.seek(SeekFrom::Start(0)).map_err(read)?;
        let (digest, _) = Sha256::of_reader(content).map_err(read)?;
        Ok(Some(digest == wanted.file.sha256))
    }

    /// What is still to come of these files.
    pub fn bytes(&self, missing: &[Wanted]) -> u64 {
        let begun = self.parts.exists();
        let there = |wanted: &Wanted| {
            let part = begun.then(|| fs::metadata(self.parts.join(wanted.file.sha256.to_string())));
            part.and_then(Result::ok).map_or(0, |metadata| metadata.len().min(wanted.file.size))
        };
        missing.iter().map(|wanted| wanted.file.size - there(wanted)).sum()
    }

    /// Fetches them all, or stops at the first that cannot be had.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn run(&self, missing: &[Wanted], look: Look<'_>) -> Result<(), MirrorError> {
        if missing.is_empty() {
            return Ok(());
        }
        let on = |cause| MirrorError::Io { what: "make folder", place: self.parts.display().to_string(), cause };
        fs::create_dir_all(self.parts).map_err(on)?;
        // A content has one part, whatever it is called.
        let mut called = BTreeMap::new();
        let (first, others): (Vec<&Wanted>, Vec<&Wanted>) = missing.iter().partition(|wanted| {
            let first: &mut &Wanted = called.entry(wanted.file.sha256).or_insert(wanted);
            std::ptr::eq(*first, *wanted)
        });
        self.in_lanes(&first, look)?;
        others.into_iter().try_for_each(|wanted| self.likewise(wanted, &called[&wanted.file.sha256].file.path, look))
    }

    fn in_lanes(&self, missing: &[&Wanted], look: Look<'_>) -> Result<(), MirrorError> {
        let (next, failure, shelf) = (AtomicUsize::new(0), Mutex::new(None), Shelf::before(self.store));
        let lane = || {
            while let Some(wanted) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Err(error) = self.one(wanted, look, &shelf) {
                    if !matches!(error, MirrorError::Absent(_)) {
                        // Nobody begins another one.
                        next.store(missing.len(), Ordering::Relaxed);
                    }
                    let mut failure = failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    *failure = Some(MirrorError::and(failure.take(), error));
                }
            }
        };
        std::thread::scope(|scope| {
            let lanes = self.upstream.manner.lanes.clamp(1, missing.len());
            (0..lanes).for_each(|_| drop(scope.spawn(lane)));
        });
        let failure = failure.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let cleared = shelf.clear().map_err(MirrorError::from);
        failure.map_or(cleared, Err)
    }

    /// One whose content has got a place under another name.
    fn likewise(&self, wanted: &Wanted, name: &str, look: Look<'_>) -> Result<(), MirrorError> {
        let part = self.parts.join(wanted.file.sha256.to_string());
        let on = |cause| MirrorError::Io { what: "write", place: part.display().to_string(), cause };
        if let Some(mut content) = self.store.get(&name.parse()?, wanted.file.size)? {
            fs::File::create(&part).and_then(|mut file| std::io::copy(&mut content, &mut file)).map_err(on)?;
        }
        let shelf = Shelf::before(self.store);
        self.one(wanted, look, &shelf)?;
        Ok(shelf.clear()?)
    }

    fn one(&self, wanted: &Wanted, look: Look<'_>, shelf: &Shelf<'_>) -> Result<(), MirrorError> {
        let received = |bytes| (self.listener)(Progress::Received(bytes));
        let download = Download { upstream: self.upstream, file: &wanted.file, parts: self.parts, received: &received };
        let part = download.run(|arrival| look(wanted, arrival))?;
        let key: Key = wanted.file.path.parse()?;
        if self.upstream.shipment().is_some() {
            // What comes next may be made from it.
            return Ok(self.store.take(&key, &part).map(drop)?);
        }
        Ok(shelf.put(key, part, wanted.file.size)?)
    }
}
