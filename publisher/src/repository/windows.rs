//! The packages for Windows: a pool, and no index of their own. The agent reads the feed, which names each
//! package by digest, so that there is no second format; the pool is where it fetches them.

use std::collections::BTreeMap;

use consign_metadata::feed::{FeedPackage, FileReference};
use consign_metadata::openpgp::Keyring;

use super::{Added, PoolFile, PoolOrigin, RepositoryError, Retrieved};
use crate::package::SignedPackage;
use crate::store::{Key, Store, StoreError};

/// Larger packages Windows Installer does not open.
const MAXIMUM_PACKAGE: u64 = 4 * 1024 * 1024 * 1024;

/// What tells two packages apart: name, native version, architecture.
type Identity = (String, String, String);

/// The packages for Windows of a channel, on their way to the next generation.
pub struct WindowsRepository<'a> {
    store: &'a dyn Store,
    published: BTreeMap<Identity, FileReference>,
    pool: Vec<PoolFile>,
}

impl<'a> WindowsRepository<'a> {
    /// Begins with what the feed offers now.
    pub fn of<'b>(store: &'a dyn Store, offered: impl Iterator<Item = &'b FeedPackage>) -> Self {
        let identity = |package: &FeedPackage| {
            let version = package.native.msi.clone()?;
            let identity = (package.package.to_string(), version, package.architecture.clone());
            Some((identity, package.file.clone()))
        };
        Self { store, published: offered.filter_map(identity).collect(), pool: Vec::new() }
    }

    /// Takes a package in, which the keyring has verified. What was published before keeps its bytes.
    ///
    /// # Errors
    /// [`RepositoryError::Immutable`] when the version is published with other content.
    pub fn add(&mut self, package: &SignedPackage, keyring: &Keyring) -> Result<Added, RepositoryError> {
        let identity = identity(package);
        let published_before = self.published.contains_key(&identity);
        let key = pool(package)?;
        let there = Retrieved::fetch(self.store, &key, MAXIMUM_PACKAGE, keyring)?;
        if there.as_ref().is_some_and(|there| there.package.content_digest() != package.content_digest()) {
            let (package, version, architecture) = identity;
            return Err(RepositoryError::Immutable { package, version, architecture });
        }
        let found = there.as_ref().map_or(package, |there| &there.package);
        let file = FileReference { path: key.to_string(), size: found.file_size(), sha256: found.file_digest() };
        if !published_before {
            let origin = there.map_or_else(|| PoolOrigin::File(package.path().to_owned()), |_| PoolOrigin::InPlace);
            self.pool.push(PoolFile { key, origin });
            self.published.insert(identity, file.clone());
        }
        Ok(Added { file, published_before })
    }

    /// Whether the channel offers this package already.
    pub fn is_offered(&self, package: &SignedPackage) -> bool {
        self.published.contains_key(&identity(package))
    }

    /// The packages that have to be written for this generation.
    pub fn pool(&self) -> Vec<PoolFile> {
        self.pool.clone()
    }
}

fn identity(package: &SignedPackage) -> Identity {
    (package.name().to_string(), package.version().to_owned(), package.architecture().to_owned())
}

/// The place of a package in the pool.
fn pool(package: &SignedPackage) -> Result<Key, StoreError> {
    let (name, version, architecture) = identity(package);
    format!("windows/pool/{name}/{name}-{version}.{architecture}.msi").parse()
}
