//! What every agent, of whatever age, understands of a plan. Frozen.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{ENVELOPE_FORMAT, NoteReference};
use crate::document::{DocumentError, Kind, heading};
use crate::name::{ProductId, ProductName, VendorName};
use crate::version::{Class, ClassRule, Version};

/// What every agent, of whatever age, understands of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// Always [`Kind::Plan`].
    pub kind: Kind,
    /// Always [`ENVELOPE_FORMAT`].
    pub format: u32,
    /// Whose product it is.
    pub vendor: VendorName,
    /// The product.
    pub product: ProductName,
    /// The version this plan upgrades to.
    pub version: Version,
    /// Packaging revision of that version, from 1.
    pub revision: u32,
    /// The oldest version that can be upgraded by this plan.
    pub supported_from: Version,
    /// The classes of change that the vendor supports in place.
    pub upgrades: BTreeSet<Class>,
    /// What counts as major and minor.
    pub class_rule: ClassRule,
    /// Versions that may not be jumped over on the way to this one, ascending.
    pub required_stops: Vec<Version>,
    /// The release notes back to `supported_from`, ascending.
    pub notes: Vec<NoteReference>,
    /// The oldest agent that can carry the plan out.
    pub minimum_agent: Version,
    /// The body; read it with [`UpgradePlan::parse`].
    pub body: serde_json::Value,
}

impl Envelope {
    /// Reads the frozen part alone.
    ///
    /// # Errors
    /// [`DocumentError`] when the bytes are not a plan.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        heading(bytes, Kind::Plan, ENVELOPE_FORMAT)?;
        serde_json::from_slice(bytes).map_err(|cause| DocumentError::Shape { kind: Kind::Plan, cause })
    }

    /// The product it belongs to.
    pub fn id(&self) -> ProductId {
        ProductId { vendor: self.vendor.clone(), product: self.product.clone() }
    }
}
