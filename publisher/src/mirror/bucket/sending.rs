//! What a bucket lacks, sent in several lanes; and written down from time to time, so that nobody sends it twice.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use consign_metadata::digest::Sha256;
use sha2::Digest;

use super::ledger::Ledger;
use super::shown::{Added, Shown};
use crate::mirror::{Listener, MirrorError, Progress};
use crate::store::{ObjectStore, Put, Store, StoreError};

/// So much is sent again at most when a push is killed.
const FILES: usize = 100;
const BYTES: u64 = 256 * 1024 * 1024;

/// Files on their way to a bucket.
pub struct Sending<'a> {
    pub to: &'a ObjectStore,
    /// Where the mirror is.
    pub folder: &'a Path,
    pub shown: &'a Shown,
    pub lanes: usize,
    pub listener: Listener<'a>,
}

/// What has arrived and is not written down yet.
#[derive(Default)]
struct Arrived {
    names: Vec<String>,
    bytes: u64,
}

impl Sending<'_> {
    /// Sends them all, or stops at the first that does not arrive.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn run(&self, missing: &[&Added], ledger: &mut Ledger<'_>) -> Result<(), MirrorError> {
        let (next, failure) = (AtomicUsize::new(0), Mutex::new(None));
        let state = Mutex::new((ledger, Arrived::default()));
        let lane = || {
            while let Some(added) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
                let sent = self.send(added).and_then(|()| {
                    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                    let (ledger, arrived) = &mut *state;
                    arrived.names.push(added.key.to_string());
                    arrived.bytes += added.length;
                    let is_enough = arrived.names.len() >= FILES || arrived.bytes >= BYTES;
                    if is_enough { self.write_down(ledger, arrived) } else { Ok(()) }
                });
                if let Err(error) = sent {
                    // Nobody begins another one.
                    next.store(missing.len(), Ordering::Relaxed);
                    failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                }
            }
        };
        std::thread::scope(|scope| {
            let lanes = self.lanes.clamp(1, missing.len().max(1));
            (0..lanes).for_each(|_| drop(scope.spawn(lane)));
        });
        let (ledger, mut arrived) = state.into_inner().unwrap_or_else(PoisonError::into_inner);
        match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            None => Ok(()),
            Some(error) => {
                // The first failure counts, and the next push has less to do.
                let _ = self.write_down(ledger, &mut arrived);
                Err(error)
            }
        }
    }

    fn write_down(&self, ledger: &mut Ledger<'_>, arrived: &mut Arrived) -> Result<(), MirrorError> {
        let Arrived { names, .. } = std::mem::take(arrived);
        ledger.change(self.shown, |record| record.files.extend(names.iter().cloned()))
    }

    /// Sends one. What is there under its name and differs was damaged on the way or there.
    fn send(&self, added: &Added) -> Result<(), MirrorError> {
        match self.put(added) {
            Err(MirrorError::Store(StoreError::Immutable(_))) => {
                self.to.remove(&added.key)?;
                self.put(added).map(drop)
            }
            other => other.map(drop),
        }
    }

    fn put(&self, added: &Added) -> Result<Put, MirrorError> {
        let path = self.folder.join(added.key.as_str());
        let on = |cause| MirrorError::Io { what: "read", place: path.display().to_string(), cause };
        let file = File::open(&path).map_err(on)?;
        let mut proven = Proven { file, left: added.length, digest: Some(Default::default()), added, sending: self };
        Ok(self.to.put_new(&added.key, &mut proven)?)
    }
}

/// A file that comes to a good end only if it is what was signed.
struct Proven<'a> {
    file: File,
    left: u64,
    digest: Option<sha2::Sha256>,
    added: &'a Added,
    sending: &'a Sending<'a>,
}

impl Proven<'_> {
    fn ended(&mut self) -> io::Result<()> {
        let Some(digest) = self.digest.take() else { return Ok(()) };
        let is_it = |signed: Sha256| signed.to_string() == hex::encode(digest.finalize());
        if self.left == 0 && self.added.sha256.is_none_or(is_it) {
            return Ok(());
        }
        Err(io::Error::other("the mirror's copy is damaged; consign mirror sync --check replaces it"))
    }
}

impl Read for Proven<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(to)?;
        if read == 0 && !to.is_empty() {
            return self.ended().map(|()| 0);
        }
        if let Some(digest) = &mut self.digest {
            digest.update(&to[..read]);
        }
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| io::Error::other("it grows while it is read"))?;
        (self.sending.listener)(Progress::Received(read as u64));
        Ok(read)
    }
}
