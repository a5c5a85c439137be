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
//! - `subscription`: what a host is told about the repository
//! - `generations`: which old generations are kept

mod advisory;
mod description;
mod entry;
mod generations;
mod header;
mod layout;
mod published;
mod repomd;
pub mod subscription;
mod xml;

use std::collections::BTreeMap;

use consign_metadata::digest::Sha256;
use consign_metadata::feed::FileReference;
use consign_metadata::name::{ChannelName, PackageName, VendorName};
use consign_metadata::openpgp::Keyring;

use super::{Added, PoolFile, PoolOrigin, RepositoryError, RepositoryFormat, Retrieved, Snapshot, Validity, gzip};
use crate::package::SignedPackage;
use crate::package::rpm::version;
use crate::sign::OpenPgpSigner;
use crate::store::{Key, Store, Swap};

pub use advisory::{Advisory, Kind};
pub use entry::Entry;
pub use layout::{LATEST, Layout, pool_folder};
pub use published::{Contents, Entrance, contents, entrance};
pub use repomd::{Data, Repomd};

/// What tells two packages of a repository apart: name, native version, native architecture.
type Identity = (String, String, String);
/// The documents of a generation: name of the file and bytes.
type Files = Vec<(String, Vec<u8>)>;

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

    /// The documents as they are served, and what `repomd.xml` says of them.
    fn documents(&self) -> Result<(BTreeMap<String, Data>, Files), RepositoryError> {
        let entries: Vec<_> = self.entries.values().collect();
        let mut texts = entry::render(&entries).to_vec();
        if !self.advisories.is_empty() {
            texts.push(("updateinfo", advisory::render(&self.advisories)));
        }
        let (mut listed, mut files) = (BTreeMap::new(), Files::new());
        for (kind, text) in texts {
            let packed = gzip::pack(&text).map_err(|cause| RepositoryError::damaged(kind, cause))?;
            let data = Data::of(&text, &packed);
            files.push((data.file_name(kind), packed));
            listed.insert(kind.to_owned(), data);
        }
        Ok((listed, files))
    }

    /// The published generation, if it says what the next one would say, signed by the same key.
    fn unchanged(&self, listed: &BTreeMap<String, Data>, signer: &dyn OpenPgpSigner) -> Option<Entrance> {
        let same = |there: &&Entrance| there.repomd.data == *listed && there.signer == signer.fingerprint();
        self.published.as_ref().filter(same).cloned()
    }

    /// A generation in a folder of its own.
    fn fresh(
        &self,
        listed: BTreeMap<String, Data>,
        validity: Validity,
        signer: &dyn OpenPgpSigner,
    ) -> Result<Entrance, RepositoryError> {
        let layout = Layout::of(&self.channel);
        let generation = generations::next(self.store, &layout, self.hosting.number)?;
        let (vendor, channel) = (self.vendor.clone(), self.channel.clone());
        let repomd = Repomd { vendor, channel, revision: validity.issued, data: listed };
        let bytes = repomd.to_string().into_bytes();
        let path = layout.file(&generation, "repomd.xml")?.to_string();
        let file = FileReference { path, size: bytes.len() as u64, sha256: Sha256::of(&bytes) };
        let signature = signer.detached(&mut &*bytes)?;
        Ok(Entrance { repomd, file, generation, signer: signer.fingerprint(), bytes: (bytes, signature) })
    }

    /// The swap of a file, unless it is what it should become.
    fn changed(&self, key: Key, bytes: Vec<u8>) -> Result<Option<Swap>, RepositoryError> {
        let current = self.store.read(&key, published::MAXIMUM_INDEX)?;
        if current.as_ref().is_some_and(|(there, _)| *there == bytes) {
            return Ok(None);
        }
        Ok(Some(Swap { key, replaces: current.map(|(_, stamp)| stamp), bytes }))
    }

    /// The list first: it alone never shows two halves. dnf reads `repomd.xml` before its signature.
    fn entry_points(&self, entrance: &Entrance) -> Result<Vec<Swap>, RepositoryError> {
        let layout = Layout::of(&self.channel);
        let latest = |name: &str| layout.file(LATEST, name);
        let (repomd, signature) = entrance.bytes.clone();
        let list = layout.list(&self.hosting.url, &entrance.generation).into_bytes();
        let swaps = [
            self.changed(layout.mirrors()?, list)?,
            self.changed(latest("repomd.xml.key")?, self.hosting.key.clone())?,
            self.changed(latest("repomd.xml")?, repomd)?,
            self.changed(latest("repomd.xml.asc")?, signature)?,
        ];
        Ok(swaps.into_iter().flatten().collect())
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
        let layout = Layout::of(&self.channel);
        let (listed, files) = self.documents()?;
        let mut indexes = Vec::new();
        let entrance = match self.unchanged(&listed, signer) {
            Some(there) => there,
            None => {
                let entrance = self.fresh(listed, validity, signer)?;
                for (name, bytes) in &files {
                    indexes.push((layout.file(&entrance.generation, name)?, bytes.clone()));
                }
                let (repomd, signature) = &entrance.bytes;
                for (name, bytes) in
                    [("repomd.xml.key", &self.hosting.key), ("repomd.xml.asc", signature), ("repomd.xml", repomd)]
                {
                    indexes.push((layout.file(&entrance.generation, name)?, bytes.clone()));
                }
                entrance
            }
        };
        for (name, bytes) in files {
            indexes.push((layout.file(LATEST, &name)?, bytes));
        }
        let before = self.published.iter().map(|before| (before.generation.as_str(), &before.repomd));
        let named: Vec<_> = before.chain([(entrance.generation.as_str(), &entrance.repomd)]).collect();
        let outdated = generations::outdated(self.store, &layout, &named, validity.issued)?;
        let entry_points = self.entry_points(&entrance)?;
        Ok(Snapshot { pool: self.pool.clone(), indexes, entry_points, entrance: entrance.file, outdated })
    }
}

fn identity(entry: &Entry) -> Identity {
    (entry.package.clone(), entry.version.clone(), entry.architecture.clone())
}

fn file(entry: &Entry) -> FileReference {
    FileReference { path: entry.filename.clone(), size: entry.size, sha256: entry.sha256 }
}
