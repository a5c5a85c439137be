//! Builds of one release: one for each release of a distribution, each in a channel of its own.
//!
//! They have the same plan and differ in their files (`{build}` in a `from`) and dependencies. A package
//! of a build has the build's name at the end of its version, `1.2.0-1~deb12`, so that whoever moves on to
//! the next release of the distribution is moved on by the package manager.

use std::collections::BTreeSet;

use super::spanned::Spanned;
use consign_metadata::name::ChannelName;
use consign_metadata::plan::NativeVersions;

use super::authored;
use super::error::Fault;
use super::module::{relations, rpm_relations};
use super::product::{Product, formats};
use crate::package::PackageFormat;
use crate::package::rpm::Relation;

/// What stands for the name of a build in the `from` of a file.
const PLACEHOLDER: &str = "{build}";

/// One build of a release.
#[derive(Debug, Clone)]
pub struct Build {
    /// At the end of its versions.
    pub name: String,
    /// Where it is published; where nothing is said, the repository's.
    pub channel: Option<ChannelName>,
    /// What its packages are built in.
    pub formats: BTreeSet<PackageFormat>,
    /// What every package of it depends on.
    pub depends_deb: Vec<String>,
    /// The same for rpm.
    pub depends_rpm: Vec<Relation>,
}

impl Build {
    /// The Debian version of a release in this build.
    pub fn version(&self, release: &str) -> String {
        format!("{release}~{}", self.name)
    }

    /// The versions of a release in this build.
    pub fn native(&self, product: &Product) -> NativeVersions {
        let has = |format| self.formats.contains(&format);
        NativeVersions {
            deb: has(PackageFormat::Deb).then(|| self.version(&product.deb_version)),
            // As distributions do it: `1.2.0-1.el9`.
            rpm: has(PackageFormat::Rpm).then(|| format!("{}.{}", product.rpm_version, self.name)),
            msi: has(PackageFormat::Msi).then(|| product.msi_version.clone()),
        }
    }
}

/// All builds, in the order of their versions.
pub(super) fn validate(builds: &[authored::Build], product: &Product) -> Result<Vec<Build>, Fault> {
    let mut seen = BTreeSet::new();
    let mut validated = Vec::new();
    for build in builds {
        let name = build.name.get_ref();
        let plain = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if !plain {
            let message = format!("{name:?} is not the name of a build: lower-case letters and digits, as in deb12");
            return Err(Fault::at(build.name.span(), message));
        }
        if !seen.insert(name) {
            return Err(Fault::at(build.name.span(), format!("two builds are called {name:?}")));
        }
        let formats = formats_of(build, product)?;
        let mut shared = false;
        for other in builds.iter().filter(|other| other.name != build.name && other.channel == build.channel) {
            shared |= !formats_of(other, product)?.is_disjoint(&formats);
        }
        if shared {
            let message = format!("build {name:?} is not the only one in its channel");
            return Err(Fault::at(build.name.span(), message).help(
                "package managers take the highest version of a channel, whatever it was built for: name a channel for each",
            ));
        }
        validated.push(Build {
            name: name.clone(),
            channel: build.channel.clone(),
            formats,
            depends_deb: relations(&build.depends.deb)?,
            depends_rpm: rpm_relations(&build.depends.rpm)?,
        });
    }
    Ok(validated)
}

fn formats_of(build: &authored::Build, product: &Product) -> Result<BTreeSet<PackageFormat>, Fault> {
    Ok(formats(build.formats.as_ref())?.unwrap_or_else(|| product.formats.clone()))
}

/// The path of a file in a build.
pub(super) fn path(from: &Spanned<String>, build: Option<&Build>) -> Result<Spanned<String>, Fault> {
    let written = from.get_ref();
    match build {
        _ if !written.contains(PLACEHOLDER) => Ok(from.clone()),
        Some(build) => Ok(Spanned::new(from.span(), written.replace(PLACEHOLDER, &build.name))),
        None => Err(Fault::at(from.span(), format!("{written:?} asks for a build, and there is no [[build]]"))),
    }
}
