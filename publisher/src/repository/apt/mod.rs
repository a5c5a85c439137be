//! An apt repository, as `apt-secure(8)` and `sources.list(5)` describe it from the reader's side.
//!
//! A client fetches `InRelease`, which names the index of each architecture by digest; fetches the index
//! under that digest (`by-hash`), which names each package by digest; and fetches packages. Because
//! nothing is ever fetched by a name that changes its content except `InRelease` itself, a reader sees
//! one generation, whole, while the next is being written.
//!
//! - `release`: the file `Release`, signed inside (`InRelease`) and beside (`Release.gpg`)
//! - `index`: the file `Packages`
//! - `layout`: where the files are
//! - `published`: what is there now, verified
//! - `sources`: what a host is told about the repository
//! - `generations`: which old indexes are kept

pub(crate) mod deb822;
mod generations;
mod index;
mod layout;
mod published;
mod release;
pub mod sources;

use std::collections::{BTreeMap, BTreeSet};

use consign_metadata::digest::Sha256;
use consign_metadata::feed::FileReference;
use consign_metadata::name::{ChannelName, PackageName, VendorName};
use consign_metadata::openpgp::Keyring;
use jiff::Timestamp;

use super::{Added, PoolFile, PoolOrigin, RepositoryError, RepositoryFormat, Retrieved, Snapshot, Validity, gzip};
use crate::package::SignedPackage;
use crate::package::deb::version;
use crate::sign::OpenPgpSigner;
use crate::store::{Key, Store, Swap};

pub use index::Stanza;
pub use layout::{Layout, pool_folder};
pub use published::{Entrance, MAXIMUM_RELEASE, entrance, is_cleartext, more_packages, packages};
pub use release::{IndexDigest, ReleaseFile, timestamp};

/// There is one; apt wants a name for it.
pub const COMPONENT: &str = "main";
/// Every channel has an index for these, even an empty one: a host of either kind can then subscribe.
const ARCHITECTURES: [&str; 2] = ["amd64", "arm64"];
/// A package of this architecture is in the index of every other.
const ANY: &str = "all";
/// Larger packages do not fit into a .deb.
const MAXIMUM_PACKAGE: u64 = 10_000_000_000;

/// What tells two packages of a repository apart: name, native version, native architecture.
type Identity = (String, String, String);

/// A channel of an apt repository, on its way to the next generation.
pub struct AptRepository<'a> {
    store: &'a dyn Store,
    vendor: VendorName,
    channel: ChannelName,
    published: Option<Entrance>,
    stanzas: BTreeMap<Identity, Stanza>,
    pool: Vec<PoolFile>,
}

impl<'a> AptRepository<'a> {
    /// Begins with what is published now.
    ///
    /// # Errors
    /// [`RepositoryError`]
    pub fn load(
        store: &'a dyn Store,
        vendor: &VendorName,
        channel: &ChannelName,
        keyring: &Keyring,
    ) -> Result<Self, RepositoryError> {
        let published = entrance(store, channel, keyring)?;
        let mut stanzas = BTreeMap::new();
        if let Some(Entrance { release, file, .. }) = &published {
            if release.origin != *vendor {
                let reason = format!("it belongs to {}, not to {vendor}", release.origin);
                return Err(RepositoryError::damaged(&file.path, reason));
            }
            for architecture in &release.architectures {
                let listed = packages(store, channel, release, architecture)?;
                stanzas.extend(listed.into_iter().map(|stanza| (identity(&stanza), stanza)));
            }
        }
        let (vendor, channel) = (vendor.clone(), channel.clone());
        Ok(Self { store, vendor, channel, published, stanzas, pool: Vec::new() })
    }

    /// When the generation was made that is published now.
    pub fn issued(&self) -> Option<Timestamp> {
        self.published.as_ref().map(|entrance| entrance.release.date)
    }

    /// The entry point that is published now.
    pub fn entrance(&self) -> Option<&FileReference> {
        self.published.as_ref().map(|entrance| &entrance.file)
    }

    /// Everything in the generation in the making.
    pub fn stanzas(&self) -> impl Iterator<Item = &Stanza> {
        self.stanzas.values()
    }

    /// The package that is published as this file.
    pub fn stanza(&self, filename: &str) -> Option<&Stanza> {
        self.stanzas().find(|stanza| stanza.filename == filename)
    }

    fn architectures(&self) -> BTreeSet<&str> {
        let before = self.published.iter().flat_map(|entrance| &entrance.release.architectures);
        let now = self.stanzas.values().map(|stanza| &stanza.architecture);
        let all = before.chain(now).map(String::as_str).chain(ARCHITECTURES);
        all.filter(|architecture| *architecture != ANY).collect()
    }

    fn index_text(&self, architecture: &str) -> String {
        let belongs = |stanza: &&Stanza| [architecture, ANY].contains(&stanza.architecture.as_str());
        let mut stanzas: Vec<_> = self.stanzas.values().filter(belongs).collect();
        stanzas.sort_by(|a, b| a.package.cmp(&b.package).then_with(|| version::compare(&a.version, &b.version)));
        index::render(stanzas.into_iter())
    }

    fn is_published(&self, index: &str, digest: &IndexDigest) -> bool {
        self.published.as_ref().is_some_and(|entrance| entrance.release.indexes.get(index) == Some(digest))
    }

