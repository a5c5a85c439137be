//! The packages to go back to: those that an upgrade leaves behind, in `packages/` of the product.

use std::path::PathBuf;

use consign_metadata::name::PackageName;
use serde::{Deserialize, Serialize};

use crate::engine::machine::{State, Upgrade};
use crate::host::{PackageManager, folder};
use crate::product::Product;

/// A package at a native version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PackageVersion {
    /// Its name.
    pub package: PackageName,
    /// Its native version.
    pub version: String,
}

/// Whether the packages to go back to are there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousPackages {
    /// Where they are kept.
    pub folder: PathBuf,
    /// Those that are not there: they could not be had when the upgrade began.
    pub missing: Vec<PackageVersion>,
}

impl PreviousPackages {
    /// Looks for the packages from before an upgrade that has begun; `None` where there is nothing to go
    /// back to. By name: whoever installs one verifies it again.
    pub fn of(product: &Product, upgrade: &Upgrade, packages: &dyn PackageManager) -> Option<Self> {
        let has_begun = upgrade.is_under_way() || upgrade.state == State::Completed;
        let previous = before(product, upgrade);
        if !has_begun || upgrade.header.from.is_none() || previous.is_empty() {
            return None;
        }
        let folder = product.packages();
        // Nobody shall wait for a file system that is gone, only to be shown where the upgrade stands.
        let is_reachable = folder::answers(&folder);
        let is_missing = |found: &PackageVersion| {
            !is_reachable || packages.file_in(&folder, &found.package, &found.version).is_none()
        };
        let missing = previous.into_iter().filter(is_missing).collect();
        Some(Self { folder, missing })
    }
}

/// The packages as they were before an upgrade; of one that takes the place of others, before the first.
pub fn before(product: &Product, upgrade: &Upgrade) -> Vec<PackageVersion> {
    let first = product.replaced_by(&upgrade.header).pop();
    let header = first.unwrap_or_else(|| upgrade.clone()).header;
    let package = |module: crate::engine::event::ModuleChange| {
        Some(PackageVersion { package: module.package, version: module.before? })
    };
    header.modules.into_iter().filter_map(package).collect()
}
