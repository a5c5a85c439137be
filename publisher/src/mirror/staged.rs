//! A generation as hosts would see it, before they see it: what is in the store, with the entry points that
//! are about to be swapped.

use std::collections::BTreeMap;
use std::io::Cursor;

use crate::store::{Content, Key, Source, Store, StoreError, Swap};

/// A store with entry points laid over it.
pub struct Staged<'a> {
    store: &'a dyn Store,
    over: BTreeMap<&'a Key, &'a [u8]>,
}

impl<'a> Staged<'a> {
    /// The store as it will be.
    pub fn new(store: &'a dyn Store, swaps: &'a [Swap]) -> Self {
        Self { store, over: swaps.iter().map(|swap| (&swap.key, &*swap.bytes)).collect() }
    }
}

impl Source for Staged<'_> {
    fn get(&self, key: &Key, maximum: u64) -> Result<Option<Box<dyn Content>>, StoreError> {
        match self.over.get(key) {
            Some(bytes) if bytes.len() as u64 > maximum => Err(StoreError::TooLarge { key: key.clone(), maximum }),
            Some(bytes) => Ok(Some(Box::new(Cursor::new(bytes.to_vec())))),
            None => self.store.get(key, maximum),
        }
    }
}
