//! Who lets an add-on join: the signed plan of the base, or the site of this host.
//!
//! Each names the add-on, the primary key of its vendor, and perhaps a range of its versions. What the site
//! says of an add-on counts alone. The base's own vendor need not name its own add-ons: the same key
//! speaks for both.

use consign_metadata::anchor::Fingerprint;
use consign_metadata::document::Role;
use consign_metadata::plan::{self, UpgradePlan};
use consign_metadata::version::VersionRange;

use crate::places::Places;
use crate::site::{self, SiteError};
use crate::trust::Trust;

/// Whether an add-on may join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// It may.
    Allowed,
    /// The site wants upgrades of the base to go on as if it were not there.
    Ignored,
    /// Nobody allows it.
    Denied,
}

impl Permission {
    /// Of an add-on, for upgrades by the plan of its base.
    ///
    /// # Errors
    /// [`SiteError`]
    pub fn of(
        places: &Places,
        trust: &Trust,
        base: &UpgradePlan,
        add_on: &UpgradePlan,
        signed: &[u8],
    ) -> Result<Self, SiteError> {
        let id = add_on.id();
        let is_signed_by = |primary: &Fingerprint| is_signed_by(trust, add_on, signed, primary);
        let in_range = |versions: &Option<VersionRange>| {
            versions.as_ref().is_none_or(|range| range.contains(&add_on.envelope.version))
        };
        if let Some(chosen) = site::add_ons(places, &base.id())?.into_iter().find(|chosen| chosen.product == id) {
            let is_allowed = chosen.primary.as_ref().is_some_and(is_signed_by) && in_range(&chosen.versions);
            return Ok(if chosen.ignore { Self::Ignored } else { Self::from(is_allowed) });
        }
        Ok(match base.body.add_ons.iter().find(|named| named.product == id) {
            Some(named) => Self::from(is_signed_by(&named.primary) && in_range(&named.versions)),
            None => Self::from(id.vendor == base.envelope.vendor),
        })
    }
}

impl From<bool> for Permission {
    fn from(allowed: bool) -> Self {
        if allowed { Self::Allowed } else { Self::Denied }
    }
}

// The anchor's own word about its primary key is not enough: the key that signed must belong to it.
fn is_signed_by(trust: &Trust, add_on: &UpgradePlan, signed: &[u8], primary: &Fingerprint) -> bool {
    let keyring = trust.vendor(&add_on.envelope.vendor).and_then(|vendor| vendor.keyring(Role::Package));
    let verified = keyring.map(|keyring| keyring.of_primary(primary).verify_message(signed, plan::MAXIMUM_SIZE));
    matches!(verified, Ok(Ok(found)) if found.digest == add_on.digest)
}
