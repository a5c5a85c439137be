//! A store in an object store that speaks S3, which is somebody else's machine.
//!
//! An object appears whole or not at all, and a condition on its mark (`If-Match`, `If-None-Match`) is what a lock
//! is in a folder. There is no renaming, and no order of several objects but that in which they are written.

mod access;
mod blocks;
mod place;
mod transfer;

use std::future::poll_fn;
use std::io::{self, Read, Seek, SeekFrom};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use consign_metadata::digest::Sha256;
use futures_core::Stream;
use object_store::aws::AmazonS3;
use object_store::{Error, ObjectStore as _, ObjectStoreExt as _, PutMode, UpdateVersion};
use tokio::runtime::Runtime;

use self::blocks::Blocks;
use super::{Content, Key, Listed, Put, Source, Stamp, Store, StoreError};

pub use access::Access;
pub use place::Place;

/// What is said of an object to whoever reads it.
#[derive(Debug, Clone, Copy)]
pub struct Heading {
    /// `Content-Type`
    pub kind: &'static str,
    /// `Cache-Control`
    pub caching: &'static str,
}

/// A bucket, or a part of one.
pub struct ObjectStore {
    place: Place,
    remote: AmazonS3,
    heading: fn(&Key) -> Heading,
    runtime: Runtime,
    requests: AtomicU64,
}

impl ObjectStore {
    /// The store at a place. Nothing is asked before something is read or written.
    ///
    /// # Errors
    /// [`StoreError::Io`] where nothing says how it is reached.
    pub fn at(place: Place, access: &Access, heading: fn(&Key) -> Heading) -> Result<Self, StoreError> {
        let named = place.to_string();
        let on = |cause| StoreError::Io { what: "reach", place: named, cause };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        match (runtime, access.open(&place.bucket)) {
            (Ok(runtime), Ok(remote)) => Ok(Self { place, remote, heading, runtime, requests: AtomicU64::new(0) }),
            (Err(cause), _) => Err(on(cause)),
            (_, Err(cause)) => Err(on(io::Error::other(access::reason(&cause)))),
        }
    }

    /// Where it is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// How many requests were made, those not counted that were made again.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Whether the server looks at conditions: of what is there, the same content is written once more as if nothing
    /// were there, and as if something else were.
    ///
    /// # Errors
    /// [`StoreError::Io`]
    pub fn keeps_conditions(&self, key: &Key, bytes: &[u8]) -> Result<bool, StoreError> {
        let stranger = Stamp("\"00000000000000000000000000000000\"".to_owned());
        for condition in [None, Some(&stranger)] {
            match self.replace(key, condition, bytes) {
                Err(StoreError::Changed(_)) => {}
                other => return other.map(|_| false),
            }
        }
        Ok(true)
    }

    fn ask<T>(&self, request: impl Future<Output = T>) -> T {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.runtime.block_on(request)
    }

    fn next<T>(&self, stream: &mut Pin<Box<dyn Stream<Item = T> + Send>>) -> Option<T> {
        self.runtime.block_on(poll_fn(|context| stream.as_mut().poll_next(context)))
    }

    fn cannot(&self, what: &'static str, key: &Key) -> impl Fn(Error) -> StoreError + use<> {
        let place = format!("{}/{key}", self.place);
        move |cause| StoreError::Io { what, place: place.clone(), cause: io::Error::other(access::reason(&cause)) }
    }

    /// By which an object can be swapped.
    fn stamp(&self, key: &Key, etag: Option<String>) -> Result<Stamp, StoreError> {
        let none = || {
            let cause = io::Error::other("the server gives it no ETag, by which it could be swapped");
            StoreError::Io { what: "use", place: format!("{}/{key}", self.place), cause }
        };
        etag.map(Stamp).ok_or_else(none)
    }
}

