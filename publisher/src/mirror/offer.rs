//! What a generation offers, whichever index says so: every package once, with what is known of it.

use std::collections::BTreeMap;

use consign_metadata::digest::Sha256;
use consign_metadata::feed::{FeedPackage, FeedRelease, FileReference, Shard};
use consign_metadata::name::ProductName;
use consign_metadata::version::Version;

use crate::publish::plain_version;
use crate::repository::RepositoryError;
use crate::repository::apt::Stanza;
use crate::repository::yum::Entry;

/// A package that is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its name.
    pub name: String,
    /// Its native version.
    pub version: String,
    /// Its native architecture.
    pub architecture: String,
    /// The file.
    pub file: FileReference,
    /// The release it is a part of; `<vendor>-release` and the agent are part of none.
    pub release: Option<(ProductName, Version)>,
    /// The plan that it has to carry.
    pub plan: Option<Sha256>,
}

/// A file that the mirror has to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The file.
    pub file: FileReference,
    /// Which package it is, if it is one.
    pub package: Option<Offer>,
}

/// All packages of a generation by their place.
#[derive(Debug, Clone, Default)]
pub struct Offers(BTreeMap<String, Offer>);

impl Offer {
    /// What the package manager calls files of its kind: `deb`, `rpm`, `msi`.
    pub fn extension(&self) -> &str {
        self.file.path.rsplit('.').next().unwrap_or_default()
    }

    /// By what it is known, whatever release it is a part of.
    fn identity(&self) -> (&str, &str, &str, &FileReference) {
        (&self.name, &self.version, &self.architecture, &self.file)
    }
}

impl From<Stanza> for Offer {
    fn from(stanza: Stanza) -> Self {
        let Stanza { package: name, version, architecture, filename: path, size, sha256, .. } = stanza;
        let file = FileReference { path, size, sha256 };
        Self { name, version, architecture, file, release: None, plan: None }
    }
}

impl From<Entry> for Offer {
    fn from(entry: Entry) -> Self {
        let Entry { package: name, version, architecture, filename: path, size, sha256, .. } = entry;
        let file = FileReference { path, size, sha256 };
        Self { name, version, architecture, file, release: None, plan: None }
    }
}

impl Offers {
    /// Takes one in that an index lists.
    ///
    /// # Errors
    /// [`RepositoryError::Damaged`] where it is known as another one already.
    pub fn add(&mut self, offer: Offer) -> Result<(), RepositoryError> {
        match self.0.get(&offer.file.path) {
            Some(known) if known.identity() == offer.identity() => Ok(()),
            Some(_) => Err(two_meanings(&offer.file)),
            None => {
                self.0.insert(offer.file.path.clone(), offer);
                Ok(())
            }
        }
    }

    /// Takes in what the feed says of a product.
    ///
    /// # Errors
    /// [`RepositoryError::Damaged`] where feed and index do not mean the same.
    pub fn releases(&mut self, shard: &Shard) -> Result<(), RepositoryError> {
        for release in &shard.releases {
            for package in &release.packages {
                self.part(shard, release, package)?;
            }
        }
        Ok(())
    }

    fn part(&mut self, shard: &Shard, release: &FeedRelease, package: &FeedPackage) -> Result<(), RepositoryError> {
        let path = &package.file.path;
        self.for_windows(package)?;
        let known = self.0.get_mut(path);
        let known = known.ok_or_else(|| RepositoryError::damaged(path, "the feed offers it and no index lists it"))?;
        if known.file != package.file {
            return Err(two_meanings(&package.file));
        }
        known.release = Some((shard.product.clone(), release.version.clone()));
        known.plan = Some(release.plan);
        Ok(())
    }

    /// Takes in a package for Windows, which the feed alone lists; any other one is in an index.
    ///
    /// # Errors
    /// Those of [`Self::add`].
    pub fn for_windows(&mut self, package: &FeedPackage) -> Result<(), RepositoryError> {
        let Some(version) = package.native.msi.clone() else { return Ok(()) };
        let (name, architecture) = (package.package.to_string(), package.architecture.clone());
        self.add(Offer { name, version, architecture, file: package.file.clone(), release: None, plan: None })
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Offer> + Clone {
        self.0.values()
    }

    /// The newest `<vendor>-release` of a format.
    pub fn introduction(&self, name: &str, extension: &str) -> Option<&Offer> {
        let own = self.iter().filter(|offer| offer.name == name && offer.extension() == extension);
        own.max_by_key(|offer| plain_version(&offer.version))
    }
}

fn two_meanings(file: &FileReference) -> RepositoryError {
    RepositoryError::damaged(&file.path, "the indexes do not mean the same by this name")
}
