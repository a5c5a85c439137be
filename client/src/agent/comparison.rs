//! The package database against an upgrade: Before, Partial or After.

use std::collections::BTreeMap;

use consign_metadata::name::PackageName;
use consign_metadata::plan::{Module, UpgradePlan};
use consign_metadata::version::Version;

use crate::engine::event::{Header, ModuleChange, Packages};
use crate::host::{Observed, PackageManager};

/// What the package database has, by package.
pub type Database = BTreeMap<PackageName, Observed>;

/// The native versions of a module in this package manager's format, one for each build of the release.
pub fn natives<'a>(packages: &'a dyn PackageManager, module: &'a Module) -> impl Iterator<Item = &'a str> {
    module.natives().filter_map(|versions| packages.native(versions))
}

/// Whether a native version of a module is one of its release.
pub fn is_native(packages: &dyn PackageManager, module: &Module, version: &str) -> bool {
    natives(packages, module).any(|native| native == version)
}

/// After: every module configured at its version after. Before: every module as it was. Everything else,
/// a third version included, is Partial. Another build of the release than the expected one is After, too,
/// unless it is the one that was there before.
///
/// Packages of the plan that nobody expected when the list was frozen, but that are there, must be done
/// as well before the upgrade counts as After.
pub fn compare(packages: &dyn PackageManager, header: &Header, plan: &UpgradePlan, database: &Database) -> Packages {
    let is = |package: &PackageName, version: &str| {
        database.get(package).is_some_and(|found| found.configured && found.version == version)
    };
    let is_of_release = |package: &PackageName| {
        let module = plan.body.modules.iter().find(|module| module.package == *package);
        let found = database.get(package).filter(|found| found.configured);
        module.zip(found).is_some_and(|(module, found)| is_native(packages, module, &found.version))
    };
    let unexpected =
        || plan.body.modules.iter().filter(|module| header.modules.iter().all(|known| known.package != module.package));
    let is_done = |module: &ModuleChange| {
        let was_there = module.before.as_ref().is_some_and(|before| is(&module.package, before));
        is(&module.package, &module.after) || (!was_there && is_of_release(&module.package))
    };
    let after = header.modules.iter().all(is_done)
        && unexpected().all(|module| !database.contains_key(&module.package) || is_of_release(&module.package));
    if after {
        return Packages::After;
    }
    let before = header.modules.iter().all(|module| match &module.before {
        Some(version) => is(&module.package, version),
        None => !database.contains_key(&module.package),
    });
    if before { Packages::Before } else { Packages::Partial }
}

/// Whether every package of a plan that is on the host is configured at the plan's version, and one is.
pub fn is_installed(packages: &dyn PackageManager, plan: &UpgradePlan, database: &Database) -> bool {
    let mut found = false;
    for module in &plan.body.modules {
        let Some(observed) = database.get(&module.package) else { continue };
        found = true;
        if !observed.configured || !is_native(packages, module, &observed.version) {
            return false;
        }
    }
    found
}

/// The version behind a package that came without a plan, from a time before Consign. The one place where
/// a native version is read: without epoch and packaging revision it is what the vendor wrote.
pub fn baseline(native: &str) -> Option<Version> {
    let upstream = native.split_once(':').map_or(native, |(_, rest)| rest);
    let upstream = upstream.rsplit_once('-').map_or(upstream, |(version, _)| version);
    upstream.replace('~', "-").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_baseline_is_the_vendors_own_version() {
        let of = |native: &str| baseline(native).map(|version| version.to_string());
        assert_eq!(of("1:3.25.0-2").as_deref(), Some("3.25.0"));
        assert_eq!(of("24.10").as_deref(), Some("24.10"));
        assert_eq!(of("2.0.0~rc.1-1").as_deref(), Some("2.0.0-rc.1"));
        assert_eq!(of("3.25.0+dfsg1-2"), None);
        assert_eq!(of("20240101"), None);
    }
}
