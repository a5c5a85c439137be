//! What the indexes offer, whichever index it is.

use std::collections::BTreeMap;

use consign_metadata::digest::Sha256;
use consign_metadata::feed::{FeedPackage, FileReference};

use crate::publish::plain_version;
use crate::repository::apt::Stanza;
use crate::repository::yum::Entry;

/// Packages by their place in the pool.
pub type Offers = BTreeMap<String, Offered>;

/// A package as an index lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    pub package: String,
    pub version: String,
    pub architecture: String,
    pub filename: String,
    pub size: u64,
    pub sha256: Sha256,
}

impl Offered {
    /// What the package manager calls files of its kind: `deb`, `rpm`.
    pub fn extension(&self) -> &str {
        self.filename.rsplit('.').next().unwrap_or_default()
    }
}

impl Offered {
    /// A package for Windows, as the feed lists it.
    pub fn of_feed(package: &FeedPackage) -> Option<Self> {
        let version = package.native.msi.clone()?;
        let FileReference { path: filename, size, sha256 } = package.file.clone();
        let (package, architecture) = (package.package.to_string(), package.architecture.clone());
        Some(Self { package, version, architecture, filename, size, sha256 })
    }
}

impl From<Stanza> for Offered {
    fn from(stanza: Stanza) -> Self {
        let Stanza { package, version, architecture, filename, size, sha256, .. } = stanza;
        Self { package, version, architecture, filename, size, sha256 }
    }
}

impl From<Entry> for Offered {
    fn from(entry: Entry) -> Self {
        let Entry { package, version, architecture, filename, size, sha256, .. } = entry;
        Self { package, version, architecture, filename, size, sha256 }
    }
}

/// The newest of the packages that count their versions.
pub fn newest<'a>(offers: &'a Offers, package: &str, extension: &str) -> Option<&'a Offered> {
    let own = offers.values().filter(|offered| offered.package == package && offered.extension() == extension);
    own.max_by_key(|offered| plain_version(&offered.version))
}
