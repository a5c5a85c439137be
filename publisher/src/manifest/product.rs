//! The release itself: name, version, and what it can be installed over.

use std::collections::BTreeSet;

use super::spanned::Spanned;
use consign_metadata::name::ProductId;
use consign_metadata::plan::NativeVersions;
use consign_metadata::version::{Class, ClassRule, Version};

use super::authored;
use super::duration::Span;
use super::error::Fault;
use super::files::one_line;
use super::plan::MINIMUM_AGENT;
use crate::package::PackageFormat;
use crate::package::deb::version as deb_version;
use crate::package::msi::version as msi_version;
use crate::package::rpm::version as rpm_version;

/// A release of a product.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Product {
    pub id: ProductId,
    pub version: Version,
    pub revision: u32,
    /// The version as dpkg spells it, without the name of a build.
    pub deb_version: String,
    /// The version as rpm spells it, without the name of a build.
    pub rpm_version: String,
    /// The version as Windows has it on record, without the name of a build.
    pub msi_version: String,
    /// The version as Windows Installer compares it; `None` where it cannot hold it.
    pub windows_version: Option<String>,
    /// What packages are built in, where a build says nothing else.
    pub formats: BTreeSet<PackageFormat>,
    pub summary: String,
    pub description: String,
    pub maintainer: String,
    pub homepage: Option<String>,
    pub license: String,
    pub supported_from: Version,
    pub upgrades: BTreeSet<Class>,
    pub class_rule: ClassRule,
    pub required_stops: Vec<Version>,
    pub minimum_agent: Version,
    pub preparation_seconds: Option<u32>,
}

impl Product {
    /// The versions of its packages, where it has no builds.
    pub fn native(&self) -> NativeVersions {
        let has = |format| self.formats.contains(&format);
        NativeVersions {
            deb: has(PackageFormat::Deb).then(|| self.deb_version.clone()),
            rpm: has(PackageFormat::Rpm).then(|| self.rpm_version.clone()),
            msi: has(PackageFormat::Msi).then(|| self.msi_version.clone()),
        }
    }
}

impl authored::Product {
    pub(super) fn validate(&self, manifest: &authored::Manifest) -> Result<Product, Fault> {
        let (version, revision) = (self.version.get_ref(), *self.revision.get_ref());
        if revision == 0 {
            return Err(Fault::at(self.revision.span(), "packaging revisions count from 1"));
        }
        let deb_version =
            deb_version::of(version, revision).map_err(|e| Fault::at(self.version.span(), e.to_string()))?;
        let supported_from = match &self.supported_from {
            Some(from) if from.get_ref() > version => {
                return Err(Fault::at(from.span(), format!("supported_from is above the version {version}")));
            }
            Some(from) => from.get_ref().clone(),
            None => "0.0.0".parse().expect("it is a version"),
        };
        let class_rule = match &self.class_rule {
            Some(rule) if !rule.get_ref().is_valid() => {
                return Err(Fault::at(rule.span(), "a class rule has 1 ≤ major ≤ minor ≤ 3"));
            }
            rule => rule.as_ref().map_or_else(ClassRule::default, |rule| *rule.get_ref()),
        };
        Ok(Product {
            id: ProductId { vendor: manifest.vendor.clone(), product: self.name.clone() },
            summary: one_line(&self.summary, "summary")?,
            description: self.description.clone(),
            maintainer: maintainer(&self.maintainer)?,
            homepage: self.homepage.as_ref().map(web_address).transpose()?,
            license: self.license.as_ref().map_or_else(|| Ok("Proprietary".to_owned()), |l| one_line(l, "license"))?,
            upgrades: self.upgrades.clone().unwrap_or_else(|| [Class::Patch, Class::Minor].into()),
            required_stops: stops(&self.required_stops, version)?,
            minimum_agent: self
                .minimum_agent
                .clone()
                .unwrap_or_else(|| MINIMUM_AGENT.parse().expect("it is a version")),
            preparation_seconds: self.preparation.map(Span::seconds),
            version: version.clone(),
            revision,
            deb_version,
            rpm_version: rpm_version::of(version, revision)
                .map_err(|e| Fault::at(self.version.span(), e.to_string()))?,
            msi_version: msi_version::native(version, revision),
            windows_version: self.windows_version()?,
            formats: formats(self.formats.as_ref())?.unwrap_or_else(|| [PackageFormat::Deb].into()),
            supported_from,
            class_rule,
        })
    }
}

impl authored::Product {
    fn windows_version(&self) -> Result<Option<String>, Fault> {
        match &self.windows_version {
            Some(typed) => {
                let version = msi_version::typed(typed.get_ref());
                version.map(Some).map_err(|message| Fault::at(typed.span(), message))
            }
            None => match msi_version::product_version(self.version.get_ref()) {
                Ok(version) => Ok(Some(version)),
                Err(message) if self.is_for_windows() => Err(Fault::at(self.version.span(), message).help(
                    "give it another one there, windows_version = \"24.4.1\" below [product], which must rise with every release",
                )),
                Err(_) => Ok(None),
            },
        }
    }

    fn is_for_windows(&self) -> bool {
        self.formats.as_ref().is_some_and(|formats| formats.get_ref().contains(&PackageFormat::Msi))
    }
}

/// The formats that are said, at least one.
pub(super) fn formats(
    said: Option<&Spanned<BTreeSet<PackageFormat>>>,
) -> Result<Option<BTreeSet<PackageFormat>>, Fault> {
    match said {
        Some(formats) if formats.get_ref().is_empty() => {
            Err(Fault::at(formats.span(), "packages in no format are none; say \"deb\", \"rpm\", \"msi\" or several"))
        }
        said => Ok(said.map(|formats| formats.get_ref().clone())),
    }
}

fn stops(stops: &[Spanned<Version>], version: &Version) -> Result<Vec<Version>, Fault> {
    if let Some(late) = stops.iter().find(|stop| stop.get_ref() >= version) {
        return Err(Fault::at(late.span(), format!("{} is not a stop on the way to {version}", late.get_ref()))
            .help("a release cannot be its own stop; the releases after it name it"));
    }
    let mut stops: Vec<_> = stops.iter().map(|stop| stop.get_ref().clone()).collect();
    stops.sort();
    Ok(stops)
}

fn maintainer(text: &Spanned<String>) -> Result<String, Fault> {
    let value = one_line(text, "maintainer")?;
    let address = value.strip_suffix('>').and_then(|rest| rest.split_once(" <")).map(|(_, address)| address);
    match address.and_then(|address| address.split_once('@')) {
        Some((user, host)) if !user.is_empty() && !host.is_empty() => Ok(value),
        _ => Err(Fault::at(text.span(), format!("{value:?} is not a maintainer, as in Acme <packages@acme.example>"))),
    }
}

pub(super) fn web_address(text: &Spanned<String>) -> Result<String, Fault> {
    let value = one_line(text, "an address")?;
    if value.contains(char::is_whitespace) || !(value.starts_with("https://") || value.starts_with("http://")) {
        return Err(Fault::at(text.span(), format!("{value:?} is not an http:// or https:// address")));
    }
    Ok(value.trim_end_matches('/').to_owned())
}
