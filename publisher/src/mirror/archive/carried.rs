//! What a mirror carries of an archive, file by file: for media.

use consign_metadata::digest::Sha256;
use consign_metadata::feed::FileReference;

use super::record::{Archive, Record};
use super::taking::Taking;
use super::yum;
use crate::mirror::offer::Wanted;
use crate::mirror::upstream::Upstream;
use crate::mirror::{Mirror, MirrorError};
use crate::store::Key;

/// What a mirror carries of an archive.
pub struct Carried {
    /// Which slices.
    pub archive: Archive,
    /// Entry points and indexes, by all of their names: without them nothing can be verified.
    pub documents: Vec<FileReference>,
    /// Packages.
    pub packages: Vec<FileReference>,
}

/// Entry points and indexes, and packages.
pub type Contents = (Vec<FileReference>, Vec<Wanted>);

impl Carried {
    /// Of a mirror; `None` where it is none of an archive. It is read as its clients read it, and nobody is asked.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn of(mirror: &Mirror) -> Result<Option<Self>, MirrorError> {
        let Some(record) = Record::load(mirror.folder())? else { return Ok(None) };
        let keys = |cause| MirrorError::Certificate { vendor: record.upstream.clone(), cause };
        let (keyring, upstream) = (record.keyring().map_err(keys)?, Upstream::nowhere());
        let (mut documents, mut packages) = (Vec::new(), Vec::new());
        for (name, suite) in &record.suites {
            let (slice, listener) = (&suite.slice, &|_| ());
            let (keyring, upstream, lacking) = (&keyring, &upstream, None);
            let taking = Taking { mirror, upstream, listener, keyring, slice, lacking, check: false };
            let (read, wanted) = if name == yum::SUITE { taking.carried_yum()? } else { taking.carried(name)? };
            documents.extend(read);
            packages.extend(wanted.into_iter().map(|wanted| wanted.file));
        }
        Ok(Some(Self { archive: record.archive(), documents, packages }))
    }
}

/// A document by its name.
pub fn reference(key: &Key, bytes: &[u8]) -> FileReference {
    FileReference { path: key.to_string(), size: bytes.len() as u64, sha256: Sha256::of(bytes) }
}
