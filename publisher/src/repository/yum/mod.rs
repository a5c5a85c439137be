//! A yum repository, as `dnf(8)` and `zypper(8)` read it.
//!
//! A client fetches `repodata/repomd.xml` and its detached signature `repomd.xml.asc`, then the documents
//! that it names by digest, then packages. File and signature cannot be swapped together, so nothing is
//! swapped: each generation is a folder of its own that never changes, and a list of one line, `mirrors`,
//! sends readers to the newest. A reader reads the list first and stays inside that generation.
//!
//! - `repomd`: the file `repomd.xml`
//! - `entry`: a package in the documents `primary`, `filelists` and `other`
//! - `header`, `description`: what is said of it there, and in which form
//! - `advisory`: the document `updateinfo`, what a release is about
//! - `layout`: where the files are
//! - `published`: what is there now, verified
//! - `next`: the next generation, as it is written
//! - `subscription`: what a host is told about the repository
//! - `generations`: which old generations are kept

mod advisory;
mod description;
mod entry;
mod generations;
mod header;
mod layout;
mod next;
mod published;
mod repomd;
pub mod subscription;
mod xml;

use std::collections::BTreeMap;

use consign_metadata::feed::FileReference;
use consign_metadata::name::{ChannelName, PackageName, VendorName};
use consign_metadata::openpgp::Keyring;

use super::{Added, PoolFile, PoolOrigin, RepositoryError, RepositoryFormat, Retrieved, Snapshot, Validity};
use crate::package::SignedPackage;
use crate::package::rpm::version;
use crate::sign::OpenPgpSigner;
use crate::store::{Key, Store};

pub use advisory::{Advisory, Kind};
pub use entry::Entry;
pub use layout::{KEY, LATEST, Layout, REPOMD, SIGNATURE};
pub use published::{Contents, Entrance, contents, entrance, entrance_of};
pub use repomd::{Data, Repomd};

/// What tells two packages of a repository apart: name, native version, native architecture.
type Identity = (String, String, String);

/// How the next generation reaches its readers.
#[derive(Debug, Clone)]
pub struct Hosting {
    /// The root of the publication, as hosts know it.
    pub url: String,
    /// The number of the feed's next generation.
    pub number: u64,
    /// The vendor's certificate, armored, which zypper asks for beside the signature. All of it: what zypper
    /// imports of a certificate it takes for the whole, and would then refuse the packages.
    pub key: Vec<u8>,
}

/// A channel of a yum repository, on its way to the next generation.
pub struct YumRepository<'a> {
    store: &'a dyn Store,
    vendor: VendorName,
    channel: ChannelName,
    hosting: Hosting,
    published: Option<Entrance>,
    entries: BTreeMap<Identity, Entry>,
    advisories: BTreeMap<String, String>,
    pool: Vec<PoolFile>,
}

impl<'a> YumRepository<'a> {
    /// Begins with what is published now.
    ///
    /// # Errors
    /// [`RepositoryError`]
    pub fn load(
        store: &'a dyn Store,
        vendor: &VendorName,
        channel: &ChannelName,
        keyring: &Keyring,
        hosting: Hosting,
    ) -> Result<Self, RepositoryError> {
        let published = entrance(store, channel, keyring)?;
        let mut before = Contents::default();
        if let Some(entrance) = &published {
            let whose = &entrance.repomd.vendor;
            if whose != vendor {
                let reason = format!("it belongs to {whose}, not to {vendor}");
                return Err(RepositoryError::damaged(&entrance.file.path, reason));
            }
            before = contents(store, channel, entrance)?;
        }
        let entries = before.entries.into_iter().map(|entry| (identity(&entry), entry)).collect();
        let (vendor, channel, advisories) = (vendor.clone(), channel.clone(), before.advisories);
        Ok(Self { store, vendor, channel, hosting, published, entries, advisories, pool: Vec::new() })
    }

    /// Whether there is nothing in it, and nothing was: then the channel has no yum repository.
    pub fn is_empty(&self) -> bool {
        self.published.is_none() && self.entries.is_empty()
    }

    /// The entry point that is published now.
    pub fn entrance(&self) -> Option<&FileReference> {
        self.published.as_ref().map(|entrance| &entrance.file)
    }

    /// Everything in the generation in the making.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// Says what a release is about; `files` are those of its packages.
    pub fn announce(&mut self, advisory: &Advisory, files: &[FileReference]) {
        let own: Vec<_> = self.entries.values().filter(|e| files.iter().any(|f| f.path == e.filename)).collect();
        let element = advisory.render(&format!("{}-{}", self.vendor, self.channel), &own);
        self.advisories.insert(advisory.id.clone(), element);
    }
}

impl RepositoryFormat for YumRepository<'_> {
    fn add(&mut self, package: &SignedPackage, keyring: &Keyring) -> Result<Added, RepositoryError> {
        let identity = (package.name().to_string(), package.version().to_owned(), package.architecture().to_owned());
        if let Some(entry) = self.entries.get(&identity).filter(|entry| entry.sha256 == package.file_digest()) {
            return Ok(Added { file: file(entry), published_before: true });
        }
        let key = layout::pool(&identity.0, &identity.1, &identity.2)?;
        let there = self.in_pool(&key, keyring)?;
        if there.as_ref().is_some_and(|there| there.package.content_digest() != package.content_digest()) {
            let (package, version, architecture) = identity;
            return Err(RepositoryError::Immutable { package, version, architecture });
        }
        if let Some(entry) = self.entries.get(&identity) {
            return Ok(Added { file: file(entry), published_before: true });
        }
        let entry = Entry::of(there.as_ref().map_or(package, |there| &there.package), key.as_str());
        let entry = entry.map_err(|cause| RepositoryError::damaged(package.path().display(), cause))?;
        let origin = there.map_or_else(|| PoolOrigin::File(package.path().to_owned()), |_| PoolOrigin::InPlace);
        self.pool.push(PoolFile { key, origin });
        let added = Added { file: file(&entry), published_before: false };
        self.entries.insert(identity, entry);
        Ok(added)
    }

    fn versions(&self, package: &PackageName) -> Vec<String> {
        let own = self.entries.values().filter(|entry| entry.package == package.as_str());
        own.map(|entry| entry.version.clone()).collect()
    }

    fn newest(&self, package: &PackageName) -> Option<FileReference> {
        let own = self.entries().filter(|entry| entry.package == package.as_str());
        own.max_by(|a, b| version::compare(&a.version, &b.version)).map(file)
    }

    fn in_pool(&self, key: &Key, keyring: &Keyring) -> Result<Option<Retrieved>, RepositoryError> {
        Retrieved::fetch(self.store, key, u64::MAX, keyring)
    }

    fn is_offered(&self, package: &SignedPackage) -> bool {
        let same = |entry: &Entry| {
            entry.package == package.name().as_str()
                && entry.version == package.version()
                && entry.architecture == package.architecture()
        };
        self.entries().any(same)
    }

    fn snapshot(&self, validity: Validity, signer: &dyn OpenPgpSigner) -> Result<Snapshot, RepositoryError> {
        self.next(validity, signer)
    }
}

fn identity(entry: &Entry) -> Identity {
    (entry.package.clone(), entry.version.clone(), entry.architecture.clone())
}

fn file(entry: &Entry) -> FileReference {
    FileReference { path: entry.filename.clone(), size: entry.size, sha256: entry.sha256 }
}
