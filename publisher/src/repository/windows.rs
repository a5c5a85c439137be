//! The packages for Windows: a pool, and no index of products. The agent reads the feed, which names each
//! package by digest, so that there is no second format; the pool is where it fetches them. Packages that are no
//! part of a product, the agent's own and the one that introduces the vendor, are in a list that the feed's head
//! names among its entry points.

use std::collections::BTreeMap;

use consign_metadata::digest::Sha256;
use consign_metadata::feed::{FORMAT, Feed, FeedPackage, FileReference, MAXIMUM_WINDOWS_SIZE, WindowsIndex};
use consign_metadata::name::{PackageName, VendorName};
use consign_metadata::openpgp::Keyring;
use consign_metadata::version::Version;

use super::{Added, PoolFile, PoolOrigin, RepositoryError, RepositoryFormat, Retrieved, Snapshot, Validity};
use crate::package::SignedPackage;
use crate::sign::OpenPgpSigner;
use crate::store::{Key, Source, Store, StoreError};

/// Larger packages Windows Installer does not open.
const MAXIMUM_PACKAGE: u64 = 4 * 1024 * 1024 * 1024;

/// What tells two packages apart: name, native version, architecture.
type Identity = (String, String, String);

/// The packages for Windows of a channel, on their way to the next generation.
pub struct WindowsRepository<'a> {
    store: &'a dyn Store,
    vendor: VendorName,
    entrance: Option<FileReference>,
    published: BTreeMap<Identity, FileReference>,
    /// Those that are no part of a product.
    beside: Vec<FeedPackage>,
    pool: Vec<PoolFile>,
}

/// The list of a channel's packages that are no part of a product; `None` where its head names none.
///
/// # Errors
/// [`RepositoryError`]
pub fn index(source: &dyn Source, feed: &Feed) -> Result<Option<WindowsIndex>, RepositoryError> {
    let Some(file) = feed.windows_index() else { return Ok(None) };
    let key: Key = file.path.parse()?;
    let read = source.read(&key, MAXIMUM_WINDOWS_SIZE)?;
    let (bytes, _) =
        read.ok_or_else(|| RepositoryError::damaged(&key, "it is not there, although the feed names it"))?;
    if (bytes.len() as u64, Sha256::of(&bytes)) != (file.size, file.sha256) {
        return Err(RepositoryError::damaged(&key, "its content is not what the feed says"));
    }
    let index = WindowsIndex::parse(&bytes, &feed.vendor);
    Ok(Some(index.map_err(|cause| RepositoryError::damaged(&key, format!("it {cause}")))?))
}

impl<'a> WindowsRepository<'a> {
    /// Begins with what is published now: `offered` are the packages of products.
    ///
    /// # Errors
    /// [`RepositoryError`]
    pub fn load<'b>(
        store: &'a dyn Store,
        vendor: &VendorName,
        feed: Option<&Feed>,
        offered: impl Iterator<Item = &'b FeedPackage>,
    ) -> Result<Self, RepositoryError> {
        let index = feed.map(|feed| index(store, feed)).transpose()?.flatten();
        let beside = index.map(|index| index.packages).unwrap_or_default();
        let identity = |package: &FeedPackage| {
            let version = package.native.msi.clone()?;
            let identity = (package.package.to_string(), version, package.architecture.clone());
            Some((identity, package.file.clone()))
        };
        let own: Vec<_> = beside.iter().filter_map(identity).collect();
        let published = offered.filter_map(identity).chain(own).collect();
        let entrance = feed.and_then(Feed::windows_index).cloned();
        Ok(Self { store, vendor: vendor.clone(), entrance, published, beside, pool: Vec::new() })
    }

    /// Whether there is nothing in it, and nothing was.
    pub fn is_empty(&self) -> bool {
        self.published.is_empty()
    }

    /// The list that is published now.
    pub fn entrance(&self) -> Option<&FileReference> {
        self.entrance.as_ref()
    }

    fn list(&mut self, package: &SignedPackage, file: &FileReference) {
        self.beside.push(FeedPackage {
            package: package.name().clone(),
            architecture: package.architecture().to_owned(),
            native: package.format().native(package.version()),
            file: file.clone(),
        });
        self.beside.sort_by_key(order);
    }
}

