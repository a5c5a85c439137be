//! The repositories of a channel, one for each format: each takes the packages of its own.

use consign_metadata::feed::FileReference;
use consign_metadata::openpgp::Keyring;

use super::{PublishError, Request};
use crate::package::{Format, SignedPackage};
use crate::repository::apt::AptRepository;
use crate::repository::yum::{Hosting, YumRepository};
use crate::repository::{RepositoryError, RepositoryFormat, Snapshot, Validity};
use crate::sign::OpenPgpSigner;
use crate::store::Store;
use crate::trust::armored;

/// The repositories of a channel.
pub struct Repositories<'a> {
    /// Every channel has it, empty if need be.
    pub apt: AptRepository<'a>,
    /// Written from the first .rpm on.
    pub yum: YumRepository<'a>,
}

impl<'a> Repositories<'a> {
    /// Begins with what is published now. `number` is that of the feed's next generation.
    ///
    /// # Errors
    /// [`PublishError`]
    pub fn load(
        store: &'a dyn Store,
        request: &Request<'_>,
        keyring: &Keyring,
        number: u64,
    ) -> Result<Self, PublishError> {
        let (trust, channel) = (&request.trust, &request.channel);
        let vendor = &trust.roles.vendor;
        let bad = |cause| PublishError::Certificate { whose: vendor.to_string(), cause };
        let key = armored(&trust.certificate).map_err(bad)?;
        let hosting = Hosting { url: request.introduction.url.clone(), number, key };
        Ok(Self {
            apt: AptRepository::load(store, vendor, channel, keyring)?,
            yum: YumRepository::load(store, vendor, channel, keyring, hosting)?,
        })
    }

    /// The one that takes a package.
    pub fn of(&mut self, package: &SignedPackage) -> &mut dyn RepositoryFormat {
        match package.format() {
            Format::Deb(_) => &mut self.apt,
            Format::Rpm(_) => &mut self.yum,
        }
    }

    /// Whether the channel offers this package already.
    pub fn is_offered(&self, package: &SignedPackage) -> bool {
        match package.format() {
            Format::Deb(_) => self.apt.is_offered(package),
            Format::Rpm(_) => self.yum.is_offered(package),
        }
    }

    /// The entry points that are published now.
    pub fn entrances(&self) -> Vec<FileReference> {
        self.apt.entrance().into_iter().chain(self.yum.entrance()).cloned().collect()
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
        Ok(snapshots)
    }
}
