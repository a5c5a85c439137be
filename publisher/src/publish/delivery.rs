//! The packages that are handed in, verified and gathered into releases.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use consign_metadata::anchor::Fingerprint;
use consign_metadata::document::Role;
use consign_metadata::openpgp::Keyring;

use super::{PublishError, origin};
use crate::package::{SignedPackage, SignedPlan};
use crate::trust::Trust;

/// The packages of one release that were handed in; at least one, and all with the same plan.
#[derive(Debug)]
pub struct DeliveredRelease {
    packages: Vec<SignedPackage>,
}

impl DeliveredRelease {
    /// Its packages.
    pub fn packages(&self) -> &[SignedPackage] {
        &self.packages
    }

    /// The package whose plan and notes stand for all of them.
    pub fn first(&self) -> &SignedPackage {
        &self.packages[0]
    }
}

/// Verifies the vendor's packages and gathers them by release.
///
/// # Errors
/// [`PublishError`]
pub fn releases(paths: &[PathBuf], trust: &Trust, keyring: &Keyring) -> Result<Vec<DeliveredRelease>, PublishError> {
    let vendor = &trust.roles.vendor;
    let mut releases: BTreeMap<_, Vec<SignedPackage>> = BTreeMap::new();
    for path in paths {
        let package = origin::open(path, keyring, &trust.keys_of(Role::Package), vendor.as_str())?;
        let refuse = |reason: String| PublishError::Delivery { path: path.display().to_string(), reason };
        let plan = plan_of(&package, trust).map_err(refuse)?;
        let envelope = &plan.plan.envelope;
        let release = (envelope.product.clone(), envelope.version.clone(), envelope.revision);
        let digest = plan.plan.digest;
        let others = releases.entry(release).or_default();
        if let Some(other) = others.iter().find(|o| o.plan().map(|p| p.plan.digest) != Some(digest)) {
            let other = other.path().display();
            return Err(refuse(format!("it carries another upgrade plan than {other}, of the same release")));
        }
        // Package managers take the higher one, whatever it was built for.
        let native = package.format().native(package.version());
        let same = |other: &&SignedPackage| {
            other.name() == package.name() && other.format().version_in(&native).is_some_and(|v| v != other.version())
        };
        if let Some(other) = others.iter().find(same) {
            let other = other.version();
            return Err(refuse(format!("it is another build of its release than {other}; each build has its channel")));
        }
        others.push(package);
    }
    Ok(releases.into_values().map(|packages| DeliveredRelease { packages }).collect())
}

/// The plan of a package, if it is one of the vendor's and says that the package is what it is.
fn plan_of<'a>(package: &'a SignedPackage, trust: &Trust) -> Result<&'a SignedPlan, String> {
    let vendor = &trust.roles.vendor;
    let plan = package.plan().ok_or("it carries no upgrade plan, so it is no part of a product")?;
    let envelope = &plan.plan.envelope;
    if envelope.vendor != *vendor {
        return Err(format!("its upgrade plan belongs to {}, not to {vendor}", envelope.vendor));
    }
    let module = plan.plan.body.modules.iter().find(|module| module.package == *package.name());
    let module = module.ok_or_else(|| format!("{} is no module of its own upgrade plan", package.name()))?;
    let planned: Vec<&str> = module.natives().filter_map(|native| package.format().version_in(native)).collect();
    if planned.contains(&package.version()) {
        return Ok(plan);
    }
    let planned = if planned.is_empty() { "none".to_owned() } else { planned.join(" or ") };
    Err(format!("it has version {}, and its plan says {planned}", package.version()))
}

/// Verifies the agent's packages, which are republished as they are.
///
/// # Errors
/// [`PublishError`]
pub fn agents(
    paths: &[PathBuf],
    keyring: &Keyring,
    expected: &BTreeSet<Fingerprint>,
) -> Result<Vec<SignedPackage>, PublishError> {
    let open = |path: &PathBuf| {
        let package = origin::open(path, keyring, expected, "agent")?;
        named_as_agent(path, &package)?;
        Ok(package)
    };
    paths.iter().map(open).collect()
}

fn named_as_agent(path: &Path, package: &SignedPackage) -> Result<(), PublishError> {
    if package.name().as_str() == super::AGENT {
        return Ok(());
    }
    let reason = format!("it is {}, and the agent's keys are good for {} only", package.name(), super::AGENT);
    Err(PublishError::Delivery { path: path.display().to_string(), reason })
}
