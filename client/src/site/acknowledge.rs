//! What the site acknowledges in advance, for many hosts at once: `[[acknowledge]]`.
//!
//! It names a version, and for it every note that asks, each by its digest: what was read on one host is what is
//! installed on the others, and not another way or another text.

use std::collections::BTreeMap;

use consign_metadata::digest::Sha256;
use consign_metadata::name::{Label, ProductId};
use consign_metadata::version::Version;
use serde::Deserialize;

use super::{ProductFile, SiteError, parse, text};
use crate::places::Places;

/// What is acknowledged for one version.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InAdvance {
    /// The version that is to be installed.
    pub version: Version,
    /// Who answers for it, in the site's words.
    pub by: Option<String>,
    /// Every note that asks on the way there, by the version it speaks of.
    #[serde(default)]
    pub notes: BTreeMap<Version, Sha256>,
    /// Every side effect.
    #[serde(default)]
    pub side_effects: BTreeMap<Label, Sha256>,
}

/// What the site acknowledges of a product.
///
/// # Errors
/// [`SiteError`]
pub fn in_advance(places: &Places, id: &ProductId) -> Result<Vec<InAdvance>, SiteError> {
    let path = places.site(id);
    let Some(text) = text(&path)? else { return Ok(Vec::new()) };
    Ok(parse::<ProductFile>(&path, &text)?.acknowledge)
}
