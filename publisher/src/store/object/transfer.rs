//! Bytes on their way to an object store, and from there.

use std::io::Write;

use object_store::{
    Attribute, Attributes, Error, MultipartUpload, ObjectMeta, ObjectStore as _, ObjectStoreExt as _, PutMode,
    PutMultipartOptions, PutOptions,
};

use super::blocks::Blocks;
use super::{Heading, ObjectStore};
use crate::store::{Key, StoreError};

impl ObjectStore {
    fn attributes(&self, key: &Key) -> Attributes {
        let Heading { kind, caching } = (self.heading)(key);
        [(Attribute::ContentType, kind), (Attribute::CacheControl, caching)].into_iter().collect()
    }

    /// What is there, without its content.
    pub(super) fn look(&self, key: &Key) -> Result<Option<ObjectMeta>, StoreError> {
        match self.ask(self.remote.head(&self.place.path(key)?)) {
            Err(Error::NotFound { .. }) => Ok(None),
            other => other.map(Some).map_err(self.cannot("look at", key)),
        }
    }

    /// Everything that comes, but no more than is allowed, whatever the server says of its length.
    pub(super) fn receive(
        &self,
        key: &Key,
        maximum: u64,
        to: &mut dyn Write,
    ) -> Result<Option<ObjectMeta>, StoreError> {
        let result = match self.ask(self.remote.get(&self.place.path(key)?)) {
            Err(Error::NotFound { .. }) => return Ok(None),
            other => other.map_err(self.cannot("read", key))?,
        };
        let (meta, mut length) = (result.meta.clone(), result.meta.size);
        let (mut stream, mut received) = (result.into_stream(), 0);
        while length <= maximum {
            let Some(piece) = self.next(&mut stream) else {
                return Ok(Some(meta));
            };
            let piece = piece.map_err(self.cannot("read", key))?;
            received += piece.len() as u64;
            length = received;
            let place = || format!("what comes from {}/{key}", self.place);
            to.write_all(&piece).map_err(|cause| StoreError::Io { what: "write", place: place(), cause })?;
        }
        Err(StoreError::TooLarge { key: key.clone(), maximum })
    }

    /// Writes a whole object, and says what its mark is; `None` where the condition does not hold.
    pub(super) fn put(&self, key: &Key, bytes: Vec<u8>, mode: PutMode) -> Result<Option<Option<String>>, StoreError> {
        let options = PutOptions { mode, attributes: self.attributes(key), ..PutOptions::default() };
        match self.ask(self.remote.put_opts(&self.place.path(key)?, bytes.into(), options)) {
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(None),
            other => other.map(|written| Some(written.e_tag)).map_err(self.cannot("write", key)),
        }
    }

    /// Writes a large one, in parts that become one object when all of them are there.
    pub(super) fn put_parts(&self, key: &Key, first: [Vec<u8>; 2], rest: &mut Blocks<'_>) -> Result<bool, StoreError> {
        let (path, attributes) = (self.place.path(key)?, self.attributes(key));
        let options = PutMultipartOptions { attributes, ..PutMultipartOptions::default() };
        let begun = self.ask(self.remote.put_multipart_opts(&path, options));
        let mut upload = begun.map_err(self.cannot("write", key))?;
        let sent = self.send(key, &mut *upload, first, rest);
        if sent.is_err() {
            // Where this one dies instead, a rule of the bucket does it.
            let _ = self.ask(upload.abort());
        }
        sent.map(|()| true)
    }

    fn send(
        &self,
        key: &Key,
        upload: &mut dyn MultipartUpload,
        first: [Vec<u8>; 2],
        rest: &mut Blocks<'_>,
    ) -> Result<(), StoreError> {
        let on = |cause| StoreError::Io { what: "read what goes to", place: format!("{}/{key}", self.place), cause };
        let mut send = |block: Vec<u8>| {
            let sent = self.ask(upload.put_part(block.into()));
            sent.map_err(self.cannot("write", key))
        };
        for block in first {
            send(block)?;
        }
        loop {
            let block = rest.next().map_err(on)?;
            if block.is_empty() {
                break;
            }
            send(block)?;
        }
        self.ask(upload.complete()).map(drop).map_err(self.cannot("write", key))
    }
}
