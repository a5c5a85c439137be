//! `baseline.json`: the release that was on the host before there was any journal. Whatever leads away from it, seen or
//! not, is an upgrade from there.

use std::io;
use std::path::PathBuf;

use consign_metadata::plan::Envelope;
use consign_metadata::version::Version;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::durable;
use crate::product::Product;

const FORMAT: u32 = 1;

/// The release as it was first seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    format: u32,
    /// Its version.
    pub version: Version,
    /// Its packaging revision.
    pub revision: u32,
    /// When it was seen.
    pub at: Timestamp,
}

impl Baseline {
    /// A release that is there now.
    pub fn new(release: &Envelope, at: Timestamp) -> Self {
        Self { format: FORMAT, version: release.version.clone(), revision: release.revision, at }
    }

    /// That of a product, if it has one.
    ///
    /// # Errors
    /// When it is there and cannot be read, or a later agent wrote it.
    pub fn read(product: &Product) -> io::Result<Option<Self>> {
        durable::read(&file(product), FORMAT, |baseline: &Self| baseline.format)
    }

    /// Whether a release is it.
    pub fn is(&self, release: &Envelope) -> bool {
        (&self.version, self.revision) == (&release.version, release.revision)
    }

    /// Makes it durable.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, product: &Product) -> io::Result<()> {
        std::fs::create_dir_all(product.folder())?;
        durable::replace(&file(product), &serde_json::to_vec_pretty(self).map_err(io::Error::other)?)
    }

    /// Nothing of the product is on the host any more.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn forget(product: &Product) -> io::Result<()> {
        durable::remove(&file(product))
    }
}

fn file(product: &Product) -> PathBuf {
    product.folder().join("baseline.json")
}
