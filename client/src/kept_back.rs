//! What keeps a cleared upgrade back although the agent does not: `kept-back.json` in the folder of the
//! product. A package manager that upgrades everything else passes it over in silence, with exit 0.

use std::io;
use std::path::PathBuf;

use consign_metadata::version::Version;
use serde::{Deserialize, Serialize};

use crate::durable;
use crate::product::Product;

const FORMAT: u32 = 1;

/// Which upgrade takes the product along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reach", rename_all = "kebab-case")]
pub enum Reach {
    /// Every one.
    Plain,
    /// One that may install what was not there.
    NewPackages {
        /// What it installs.
        packages: Vec<String>,
    },
    /// One that may remove other packages.
    Removals {
        /// What it removes.
        packages: Vec<String>,
    },
    /// The one after the next: until another package is upgraded, the new names are unknown here.
    AfterFirst {
        /// The other package.
        package: String,
    },
    /// None, as things are.
    Never {
        /// What the package manager says about it, in its own words.
        why: Vec<String>,
    },
}

/// What keeps an upgrade back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptBack {
    /// 1.
    pub format: u32,
    /// The version that is offered.
    pub version: Version,
    /// Which upgrade takes it along; never [`Reach::Plain`].
    #[serde(flatten)]
    pub reach: Reach,
}

impl KeptBack {
    /// Keeps what was found about a version; nothing is kept where every upgrade takes it along.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep(product: &Product, version: &Version, reach: Reach) -> io::Result<()> {
        if reach == Reach::Plain {
            return Self::forget(product);
        }
        let kept = Self { format: FORMAT, version: version.clone(), reach };
        let text = serde_json::to_vec_pretty(&kept).map_err(io::Error::other)?;
        durable::replace(&file(product), &text)
    }

    /// Nothing keeps it back any more.
    ///
    /// # Errors
    /// When the file is still there.
    pub fn forget(product: &Product) -> io::Result<()> {
        durable::remove(&file(product))
    }

    /// What was found last about this version.
    pub fn read(product: &Product, version: &Version) -> Option<Self> {
        let kept: Self = serde_json::from_slice(&std::fs::read(file(product)).ok()?).ok()?;
        (kept.format == FORMAT && kept.version == *version).then_some(kept)
    }
}

fn file(product: &Product) -> PathBuf {
    product.folder().join("kept-back.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::Places;

    #[test]
    fn it_is_about_one_version_and_goes_with_its_cause() {
        let root = tempfile::tempdir().unwrap();
        let product = Product::new(&Places::below(root.path()), "acme/erp".parse().unwrap());
        std::fs::create_dir_all(product.folder()).unwrap();
        let (now, later): (Version, Version) = ("1.1.0".parse().unwrap(), "1.2.0".parse().unwrap());
        let reach = Reach::NewPackages { packages: vec!["libpq5".to_owned()] };
        KeptBack::keep(&product, &now, reach.clone()).unwrap();
        assert_eq!(KeptBack::read(&product, &now).unwrap().reach, reach);
        assert_eq!(KeptBack::read(&product, &later), None);
        KeptBack::keep(&product, &now, Reach::Plain).unwrap();
        assert_eq!(KeptBack::read(&product, &now), None);
    }
}
