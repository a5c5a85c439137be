//! The proof that package managers put the releases of a product in the vendor's order.
//!
//! A host compares native versions and never sees the vendor's. Where the two orders differ, an upgrade
//! would be taken for a downgrade, or not be offered at all.

use std::collections::BTreeMap;

use consign_metadata::feed::Shard;
use consign_metadata::name::PackageName;

use super::FeedError;
use crate::package::deb::version;

/// Compares each release with the one before it, for each of its packages. Releases are ascending.
///
/// # Errors
/// [`FeedError::Order`]
pub fn prove(shard: &Shard) -> Result<(), FeedError> {
    let mut last: BTreeMap<&PackageName, &str> = BTreeMap::new();
    for release in &shard.releases {
        let mut now = BTreeMap::new();
        for package in &release.packages {
            let Some(native) = package.native.deb.as_deref() else { continue };
            let ascends = last.get(&package.package).is_none_or(|older| version::compare(older, native).is_lt());
            if !ascends {
                return Err(FeedError::Order {
                    package: package.package.to_string(),
                    older: last[&package.package].to_owned(),
                    newer: native.to_owned(),
                });
            }
            now.insert(&package.package, native);
        }
        // Only now: the architectures of one release share their version.
        last.extend(now);
    }
    Ok(())
}
