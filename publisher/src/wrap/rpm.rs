//! What an .rpm that others built is given.

use std::path::Path;

use super::Part;
use crate::build::{BuildError, agent_rpm_relation};
use crate::hooks;
use crate::manifest::Project;
use crate::package::UnsignedPackage;
use crate::package::foreign::ForeignPackage;
use crate::package::rpm::{Addition, ForeignRpm, REPORTED, Relation};

/// What is added to the package.
///
/// # Errors
/// Why it cannot be.
pub fn addition(project: &Project, package: &ForeignRpm, part: &Part) -> Result<Addition, String> {
    let documentation = format!("/usr/share/doc/{}", package.name());
    if package.is_no_folder(&documentation) && !project.notes.is_empty() {
        // They travel nowhere else in an rpm, and whoever reads it looks for those that the plan names.
        return Err(format!("installs no folder at {documentation}, where the release notes go"));
    }
    let mut scriptlets = Vec::new();
    for slot in REPORTED {
        let own = package.scriptlet(&slot)?;
        let (product, name) = (&project.product.id, package.name());
        scriptlets.push((slot, hooks::rpm::foreign::reporting(product, name, slot.name, own.as_ref())?));
    }
    let siblings = part.siblings.iter().map(|(other, version)| Relation::exactly(other.as_str(), version.as_str()));
    let mut requires: Vec<Relation> = siblings.filter(|relation| !package.needs(relation)).collect();
    requires.push(agent_rpm_relation(&project.product));
    Ok(Addition { payload: part.payload.clone(), requires, scriptlets })
}

/// Writes the package with its part.
pub fn write(
    project: &Project,
    package: &mut ForeignRpm,
    part: &Part,
    time: u64,
    output: &Path,
) -> Result<(UnsignedPackage, Vec<String>), BuildError> {
    let addition =
        addition(project, package, part).map_err(|reason| super::refused(package, format!("it {reason}")))?;
    Ok((package.wrap(&addition, time, output)?, Vec::new()))
}
