//! Modules that others built, bound to each other: each to the same release, and the same build of it.

use super::{WrapError, refused};
use crate::manifest::Project;
use crate::package::deb::ForeignDeb;

/// What a package is made to depend on, unless it does already.
pub fn of(project: &Project, packages: &[ForeignDeb], package: &ForeignDeb) -> Vec<String> {
    let bound = project.modules.iter().filter(|other| other.package != *package.name());
    let relation = bound.filter_map(|other| {
        let version = build_of(packages, other.package.as_str(), package.version())?;
        Some(format!("{} (= {version})", other.package))
    });
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    let own: Vec<String> = package.relations().map(squeezed).collect();
    relation.filter(|relation| !own.contains(&squeezed(relation))).collect()
}

/// Refuses modules of which nobody can tell which belong together.
pub fn check(project: &Project, packages: &[ForeignDeb]) -> Result<(), WrapError> {
    for package in packages {
        for other in project.modules.iter().filter(|other| other.package != *package.name()) {
            if build_of(packages, other.package.as_str(), package.version()).is_none() {
                let (other, version) = (&other.package, package.version());
                let reason = format!("it cannot be told which build of {other} belongs to {version}");
                return Err(refused(package, reason));
            }
        }
    }
    Ok(())
}

/// The build of the same version, or the only one there is.
fn build_of<'a>(packages: &'a [ForeignDeb], name: &str, version: &str) -> Option<&'a str> {
    let mut builds: Vec<&str> =
        packages.iter().filter(|p| p.name().as_str() == name).map(ForeignDeb::version).collect();
    builds.sort_unstable();
    builds.dedup();
    match builds[..] {
        [only] => Some(only),
        _ => builds.into_iter().find(|build| *build == version),
    }
}
