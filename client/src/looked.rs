//! What the last look found for a product, for whoever asks later: `offers.json` in its folder.
//!
//! An offer whose gates were judged has a journal. One that could not be verified, or that cannot be
//! reached from here, has none: without this file only the terminal of `apt update` would have known of it.

use std::io;
use std::path::PathBuf;

use consign_metadata::version::Version;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::durable;
use crate::product::Product;
use crate::request::Offer;

const FORMAT: u32 = 1;

/// What was found, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Looked {
    /// 1.
    pub format: u32,
    /// When the package lists were looked at.
    pub at: Timestamp,
    /// What was offered.
    pub offers: Vec<Offer>,
}

impl Looked {
    /// Keeps what a look found instead of what the one before did.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep(product: &Product, offers: &[Offer], at: Timestamp) -> io::Result<()> {
        let looked = Self { format: FORMAT, at, offers: offers.to_vec() };
        let text = serde_json::to_vec_pretty(&looked).map_err(io::Error::other)?;
        std::fs::create_dir_all(product.folder())?;
        durable::replace(&file(product), &text)
    }

    /// What the last look found; nothing where there was none, or another agent wrote it in another format.
    pub fn read(product: &Product) -> Option<Self> {
        let looked: Self = serde_json::from_slice(&std::fs::read(file(product)).ok()?).ok()?;
        (looked.format == FORMAT).then_some(looked)
    }

    /// What it found for this version.
    pub fn of(product: &Product, version: &Version) -> Option<Offer> {
        Self::read(product)?.offers.into_iter().find(|offer| offer.offered.as_ref() == Some(version))
    }
}

fn file(product: &Product) -> PathBuf {
    product.folder().join("offers.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::Places;

    #[test]
    fn the_last_look_replaces_the_one_before() {
        let root = tempfile::tempdir().unwrap();
        let product = Product::new(&Places::below(root.path()), "acme/erp".parse().unwrap());
        assert_eq!(Looked::read(&product), None);
        let offer = Offer {
            product: product.id.clone(),
            installed: None,
            offered: Some("1.1.0".parse().unwrap()),
            held: Vec::new(),
            told: Vec::new(),
        };
        Looked::keep(&product, std::slice::from_ref(&offer), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(Looked::read(&product).unwrap().offers, [offer]);
        Looked::keep(&product, &[], Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(Looked::read(&product).unwrap().offers, []);
        std::fs::write(file(&product), "{").unwrap();
        assert_eq!(Looked::read(&product), None);
    }
}