impl RepositoryFormat for WindowsRepository<'_> {
    fn add(&mut self, package: &SignedPackage, keyring: &Keyring) -> Result<Added, RepositoryError> {
        let identity = identity(package);
        let published_before = self.published.contains_key(&identity);
        let key = pool(package)?;
        let there = self.in_pool(&key, keyring)?;
        if there.as_ref().is_some_and(|there| there.package.content_digest() != package.content_digest()) {
            let (package, version, architecture) = identity;
            return Err(RepositoryError::Immutable { package, version, architecture });
        }
        let found = there.as_ref().map_or(package, |there| &there.package);
        let file = FileReference { path: key.to_string(), size: found.file_size(), sha256: found.file_digest() };
        if !published_before {
            if package.plan().is_none() {
                self.list(package, &file);
            }
            let origin = there.map_or_else(|| PoolOrigin::File(package.path().to_owned()), |_| PoolOrigin::InPlace);
            self.pool.push(PoolFile { key, origin });
            self.published.insert(identity, file.clone());
        }
        Ok(Added { file, published_before })
    }

    fn versions(&self, package: &PackageName) -> Vec<String> {
        let of_it = self.published.keys().filter(|(name, _, _)| name == package.as_str());
        of_it.map(|(_, version, _)| version.clone()).collect()
    }

    fn newest(&self, package: &PackageName) -> Option<FileReference> {
        self.beside.iter().rev().find(|there| there.package == *package).map(|there| there.file.clone())
    }

    fn in_pool(&self, key: &Key, keyring: &Keyring) -> Result<Option<Retrieved>, RepositoryError> {
        Retrieved::fetch(self.store, key, MAXIMUM_PACKAGE, keyring)
    }

    fn is_offered(&self, package: &SignedPackage) -> bool {
        self.published.contains_key(&identity(package))
    }

    /// Nothing of it is signed by itself: the feed's head is.
    fn snapshot(&self, _validity: Validity, _signer: &dyn OpenPgpSigner) -> Result<Snapshot, RepositoryError> {
        let (format, vendor, packages) = (FORMAT, self.vendor.clone(), self.beside.clone());
        let bytes = serde_json::to_vec(&WindowsIndex { format, vendor, packages });
        let bytes = bytes.map_err(|cause| RepositoryError::damaged("the list of packages for Windows", cause))?;
        let key: Key = WindowsIndex::path(&Sha256::of(&bytes)).parse()?;
        let entrance = FileReference { path: key.to_string(), size: bytes.len() as u64, sha256: Sha256::of(&bytes) };
        let (pool, indexes) = (self.pool.clone(), vec![(key, bytes)]);
        Ok(Snapshot { pool, indexes, entry_points: Vec::new(), entrance, outdated: Vec::new() })
    }
}

/// By name, and ascending by version: a plain number, or a version with its packaging revision.
fn order(package: &FeedPackage) -> (PackageName, Option<u64>, Option<Version>, Option<u32>) {
    let native = package.native.msi.as_deref().unwrap_or_default();
    let (version, revision) = native.rsplit_once('-').unwrap_or((native, ""));
    (package.package.clone(), version.parse().ok(), version.parse().ok(), revision.parse().ok())
}

fn identity(package: &SignedPackage) -> Identity {
    (package.name().to_string(), package.version().to_owned(), package.architecture().to_owned())
}

/// The place of a package in the pool.
fn pool(package: &SignedPackage) -> Result<Key, StoreError> {
    let (name, version, architecture) = identity(package);
    format!("{}/{name}-{version}.{architecture}.msi", pool_folder(&name)).parse()
}

/// The folder of a package's versions in the pool.
pub fn pool_folder(package: &str) -> String {
    format!("windows/pool/{package}")
}
