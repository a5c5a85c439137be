//! Repositories as package managers read them: a pool of packages, indexes, and entry points.
//!
//! The pool and the indexes lie under names that never change their content. An entry point is where
//! a reader begins; it names the indexes of one generation by digest, and they name the packages. So a
//! repository goes from one generation to the next by adding files and then swapping entry points.

pub mod apt;
mod error;
mod gzip;
mod retrieved;
pub mod windows;
pub mod yum;

use std::path::PathBuf;

use consign_metadata::feed::FileReference;
use consign_metadata::name::PackageName;
use consign_metadata::openpgp::Keyring;
use jiff::Timestamp;

use crate::package::SignedPackage;
use crate::sign::OpenPgpSigner;
use crate::store::{Key, Swap};

pub use error::RepositoryError;
pub use retrieved::Retrieved;

/// The next generation of one channel of a repository, in the making.
pub trait RepositoryFormat {
    /// Takes a package in, which the keyring has verified. What was published before keeps its bytes.
    ///
    /// # Errors
    /// [`RepositoryError::Immutable`] when the version is published with other content.
    fn add(&mut self, package: &SignedPackage, keyring: &Keyring) -> Result<Added, RepositoryError>;

    /// The native versions of a package, those just taken in included.
    fn versions(&self, package: &PackageName) -> Vec<String>;

    /// The file of the newest version of a package.
    fn newest(&self, package: &PackageName) -> Option<FileReference>;

    /// A package in the pool: the index may not know it, if a publish was killed or if it was published
    /// in another channel.
    ///
    /// # Errors
    /// [`RepositoryError`]
    fn in_pool(&self, key: &Key, keyring: &Keyring) -> Result<Option<Retrieved>, RepositoryError>;

    /// Whether the channel offers this package already.
    fn is_offered(&self, package: &SignedPackage) -> bool;

    /// Everything that has to be written for this generation.
    ///
    /// # Errors
    /// [`RepositoryError`]
    fn snapshot(&self, validity: Validity, signer: &dyn OpenPgpSigner) -> Result<Snapshot, RepositoryError>;
}

/// From when until when a generation may be believed; whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// When it was made; later than every generation before.
    pub issued: Timestamp,
    /// When a reader stops believing that nothing newer exists.
    pub expires: Timestamp,
}

/// A package that is part of the generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// The file as it is, or will be, published.
    pub file: FileReference,
    /// Whether it was in the generation before.
    pub published_before: bool,
}

/// One generation of a repository, in the order in which it has to be written.
#[derive(Debug)]
pub struct Snapshot {
    /// Packages: immutable.
    pub pool: Vec<PoolFile>,
    /// Indexes under the names of their content: immutable.
    pub indexes: Vec<(Key, Vec<u8>)>,
    /// Where readers begin, in the order in which they are swapped.
    pub entry_points: Vec<Swap>,
    /// The file that says which indexes make up the generation, for the feed to name.
    pub entrance: FileReference,
    /// Indexes that only readers of generations long gone can ask for.
    pub outdated: Vec<Key>,
}

/// A package and its place in the pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolFile {
    /// Where it goes.
    pub key: Key,
    /// Where it comes from.
    pub origin: PoolOrigin,
}

/// Where a package of the pool comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PoolOrigin {
    /// A file that was handed in.
    File(PathBuf),
    /// It is in its place, left by a publish that was killed; perhaps not yet durable.
    InPlace,
}
