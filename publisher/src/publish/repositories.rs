//! The repositories of a channel, one for each format: each takes the packages of its own.

use consign_metadata::feed::FileReference;
use consign_metadata::openpgp::Keyring;

use super::{PublishError, Request};
use crate::feed::FeedDraft;
use crate::package::{Format, SignedPackage};
use crate::repository::apt::AptRepository;
use crate::repository::windows::WindowsRepository;
use crate::repository::yum::{Hosting, YumRepository};
use crate::repository::{Added, RepositoryError, RepositoryFormat, Snapshot, Validity};
use crate::sign::OpenPgpSigner;
use crate::store::Store;
use crate::trust::armored;

/// The repositories of a channel.
pub struct Repositories<'a> {
    /// Every channel has it, empty if need be.
    pub apt: AptRepository<'a>,
    /// Written from the first .rpm on.
    pub yum: YumRepository<'a>,
    /// Written from the first .msi on.
    pub windows: WindowsRepository<'a>,
}

impl<'a> Repositories<'a> {
    /// Begins with what is published now.
    ///
    /// # Errors
    /// [`PublishError`]
    pub fn load(
        store: &'a dyn Store,
        request: &Request<'_>,
        keyring: &Keyring,
        feed: &FeedDraft<'_>,
    ) -> Result<Self, PublishError> {
        let (trust, channel) = (&request.trust, &request.channel);
        let vendor = &trust.roles.vendor;
        let bad = |cause| PublishError::Certificate { whose: vendor.to_string(), cause };
        let key = armored(&trust.certificate).map_err(bad)?;
        let number = feed.generation() + 1;
        let hosting = Hosting { url: request.introduction.url.clone(), number, key };
        Ok(Self {
            apt: AptRepository::load(store, vendor, channel, keyring)?,
            yum: YumRepository::load(store, vendor, channel, keyring, hosting)?,
            windows: WindowsRepository::load(store, vendor, feed.published(), feed.offered())?,
        })
    }

    /// Gives a package to the one that takes it.
    ///
    /// # Errors
    /// [`RepositoryError`]
    pub fn add(&mut self, package: &SignedPackage, keyring: &Keyring) -> Result<Added, RepositoryError> {
        match package.format() {
            Format::Deb(_) => self.apt.add(package, keyring),
            Format::Rpm(_) => self.yum.add(package, keyring),
            Format::Msi(_) => self.windows.add(package, keyring),
        }
    }

    /// Whether the channel offers this package already.
    pub fn is_offered(&self, package: &SignedPackage) -> bool {
        match package.format() {
            Format::Deb(_) => self.apt.is_offered(package),
            Format::Rpm(_) => self.yum.is_offered(package),
            Format::Msi(_) => self.windows.is_offered(package),
        }
    }

    /// The entry points that are published now.
    pub fn entrances(&self) -> Vec<FileReference> {
        [self.apt.entrance(), self.yum.entrance(), self.windows.entrance()].into_iter().flatten().cloned().collect()
    }

    /// The next generation of each, in the order in which they are swapped.
    ///
    /// # Errors
    /// [`RepositoryError`]
    pub fn snapshots(&self, validity: Validity, signer: &dyn OpenPgpSigner) -> Result<Vec<Snapshot>, RepositoryError> {
        let mut snapshots = vec![self.apt.snapshot(validity, signer)?];
        if !self.yum.is_empty() {
            snapshots.push(self.yum.snapshot(validity, signer)?);
        }
        if !self.windows.is_empty() {
            snapshots.push(self.windows.snapshot(validity, signer)?);
        }
        Ok(snapshots)
    }
}
