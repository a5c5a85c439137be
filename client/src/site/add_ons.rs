//! Add-ons that the site lets join the upgrades of a product, or leaves out of them.

use std::path::Path;

use consign_metadata::anchor::Fingerprint;
use consign_metadata::name::ProductId;
use consign_metadata::version::VersionRange;
use serde::Deserialize;
use toml::Spanned;

use super::{ProductFile, SiteError, parse, text, wrong};
use crate::places::Places;

/// What the site says of an add-on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddOn {
    /// The add-on.
    pub product: ProductId,
    /// The primary key of its vendor.
    pub primary: Option<Fingerprint>,
    /// Its versions that may join; any where nothing is said.
    pub versions: Option<VersionRange>,
    /// Whether upgrades go on as if it were not there.
    pub ignore: bool,
}

/// `[[add_on]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    product: Spanned<String>,
    primary: Option<Spanned<String>>,
    versions: Option<VersionRange>,
    #[serde(default)]
    ignore: bool,
}

/// What the site says of the add-ons of a product.
///
/// # Errors
/// [`SiteError`]
pub fn add_ons(places: &Places, id: &ProductId) -> Result<Vec<AddOn>, SiteError> {
    let path = places.site(id);
    let Some(text) = text(&path)? else { return Ok(Vec::new()) };
    let file: ProductFile = parse(&path, &text)?;
    checked(&path, &text, file.add_ons)
}

pub(super) fn checked(path: &Path, text: &str, entries: Vec<Entry>) -> Result<Vec<AddOn>, SiteError> {
    let mut all: Vec<AddOn> = Vec::new();
    for entry in entries {
        let span = entry.product.span();
        let wrong_product = |problem: String| wrong(path, text, span.clone(), problem);
        let product: ProductId = entry.product.get_ref().parse().map_err(|error| wrong_product(format!("{error}")))?;
        if all.iter().any(|other| other.product == product) {
            return Err(wrong_product(format!("{product} is named twice")));
        }
        let primary = entry.primary.map(|key| {
            let plain = key.get_ref().replace(char::is_whitespace, "").to_uppercase();
            Fingerprint::try_from(plain).map_err(|problem| wrong(path, text, key.span(), problem))
        });
        let primary = primary.transpose()?;
        if primary.is_none() && !entry.ignore {
            let help = "say primary = \"<fingerprint>\" to let it join, or ignore = true";
            return Err(wrong_product(format!("{product} has no key; {help}")));
        }
        all.push(AddOn { product, primary, versions: entry.versions, ignore: entry.ignore });
    }
    Ok(all)
}
