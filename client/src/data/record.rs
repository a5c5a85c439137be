//! `data.json`: the version that the data was at when the last upgrade finished, or that a person accepted
//! since; and what was found instead.

use std::io;
use std::path::PathBuf;

use consign_metadata::name::UnitName;
use consign_metadata::version::Version;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::durable;
use crate::engine::event::Person;
use crate::product::Product;

const FORMAT: u32 = 1;

/// What was last seen of the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    format: u32,
    /// The version that the data was at.
    pub version: String,
    /// The release that was installed then.
    pub release: Version,
    /// The upgrade that had finished; 0 where none had.
    pub upgrade: u32,
    /// When it was seen or accepted.
    pub at: Timestamp,
    /// Who accepted it, where it was not an upgrade that brought it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_by: Option<Person>,
    /// What was found instead, as long as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differs: Option<Difference>,
}

/// Another version than the one on record. The engines are stopped, and do not start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// The version that was found.
    pub found: String,
    /// When it was first found.
    pub at: Timestamp,
    /// The engines that are started again once the data is as it was, or was accepted as it is.
    pub engines: Vec<UnitName>,
}

impl Record {
    /// A record of a version that was seen.
    pub fn new(version: String, release: Version, upgrade: u32, at: Timestamp) -> Self {
        Self { format: FORMAT, version, release, upgrade, at, accepted_by: None, differs: None }
    }

    /// The record of a product, if it has one.
    ///
    /// # Errors
    /// When it is there and cannot be read, or a later agent wrote it.
    pub fn read(product: &Product) -> io::Result<Option<Self>> {
        durable::read(&file(product), FORMAT, |record: &Self| record.format)
    }

    /// Keeps it instead of the one before.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep(&self, product: &Product) -> io::Result<()> {
        std::fs::create_dir_all(product.folder())?;
        durable::replace(&file(product), &serde_json::to_vec_pretty(self).map_err(io::Error::other)?)
    }
}

fn file(product: &Product) -> PathBuf {
    product.folder().join("data.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::Places;

    #[test]
    fn what_cannot_be_read_is_not_taken_for_nothing() {
        let root = tempfile::tempdir().unwrap();
        let product = Product::new(&Places::below(root.path()), "acme/erp".parse().unwrap());
        assert_eq!(Record::read(&product).unwrap(), None);
        let record = Record::new("7".to_owned(), "1.1.0".parse().unwrap(), 2, Timestamp::UNIX_EPOCH);
        record.keep(&product).unwrap();
        assert_eq!(Record::read(&product).unwrap(), Some(record.clone()));
        std::fs::write(file(&product), "{").unwrap();
        assert!(Record::read(&product).is_err());
        Record { format: 2, ..record }.keep(&product).unwrap();
        assert!(Record::read(&product).unwrap_err().to_string().contains("it has format 2"));
    }
}
