//! Modules that others built, bound to each other: each to the same release, and the same build of it.

use consign_metadata::name::PackageName;

use super::{Foreign, WrapError, refused};
use crate::manifest::Project;
use crate::package::foreign::ForeignPackage;

/// The other modules in the package's own format, each with the version that belongs to it.
pub fn of(project: &Project, packages: &[Foreign], package: &dyn ForeignPackage) -> Vec<(PackageName, String)> {
    let bound = project.modules.iter().filter(|other| other.package != *package.name());
    bound
        .filter_map(|other| Some((other.package.clone(), build_of(packages, &other.package, package)?.to_owned())))
        .collect()
}

/// Refuses modules of which nobody can tell which belong together.
pub fn check(project: &Project, packages: &[Foreign]) -> Result<(), WrapError> {
    for package in packages {
        for other in project.modules.iter().filter(|other| other.package != *package.name()) {
            if build_of(packages, &other.package, &**package).is_none() {
                let (other, version) = (&other.package, package.version());
                let reason = format!("it cannot be told which build of {other} belongs to {version}");
                return Err(refused(&**package, reason));
            }
        }
    }
    Ok(())
}

/// The build of the same version, or the only one there is.
fn build_of<'a>(packages: &'a [Foreign], name: &PackageName, package: &dyn ForeignPackage) -> Option<&'a str> {
    let of_it = packages.iter().filter(|other| other.name() == name && other.format() == package.format());
    let mut builds: Vec<&str> = of_it.map(|other| other.version()).collect();
    builds.sort_unstable();
    builds.dedup();
    match builds[..] {
        [only] => Some(only),
        _ => builds.into_iter().find(|build| *build == package.version()),
    }
}
