//! Whether the packages that were given are the release that the manifest describes.

use std::collections::{BTreeMap, BTreeSet};

use consign_metadata::name::PackageName;
use consign_metadata::plan::NativeVersions;
use consign_metadata::version::Version;

use super::foreign::Versions;
use super::{Foreign, WrapError, refused};
use crate::manifest::Project;
use crate::package::PackageFormat;

/// Every format has every module, and where the manifest says which formats there are it is these.
pub fn check_formats(project: &Project, packages: &[Foreign]) -> Result<(), WrapError> {
    let given: BTreeSet<PackageFormat> = packages.iter().map(|package| package.format()).collect();
    let refuse = |reason: String| {
        let release = format!("{} {}", project.product.id, project.product.version);
        Err(WrapError::Release { release, reason })
    };
    let said = &project.product.formats;
    if let Some(format) = said.difference(&given).next() {
        return refuse(format!("the manifest's formats name {format}, and no .{format} was given"));
    }
    if let Some(format) = given.difference(said).next().filter(|_| !said.is_empty()) {
        return refuse(format!("a .{format} was given, and the manifest's formats do not name {format}"));
    }
    for format in given {
        let has = |name: &PackageName| packages.iter().any(|p| p.format() == format && p.name() == name);
        if let Some(module) = project.modules.iter().find(|module| !has(&module.package)) {
            return refuse(format!("there is no .{format} of its module {}", module.package));
        }
    }
    Ok(())
}

/// The versions of every module, one entry for each build.
pub fn versions(
    project: &Project,
    packages: &[Foreign],
) -> Result<BTreeMap<PackageName, Vec<NativeVersions>>, WrapError> {
    let mut seen = BTreeSet::new();
    let mut versions: BTreeMap<PackageName, Versions> = BTreeMap::new();
    for package in packages {
        if !project.modules.iter().any(|module| module.package == *package.name()) {
            return Err(refused(&**package, format!("the manifest has no module {}", package.name())));
        }
        if !seen.insert((package.format(), package.name(), package.version(), package.architecture())) {
            return Err(refused(&**package, "it was given twice"));
        }
        let version = &project.product.version;
        if !is_of(package.version(), version) {
            let reason = format!("its version is {}, and the manifest's is {version}", package.version());
            return Err(refused(&**package, reason));
        }
        versions.entry(package.name().clone()).or_default().add(package);
    }
    match project.modules.iter().find(|module| !versions.contains_key(&module.package)) {
        None => Ok(versions.into_iter().map(|(name, versions)| (name, versions.natives())).collect()),
        Some(module) => Err(WrapError::Release {
            release: format!("{} {}", project.product.id, project.product.version),
            reason: format!("there is no file of its module {}", module.package),
        }),
    }
}

/// Whether a native version is one of the release: without epoch, packaging revision, and what a packager
/// put behind a `+` or `^` to say that the sources are not quite the vendor's, it is the vendor's.
fn is_of(native: &str, version: &Version) -> bool {
    let upstream = native.split_once(':').map_or(native, |(_, rest)| rest);
    let upstream = upstream.rsplit_once('-').map_or(upstream, |(upstream, _)| upstream);
    let upstream = upstream.split_once(['+', '^']).map_or(upstream, |(upstream, _)| upstream);
    upstream.replace('~', "-").parse::<Version>().is_ok_and(|found| found == *version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_packagers_add_to_a_version_is_not_part_of_it() {
        let version = "3.26.0".parse().unwrap();
        for native in
            ["3.26.0-1", "3.26.0-1~bookworm1", "1:3.26.0-0.2+b1", "3.26.0", "3.26.0+ds1-1~deb12u1", "3.26.0^git1-1.el9"]
        {
            assert!(is_of(native, &version), "{native}");
        }
        for native in ["3.26.1-1", "3.26.0~rc.1-1", "3.26.0.1-1"] {
            assert!(!is_of(native, &version), "{native}");
        }
        assert!(is_of("2.0.0~rc.1-1", &"2.0.0-rc.1".parse().unwrap()));
    }
}
