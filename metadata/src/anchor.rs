//! What a host trusts of a vendor: laid down by `<vendor>-release`, never fetched.
//!
//! `/usr/share/consignee/vendors/<vendor>/anchor.json` says which products the vendor's keys are bound
//! to and which key has which role; `certificate.pgp` beside it holds the keys. A key that is in the
//! certificate but has no role here signs nothing that is accepted.

mod windows;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::document::{DocumentError, Kind, Role};
use crate::name::{ChannelName, ProductId, ProductName, VendorName};

pub use windows::WindowsPins;

/// The only format so far.
pub const FORMAT: u32 = 1;
/// Folder of all anchors on a host: `<this>/<vendor>/`.
pub const FOLDER: &str = "/usr/share/consignee/vendors";
/// The statement itself, in the vendor's folder.
pub const ANCHOR_FILE: &str = "anchor.json";
/// The vendor's OpenPGP certificate, binary, in the vendor's folder.
pub const CERTIFICATE_FILE: &str = "certificate.pgp";
/// The certificate that may sign the agent's own package, binary, in the vendor's folder.
pub const AGENT_CERTIFICATE_FILE: &str = "agent.pgp";

/// The vendor's certificate, binary, in its repository: for hosts that were away while its keys changed.
/// They believe of it what the primary key that they know has signed.
pub const PUBLISHED_CERTIFICATE: &str = "consign/certificate.pgp";

/// A host's trust in a vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// [`FORMAT`].
    pub format: u32,
    /// The vendor.
    pub vendor: VendorName,
    /// The products its keys are bound to.
    pub products: BTreeSet<ProductName>,
    /// Fingerprint of the primary key.
    pub primary: Fingerprint,
    /// The keys of each role; two during a rotation.
    pub roles: BTreeMap<Role, BTreeSet<Fingerprint>>,
    /// The lowest feed generation a host accepts, by channel; stops a rollback on a fresh host.
    #[serde(default)]
    pub minimum_generation: BTreeMap<ChannelName, u64>,
    /// Keys that may sign the package `consignee`, and nothing else.
    #[serde(default)]
    pub agent: BTreeSet<Fingerprint>,
    /// By whom packages must be signed for Windows. Only on hosts with Windows: agents elsewhere may be older
    /// than the field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows: Option<WindowsPins>,
}

/// Fingerprint of an OpenPGP key: upper-case hexadecimal digits (40 of them for a v4 key).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b));
        if digits && (text.len() == 40 || text.len() == 64) {
            Ok(Self(text))
        } else {
            Err(format!("{text:?} is not a fingerprint (40 or 64 upper-case hexadecimal digits)"))
        }
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.0
    }
}

impl Anchor {
    /// Reads the statement of a vendor's folder.
    ///
    /// # Errors
    /// [`DocumentError`]
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        let anchor: Self =
            serde_json::from_slice(bytes).map_err(|cause| DocumentError::Shape { kind: Kind::Root, cause })?;
        if anchor.format > FORMAT {
            return Err(DocumentError::Newer { found: anchor.format, known: FORMAT });
        }
        Ok(anchor)
    }

    /// Whether the vendor may speak for the product.
    pub fn covers(&self, id: &ProductId) -> bool {
        id.vendor == self.vendor && self.products.contains(&id.product)
    }

    /// The keys of a role; empty when it has none.
    pub fn keys_of(&self, role: Role) -> BTreeSet<Fingerprint> {
        self.roles.get(&role).cloned().unwrap_or_default()
    }
}
