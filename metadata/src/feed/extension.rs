//! A vendor's word that one generation may be believed for longer than its head says: for a site that cannot
//! ask, and that would otherwise have to believe expired heads of anybody. `consign/<channel>/extension.pgp`, a
//! signed message of the role `index`; read only where the head has expired.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::FORMAT;
use crate::digest::Sha256;
use crate::document::{DocumentError, Kind, heading};
use crate::name::{ChannelName, VendorName};

/// The largest extension a reader takes, in bytes.
pub const MAXIMUM_EXTENSION_SIZE: u64 = 64 * 1024;

/// Until when a generation is believed, of which the head says less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// Always [`Kind::Extension`].
    pub kind: Kind,
    /// [`FORMAT`].
    pub format: u32,
    /// Whose repository it is.
    pub vendor: VendorName,
    /// The channel.
    pub channel: ChannelName,
    /// The generation.
    pub generation: u64,
    /// Digest of its head (of the verified bytes).
    pub head: Sha256,
    /// When this was signed.
    pub issued: Timestamp,
    /// When a host stops believing the generation all the same.
    pub expires: Timestamp,
}

impl Extension {
    /// Reads bytes that a verifier emitted, and refuses another vendor's or another channel's.
    ///
    /// # Errors
    /// [`DocumentError`]
    pub fn parse(bytes: &[u8], vendor: &VendorName, channel: &ChannelName) -> Result<Self, DocumentError> {
        heading(bytes, Kind::Extension, FORMAT)?;
        let extension: Self =
            serde_json::from_slice(bytes).map_err(|cause| DocumentError::Shape { kind: Kind::Extension, cause })?;
        let (expected, found) = (format!("{vendor} {channel}"), format!("{} {}", extension.vendor, extension.channel));
        match expected == found {
            true => Ok(extension),
            false => Err(DocumentError::Identity { expected, found }),
        }
    }

    /// Until when the head with this digest is believed, where it speaks of it.
    pub fn of_head(&self, head: &Sha256) -> Option<Timestamp> {
        (self.head == *head).then_some(self.expires)
    }

    /// Where that of a channel is, below the root of the repository.
    pub fn path(channel: &ChannelName) -> String {
        format!("consign/{channel}/extension.pgp")
    }
}
