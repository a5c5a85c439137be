//! Whose signatures a mirror believes: given once, by hand; from then on led by the vendor's primary key.
//!
//! The keys of the roles change as they do for hosts. While a mirror keeps up it learns them from
//! `<vendor>-release`, which is signed by a key it knows. One that was away believes the
//! `<vendor>-release` that a subkey has signed which the primary key vouches for, and which is no key
//! of the indexes that it knows: those live in pipelines.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use consign_metadata::anchor::{ANCHOR_FILE, Anchor, Fingerprint, PUBLISHED_CERTIFICATE};
use consign_metadata::document::Role;
use consign_metadata::name::{ChannelName, VendorName};
use consign_metadata::openpgp::{Keyring, vouched_for};
use serde::{Deserialize, Serialize};

use super::MirrorError;
use super::upstream::Upstream;
use super::vetting::{self, Introduced};
use crate::repository::Retrieved;
use crate::sign::KeyRoles;
use crate::store::{Key, Source};
use crate::trust::{Trust, TrustError, armored, primary_of, unarmored};

const MAXIMUM_CERTIFICATE: u64 = 256 * 1024;
/// Keys and a few lines of text; some kilobytes.
const MAXIMUM_PACKAGE: u64 = 4 * 1024 * 1024;

/// Whose signatures are believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// The vendor.
    pub vendor: VendorName,
    /// Its primary key, which never changes.
    pub primary: Fingerprint,
    /// The keys of each role.
    pub roles: BTreeMap<Role, BTreeSet<Fingerprint>>,
    /// Its certificate, armored.
    pub certificate: String,
    /// The lowest generation that is taken, by channel.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub minimum_generation: BTreeMap<ChannelName, u64>,
}

impl Pin {
    /// A certificate with `roles.json` or `anchor.json` beside it.
    ///
    /// # Errors
    /// [`TrustError`]
    pub fn beside(certificate: &Path) -> Result<Self, TrustError> {
        let trust = Trust::beside(certificate)?;
        // What it says of generations is there or not; what it says of keys was read already.
        let anchor = std::fs::read(certificate.with_file_name(ANCHOR_FILE)).ok();
        let anchor = anchor.and_then(|bytes| Anchor::parse(&bytes).ok());
        let minimum_generation = anchor.map(|anchor| anchor.minimum_generation).unwrap_or_default();
        let place = || certificate.display().to_string();
        let text = armored(&trust.certificate).map_err(|cause| TrustError::Certificate { place: place(), cause })?;
        let KeyRoles { vendor, primary, roles } = trust.roles;
        let certificate = String::from_utf8_lossy(&text).into_owned();
        Ok(Self { vendor, primary, roles, certificate, minimum_generation })
    }

    /// As everything else here takes it.
    ///
    /// # Errors
    /// [`MirrorError::Certificate`]
    pub fn trust(&self) -> Result<Trust, MirrorError> {
        let Self { vendor, primary, roles, certificate, .. } = self.clone();
        let bytes = unarmored(certificate.as_bytes());
        let certificate = bytes.map_err(|cause| MirrorError::Certificate { vendor: vendor.to_string(), cause })?;
        Ok(Trust { roles: KeyRoles { vendor, primary, roles }, certificate })
    }

    /// Whether a certificate belongs to the vendor's primary key; what it says proves itself.
    pub fn is_of(&self, certificate: &[u8]) -> bool {
        primary_of(certificate).is_some_and(|primary| primary == self.primary)
    }

    /// The keys of a role.
    ///
    /// # Errors
    /// [`MirrorError::Certificate`]
    pub fn keyring(&self, role: Role) -> Result<Keyring, MirrorError> {
        let vendor = self.vendor.to_string();
        self.trust()?.keyring(role).map_err(|cause| MirrorError::Certificate { vendor, cause })
    }

    /// What becomes of it with a `<vendor>-release` that was verified; another vendor's changes nothing.
    pub fn renewed(&self, introduced: &Introduced) -> Self {
        let Introduced { anchor, certificate, .. } = introduced;
        let same = anchor.vendor == self.vendor && anchor.primary == self.primary;
        let (true, Ok(text)) = (same && vouched_for(certificate, &self.primary).is_ok(), armored(certificate)) else {
            return self.clone();
        };
        let mut renewed = self.clone();
        renewed.roles.clone_from(&anchor.roles);
        renewed.certificate = String::from_utf8_lossy(&text).into_owned();
        for (channel, least) in &anchor.minimum_generation {
            let known = renewed.minimum_generation.entry(channel.clone()).or_default();
            *known = (*known).max(*least);
        }
        renewed
    }

    /// The keys of today of a vendor that changed them while this mirror was away.
    ///
    /// # Errors
    /// [`MirrorError::Keys`]: why nothing proves them.
    pub fn reintroduced(&self, upstream: &Upstream) -> Result<Self, MirrorError> {
        let unproven = |cause: String| MirrorError::Keys { upstream: upstream.root().to_owned(), cause };
        let certificate: Key = PUBLISHED_CERTIFICATE.parse()?;
        let read = upstream.read(&certificate, MAXIMUM_CERTIFICATE)?;
        let (certificate, _) = read.ok_or_else(|| {
            unproven("its feed is signed by a key that this mirror does not know, and it has no certificate".to_owned())
        })?;
        let wrong = |cause| unproven(format!("the vendor's certificate {cause}"));
        let mut keys = vouched_for(&certificate, &self.primary).map_err(wrong)?;
        let known = self.roles.get(&Role::Index).cloned().unwrap_or_default();
        keys.retain(|key| !known.contains(key));
        let keyring = Keyring::new(&certificate, keys, Role::Package.as_str()).map_err(wrong)?;
        for extension in ["deb", "rpm"] {
            let key: Key = format!("{}-release.{extension}", self.vendor).parse()?;
            let Some(release) = Retrieved::fetch(upstream, &key, MAXIMUM_PACKAGE, &keyring)? else { continue };
            let introduced = vetting::read(&release, &self.vendor)?;
            let renewed = self.renewed(&introduced);
            if renewed.roles.get(&Role::Package).is_some_and(|keys| keys.contains(release.package.signer())) {
                return Ok(renewed);
            }
        }
        Err(unproven("its feed is signed by a key that this mirror does not know, and nothing proves it".to_owned()))
    }
}
