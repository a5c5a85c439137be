//! Files that have arrived and were found good, until there are enough of them to be given their places.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::store::{Key, Store, StoreError};

/// What a power cut may cost, as these are fetched once more: bytes, and files.
const BYTES: u64 = 32 * 1024 * 1024;
const FILES: usize = 512;

/// Files that wait for their places in a store.
pub struct Shelf<'a> {
    store: &'a (dyn Store + Sync),
    waiting: Mutex<(u64, Vec<(Key, PathBuf)>)>,
}

impl<'a> Shelf<'a> {
    /// Before a store.
    pub fn before(store: &'a (dyn Store + Sync)) -> Self {
        Self { store, waiting: Mutex::default() }
    }

    /// Takes a file of so many bytes; with those that wait, it may get its place.
    ///
    /// # Errors
    /// Those of [`Store::take_all`].
    pub fn put(&self, key: Key, file: PathBuf, bytes: u64) -> Result<(), StoreError> {
        let full = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.0 += bytes;
            waiting.1.push((key, file));
            if waiting.0 < BYTES && waiting.1.len() < FILES {
                return Ok(());
            }
            std::mem::take(&mut *waiting)
        };
        self.store.take_all(&full.1)
    }

    /// Gives every file its place.
    ///
    /// # Errors
    /// Those of [`Store::take_all`].
    pub fn clear(self) -> Result<(), StoreError> {
        let (_, waiting) = self.waiting.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.store.take_all(&waiting)
    }
}