impl Source for ObjectStore {
    fn get(&self, key: &Key, maximum: u64) -> Result<Option<Box<dyn Content>>, StoreError> {
        let on = |cause| StoreError::Io { what: "read", place: format!("{}/{key}", self.place), cause };
        let mut file = tempfile::tempfile().map_err(on)?;
        if self.receive(key, maximum, &mut file)?.is_none() {
            return Ok(None);
        }
        file.seek(SeekFrom::Start(0)).map_err(on)?;
        Ok(Some(Box::new(file)))
    }

    fn read(&self, key: &Key, maximum: u64) -> Result<Option<(Vec<u8>, Stamp)>, StoreError> {
        let mut bytes = Vec::new();
        let Some(meta) = self.receive(key, maximum, &mut bytes)? else { return Ok(None) };
        Ok(Some((bytes, self.stamp(key, meta.e_tag)?)))
    }
}

impl Store for ObjectStore {
    fn put_new(&self, key: &Key, source: &mut dyn Read) -> Result<Put, StoreError> {
        let on = |cause| StoreError::Io { what: "read what goes to", place: format!("{}/{key}", self.place), cause };
        let mut blocks = Blocks::of(source);
        let (first, second) = (blocks.next().map_err(on)?, blocks.next().map_err(on)?);
        let put = if second.is_empty() {
            self.put(key, first, PutMode::Create)?.is_some()
        } else {
            // No condition goes with an object of parts.
            self.look(key)?.is_none() && self.put_parts(key, [first, second], &mut blocks)?
        };
        if put {
            return Ok(Put::Stored);
        }
        let mine = blocks.seen().map_err(on)?;
        let theirs = self.look(key)?.ok_or_else(|| StoreError::Changed(key.clone()))?;
        let is_it = theirs.size == mine.length
            && (theirs.e_tag.is_some_and(|etag| mine.is(&etag)) || self.digest(key, mine.length)? == Some(mine.digest));
        if is_it { Ok(Put::AlreadyThere) } else { Err(StoreError::Immutable(key.clone())) }
    }

    fn replace(&self, key: &Key, if_unchanged_since: Option<&Stamp>, bytes: &[u8]) -> Result<Stamp, StoreError> {
        let mode = match if_unchanged_since {
            Some(Stamp(etag)) => PutMode::Update(UpdateVersion { e_tag: Some(etag.clone()), version: None }),
            None => PutMode::Create,
        };
        let etag = self.put(key, bytes.to_vec(), mode)?.ok_or_else(|| StoreError::Changed(key.clone()))?;
        self.stamp(key, etag)
    }

    fn list(&self, folder: &Key) -> Result<Vec<Listed>, StoreError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let mut stream = self.remote.list(Some(&self.place.path(folder)?));
        let mut listed = Vec::new();
        while let Some(meta) = self.next(&mut stream) {
            let meta = meta.map_err(self.cannot("list", folder))?;
            // What has no key was not put here by a store.
            let Some(key) = self.place.key(&meta.location) else { continue };
            listed.push(Listed { key, modified: meta.last_modified.into(), length: meta.size });
        }
        listed.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(listed)
    }

    fn remove(&self, key: &Key) -> Result<(), StoreError> {
        match self.ask(self.remote.delete(&self.place.path(key)?)) {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(cause) => Err(self.cannot("delete", key)(cause)),
        }
    }

    /// What killed writers leave are parts of objects. No reader ever sees them, nobody but the owner of the bucket
    /// can know how old they are, and a rule of the bucket deletes them.
    fn sweep(&self, _: Duration) -> Result<usize, StoreError> {
        Ok(0)
    }
}

impl ObjectStore {
    /// The SHA-256 of what is there, which has to be read for that.
    fn digest(&self, key: &Key, length: u64) -> Result<Option<String>, StoreError> {
        let on = |cause| StoreError::Io { what: "read", place: format!("{}/{key}", self.place), cause };
        let Some(content) = self.get(key, length)? else { return Ok(None) };
        let (digest, _) = Sha256::of_reader(content).map_err(on)?;
        Ok(Some(digest.to_string()))
    }
}
