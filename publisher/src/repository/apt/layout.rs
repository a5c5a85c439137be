//! Where the files of an apt repository are, below its root.

use consign_metadata::digest::Sha256;
use consign_metadata::name::ChannelName;

use super::COMPONENT;
use crate::package::SignedPackage;
use crate::store::{Key, StoreError};

/// The files of one channel.
#[derive(Debug, Clone)]
pub struct Layout {
    channel: ChannelName,
}

impl Layout {
    /// The files of a channel.
    pub fn of(channel: &ChannelName) -> Self {
        Self { channel: channel.clone() }
    }

    /// A file of the channel by its path below `dists/<channel>/`: `InRelease`, `Release`.
    ///
    /// # Errors
    /// [`StoreError::Name`]
    pub fn file(&self, path: &str) -> Result<Key, StoreError> {
        format!("dists/{}/{path}", self.channel).parse()
    }

    /// The index of an architecture under the name of its content.
    ///
    /// # Errors
    /// [`StoreError::Name`]
    pub fn by_hash(&self, architecture: &str, digest: &Sha256) -> Result<Key, StoreError> {
        self.file(&format!("{COMPONENT}/binary-{architecture}/by-hash/SHA256/{digest}"))
    }
}

/// The index of an architecture below `dists/<channel>/`, uncompressed.
pub fn packages(architecture: &str) -> String {
    format!("{COMPONENT}/binary-{architecture}/Packages")
}

/// The folder of the pool that holds all versions of a source package.
///
/// # Errors
/// [`StoreError::Name`]
pub fn pool_folder(source: &str) -> Result<Key, StoreError> {
    let length = if source.starts_with("lib") { 4 } else { 1 };
    let prefix: String = source.chars().take(length).collect();
    format!("pool/{COMPONENT}/{prefix}/{source}").parse()
}

/// The place of a package in the pool. The name says all that tells two packages apart.
///
/// # Errors
/// [`StoreError::Name`]
pub fn pool(package: &SignedPackage) -> Result<Key, StoreError> {
    let source = package.field("Source").and_then(|s| s.split_ascii_whitespace().next());
    let folder = pool_folder(source.unwrap_or(package.name().as_str()))?;
    // An epoch is no part of a file name, Debian Policy 5.6.12.
    let version = package.version().split_once(':').map_or(package.version(), |(_, rest)| rest);
    format!("{folder}/{}_{version}_{}.deb", package.name(), package.architecture()).parse()
}
