//! Which packages of a repository a mirror carries. Indexes, plans and notes it always carries whole:
//! they are signed as a whole.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use consign_metadata::name::ProductName;
use consign_metadata::version::{Version, VersionRange};
use serde::{Deserialize, Serialize};

use super::offer::Offer;

/// What is carried; nothing said, everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// Of these products, and what belongs to none; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<Product>,
    /// For these architectures, and what is for all; empty for all.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub architectures: BTreeSet<String>,
    /// In these formats (`deb`, `rpm`, `msi`); empty for all.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub formats: BTreeSet<String>,
}

/// A product, and of which versions: `erp`, `erp >=3.25.0, <4.0.0`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Product {
    name: ProductName,
    versions: Option<VersionRange>,
}

/// What the three kinds of packages call the same processor.
const ALIKE: [&[&str]; 3] = [&["amd64", "x86_64", "x64"], &["arm64", "aarch64"], &["all", "noarch", "neutral"]];

impl Selection {
    /// Whether everything is carried.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// The names of the architectures for which packages are made, as deb, rpm and Windows Installer have them.
    pub fn architectures() -> impl Iterator<Item = &'static str> {
        ALIKE.iter().flat_map(|names| names.iter().copied())
    }

    /// Whether a package is carried.
    pub fn takes(&self, offer: &Offer) -> bool {
        let format = self.formats.is_empty() || self.formats.contains(offer.extension());
        format && self.takes_architecture(&offer.architecture) && self.takes_release(offer)
    }

    /// What is named and published in no version that is wanted: misspelt, or not there any more.
    pub fn unmet<'o>(&self, offers: impl Iterator<Item = &'o Offer> + Clone) -> Vec<String> {
        let published = |wanted: &&Product| {
            let mut releases = offers.clone().filter_map(|offer| offer.release.as_ref());
            !releases.any(|(product, version)| wanted.takes(product, version))
        };
        self.products.iter().filter(published).map(ToString::to_string).collect()
    }

    fn takes_architecture(&self, architecture: &str) -> bool {
        let same = |wanted: &String| alike(wanted) == alike(architecture);
        self.architectures.is_empty() || alike(architecture) == "all" || self.architectures.iter().any(same)
    }

    fn takes_release(&self, offer: &Offer) -> bool {
        let Some((product, version)) = &offer.release else { return true };
        self.products.is_empty() || self.products.iter().any(|wanted| wanted.takes(product, version))
    }
}

impl Product {
    fn takes(&self, product: &ProductName, version: &Version) -> bool {
        self.name == *product && self.versions.as_ref().is_none_or(|range| range.contains(version))
    }
}

/// The name under which an architecture is compared.
fn alike(architecture: &str) -> &str {
    let same = ALIKE.iter().find(|names| names.contains(&architecture));
    same.map_or(architecture, |names| names[0])
}

impl FromStr for Product {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let end = text.find(|c: char| c.is_whitespace() || "<>=".contains(c)).unwrap_or(text.len());
        let (name, range) = text.split_at(end);
        let name = name.parse().map_err(|cause| format!("{cause}"))?;
        let range = range.trim();
        let versions = (!range.is_empty()).then(|| range.parse()).transpose();
        Ok(Self { name, versions: versions.map_err(|cause| format!("{cause}"))? })
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.versions {
            Some(range) => write!(f, "{} {range}", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}

impl TryFrom<String> for Product {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Product> for String {
    fn from(product: Product) -> Self {
        product.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use consign_metadata::digest::Sha256;
    use consign_metadata::feed::FileReference;

    fn offer(architecture: &str, release: Option<(&str, &str)>) -> Offer {
        let file = FileReference { path: "pool/x.deb".to_owned(), size: 1, sha256: Sha256::of(b"x") };
        let release = release.map(|(product, version)| (product.parse().unwrap(), version.parse().unwrap()));
        let (name, version, architecture) = ("x".to_owned(), "1".to_owned(), architecture.to_owned());
        Offer { name, version, architecture, file, release, plan: None }
    }

    #[test]
    fn what_belongs_to_no_product_and_is_for_all_is_always_carried() {
        let products = vec!["erp >=2.0.0, <3.0.0".parse().unwrap()];
        let selection = Selection { products, architectures: ["x86_64".to_owned()].into(), ..Selection::default() };
        let takes = |architecture: &str, release| selection.takes(&offer(architecture, release));
        assert!(takes("all", None) && takes("amd64", None) && takes("noarch", None));
        assert!(!takes("arm64", None) && !takes("aarch64", None));
        assert!(takes("amd64", Some(("erp", "2.1.0"))) && takes("all", Some(("erp", "2.0.0"))));
        assert!(!takes("amd64", Some(("erp", "3.0.0"))) && !takes("all", Some(("shop", "2.1.0"))));
        assert!(Selection::default().takes(&offer("s390x", Some(("shop", "1.0.0")))));
    }

    #[test]
    fn what_is_named_and_not_published_is_told() {
        let products = ["erp >=2.0.0", "erp >=9.0.0", "shpo"].map(|text| text.parse().unwrap()).to_vec();
        let selection = Selection { products, ..Selection::default() };
        let offers = [offer("all", None), offer("all", Some(("erp", "2.1.0"))), offer("all", Some(("shop", "1.0.0")))];
        assert_eq!(selection.unmet(offers.iter()), ["erp >=9.0.0", "shpo"]);
        assert!(Selection::default().unmet(offers.iter()).is_empty());
    }

    #[test]
    fn a_product_is_written_as_it_is_typed() {
        for text in ["erp", "erp >=3.25.0", "erp >=3.25.0, <4.0.0"] {
            assert_eq!(text.parse::<Product>().unwrap().to_string(), text);
        }
        assert_eq!("erp>=1.0.0".parse::<Product>().unwrap().to_string(), "erp >=1.0.0");
        assert!("erp 1.0.0".parse::<Product>().is_err() && ">=1.0.0".parse::<Product>().is_err());
    }
}
