//! Packages for Windows that are no part of a product: the agent's, and the one that introduces the vendor. On
//! other hosts the indexes of the package manager list them; here the head names this list among its entry points.

use serde::{Deserialize, Serialize};

use super::{FORMAT, Feed, FeedPackage, FileReference};
use crate::digest::Sha256;
use crate::document::{DocumentError, Kind};
use crate::name::{PackageName, VendorName};

/// The largest list a reader takes, in bytes.
pub const MAXIMUM_WINDOWS_SIZE: u64 = 1024 * 1024;
const FOLDER: &str = "consign/windows/";

/// Packages for Windows that are no part of a product. Plain JSON, trusted because the head names its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowsIndex {
    /// [`FORMAT`].
    pub format: u32,
    /// Whose repository it is.
    pub vendor: VendorName,
    /// The packages, in the order in which they were published: of each the newest is the last.
    pub packages: Vec<FeedPackage>,
}

impl WindowsIndex {
    /// Reads bytes whose digest the head names.
    ///
    /// # Errors
    /// [`DocumentError`]
    pub fn parse(bytes: &[u8], vendor: &VendorName) -> Result<Self, DocumentError> {
        let index: Self =
            serde_json::from_slice(bytes).map_err(|cause| DocumentError::Shape { kind: Kind::Feed, cause })?;
        if index.format > FORMAT {
            return Err(DocumentError::Newer { found: index.format, known: FORMAT });
        }
        if index.vendor != *vendor {
            return Err(DocumentError::Identity { expected: vendor.to_string(), found: index.vendor.to_string() });
        }
        Ok(index)
    }

    /// The newest of a package for a processor (`x64`, `arm64`).
    pub fn newest(&self, package: &PackageName, architecture: &str) -> Option<&FeedPackage> {
        let is_it = |there: &&FeedPackage| there.package == *package && there.architecture == architecture;
        self.packages.iter().rev().find(is_it)
    }

    /// Where a list is, below the root of the repository.
    pub fn path(digest: &Sha256) -> String {
        format!("{FOLDER}{digest}.json")
    }
}

impl Feed {
    /// The list of this generation; `None` where nothing is published for Windows.
    pub fn windows_index(&self) -> Option<&FileReference> {
        self.entry_points.current.iter().find(|file| file.path.starts_with(FOLDER))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_a_name_is_its_newest_and_a_list_of_another_vendor_is_refused() {
        let package = |name: &str, version: &str, architecture: &str| {
            serde_json::json!({"package": name, "architecture": architecture, "native": {"msi": version},
                "file": {"path": "x", "size": 1, "sha256": Sha256::of(b"x")}})
        };
        let packages =
            [("consignee", "0.9.0-1", "x64"), ("consignee", "0.10.0-1", "x64"), ("consignee", "1-1", "arm64")];
        let packages: Vec<_> = packages.map(|(name, version, cpu)| package(name, version, cpu)).into();
        let bytes = serde_json::json!({"format": 1, "vendor": "acme", "packages": packages}).to_string();
        let index = WindowsIndex::parse(bytes.as_bytes(), &"acme".parse().unwrap()).unwrap();
        let newest = |name: &str| index.newest(&name.parse().unwrap(), "x64").and_then(|p| p.native.msi.as_deref());
        assert_eq!((newest("consignee"), newest("acme-release")), (Some("0.10.0-1"), None));
        assert!(WindowsIndex::parse(bytes.as_bytes(), &"other".parse().unwrap()).is_err());
    }
}