    /// The swap of a file, unless it is what it should become.
    fn changed(&self, path: &str, bytes: Vec<u8>) -> Result<Option<Swap>, RepositoryError> {
        let key = Layout::of(&self.channel).file(path)?;
        let current = self.store.read(&key, published::MAXIMUM_INDEX)?;
        if current.as_ref().is_some_and(|(there, _)| *there == bytes) {
            return Ok(None);
        }
        Ok(Some(Swap { key, replaces: current.map(|(_, stamp)| stamp), bytes }))
    }

    fn entry_point(&self, path: &str, bytes: Vec<u8>) -> Result<Swap, RepositoryError> {
        let key = Layout::of(&self.channel).file(path)?;
        let replaces = self.store.read(&key, published::MAXIMUM_INDEX)?.map(|(_, stamp)| stamp);
        Ok(Swap { key, replaces, bytes })
    }
}

impl RepositoryFormat for AptRepository<'_> {
    fn add(&mut self, package: &SignedPackage, keyring: &Keyring) -> Result<Added, RepositoryError> {
        let identity = (package.name().to_string(), package.version().to_owned(), package.architecture().to_owned());
        let immutable = || RepositoryError::Immutable {
            package: identity.0.clone(),
            version: identity.1.clone(),
            architecture: identity.2.clone(),
        };
        if let Some(stanza) = self.stanzas.get(&identity) {
            if stanza.content != Some(package.content_digest()) {
                return Err(immutable());
            }
            return Ok(Added { file: file(stanza), published_before: true });
        }
        let key = layout::pool(package)?;
        let there = self.in_pool(&key, keyring)?;
        if there.as_ref().is_some_and(|there| there.package.content_digest() != package.content_digest()) {
            return Err(immutable());
        }
        let stanza = Stanza::of(there.as_ref().map_or(package, |there| &there.package), key.as_str());
        let stanza = stanza.map_err(|reason| RepositoryError::damaged(package.path().display(), reason))?;
        let origin = there.map_or_else(|| PoolOrigin::File(package.path().to_owned()), |_| PoolOrigin::InPlace);
        self.pool.push(PoolFile { key, origin });
        let added = Added { file: file(&stanza), published_before: false };
        self.stanzas.insert(identity, stanza);
        Ok(added)
    }

    fn versions(&self, package: &PackageName) -> Vec<String> {
        let own = self.stanzas.values().filter(|stanza| stanza.package == package.as_str());
        own.map(|stanza| stanza.version.clone()).collect()
    }

    fn newest(&self, package: &PackageName) -> Option<FileReference> {
        let own = self.stanzas().filter(|stanza| stanza.package == package.as_str());
        own.max_by(|a, b| version::compare(&a.version, &b.version)).map(file)
    }

    fn in_pool(&self, key: &Key, keyring: &Keyring) -> Result<Option<Retrieved>, RepositoryError> {
        Retrieved::fetch(self.store, key, MAXIMUM_PACKAGE, keyring)
    }

    fn is_offered(&self, package: &SignedPackage) -> bool {
        let same = |stanza: &Stanza| {
            stanza.package == package.name().as_str()
                && stanza.version == package.version()
                && stanza.architecture == package.architecture()
        };
        self.stanzas().any(same)
    }

    fn snapshot(&self, validity: Validity, signer: &dyn OpenPgpSigner) -> Result<Snapshot, RepositoryError> {
        let layout = Layout::of(&self.channel);
        let (mut indexes, mut entry_points, mut listed) = (Vec::new(), Vec::new(), BTreeMap::new());
        for architecture in self.architectures() {
            let text = self.index_text(architecture);
            let packed = gzip::pack(&text).map_err(|e| RepositoryError::damaged(architecture, e))?;
            let plain = layout::packages(architecture);
            // Not stored: apt only compares the digest of what it has unpacked.
            listed.insert(plain.clone(), IndexDigest::of(text.as_bytes()));
            let digest = IndexDigest::of(&packed);
            listed.insert(format!("{plain}.gz"), digest);
            if !self.is_published(&format!("{plain}.gz"), &digest) {
                indexes.push((layout.by_hash(architecture, &digest.sha256)?, packed.clone()));
            }
            entry_points.extend(self.changed(&format!("{plain}.gz"), packed)?);
        }
        let release = ReleaseFile {
            origin: self.vendor.clone(),
            suite: self.channel.clone(),
            date: validity.issued,
            valid_until: validity.expires,
            architectures: self.architectures().into_iter().map(str::to_owned).collect(),
            indexes: listed,
        };
        let text = release.to_string();
        entry_points.push(self.entry_point("Release", text.clone().into_bytes())?);
        entry_points.push(self.entry_point("Release.gpg", signer.detached(&mut text.as_bytes())?)?);
        let mut entrance = self.entry_point("InRelease", signer.cleartext(text.as_bytes())?)?;
        // What was verified at the beginning is what must still be there at the end.
        entrance.replaces = self.published.as_ref().map(|entrance| entrance.stamp.clone());
        let named = file_of(&entrance);
        entry_points.push(entrance);
        let outdated = generations::outdated(self.store, &layout, &release, self.published.as_ref(), validity.issued)?;
        Ok(Snapshot { pool: self.pool.clone(), indexes, entry_points, entrance: named, outdated })
    }
}

fn identity(stanza: &Stanza) -> Identity {
    (stanza.package.clone(), stanza.version.clone(), stanza.architecture.clone())
}

fn file(stanza: &Stanza) -> FileReference {
    FileReference { path: stanza.filename.clone(), size: stanza.size, sha256: stanza.sha256 }
}

fn file_of(swap: &Swap) -> FileReference {
    FileReference { path: swap.key.to_string(), size: swap.bytes.len() as u64, sha256: Sha256::of(&swap.bytes) }
}
