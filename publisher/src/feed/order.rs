//! The proof that package managers put the releases of a product in the vendor's order.
//!
//! A host compares native versions and never sees the vendor's. Where the two orders differ, an upgrade
//! would be taken for a downgrade, or not be offered at all.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use consign_metadata::feed::Shard;
use consign_metadata::name::PackageName;
use consign_metadata::plan::NativeVersions;

use super::FeedError;
use crate::package::{deb, rpm};

/// How a package manager orders versions.
struct Judge {
    /// What it is called, and how it is asked.
    name: &'static str,
    question: fn(&str, &str) -> String,
    version: fn(&NativeVersions) -> Option<&str>,
    compare: fn(&str, &str) -> Ordering,
}

const JUDGES: [Judge; 2] = [
    Judge {
        name: "dpkg",
        question: |older, newer| format!("dpkg --compare-versions {older} lt {newer}"),
        version: |native| native.deb.as_deref(),
        compare: deb::version::compare,
    },
    Judge {
        name: "rpm",
        question: |older, newer| format!("rpmdev-vercmp {older} {newer}"),
        version: |native| native.rpm.as_deref(),
        compare: rpm::version::compare,
    },
];

/// Compares each release with the one before it, for each of its packages. Releases are ascending.
///
/// # Errors
/// [`FeedError::Order`]
pub fn prove(shard: &Shard) -> Result<(), FeedError> {
    JUDGES.iter().try_for_each(|judge| prove_by(judge, shard))
}

fn prove_by(judge: &Judge, shard: &Shard) -> Result<(), FeedError> {
    let mut last: BTreeMap<&PackageName, &str> = BTreeMap::new();
    for release in &shard.releases {
        let mut now = BTreeMap::new();
        for package in &release.packages {
            let Some(native) = (judge.version)(&package.native) else { continue };
            let ascends = last.get(&package.package).is_none_or(|older| (judge.compare)(older, native).is_lt());
            if !ascends {
                let older = last[&package.package];
                return Err(FeedError::Order {
                    package: package.package.to_string(),
                    judge: judge.name,
                    question: (judge.question)(older, native),
                    older: older.to_owned(),
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
