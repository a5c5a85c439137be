//! What a release changes in the shape of its product, against the release before it: packages that it
//! needs, packages that it has, and what its paths are.
//!
//! Nothing of it is wrong for a host that installs the product for the first time, so only a comparison
//! with what is published finds it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;

use consign_metadata::feed::{FeedPackage, FeedRelease};
use consign_metadata::name::PackageName;

use super::PublishError;
use super::delivery::DeliveredRelease;
use super::paths::Paths;
use crate::file::OnFile;
use crate::package::SignedPackage;
use crate::repository::apt::{AptRepository, Stanza};
use crate::repository::{RepositoryError, RepositoryFormat};
use crate::store::{Key, Store};

/// The fields that name what a package cannot be installed without.
const NEEDS: [&str; 2] = ["Pre-Depends", "Depends"];
const REPLACES: &str = "Replaces";

/// Compares a release with the one before it. The warnings say on which hosts it is kept back, and by what.
///
/// # Errors
/// [`PublishError::Delivery`] when dpkg would not install it over the one before.
pub fn compare(
    store: &dyn Store,
    repository: &AptRepository<'_>,
    before: &FeedRelease,
    now: &DeliveredRelease,
) -> Result<Vec<String>, PublishError> {
    let now: Vec<_> = now.packages().iter().filter(|package| package.control().is_some()).collect();
    let before_debs: Vec<_> = before.packages.iter().filter(|package| package.native.deb.is_some()).collect();
    // Of a release that is new to dpkg nothing can be compared.
    if before_debs.is_empty() || now.iter().all(|package| repository.is_offered(package)) {
        return Ok(Vec::new());
    }
    let earlier = before.version.as_str();
    paths(store, earlier, &before_debs, &now)?;
    let old: Vec<&Stanza> = before_debs.iter().filter_map(|package| repository.stanza(&package.file.path)).collect();
    let names = |packages: &mut dyn Iterator<Item = &PackageName>| packages.cloned().collect::<BTreeSet<_>>();
    let old_names = names(&mut before_debs.iter().map(|package| &package.package));
    let new_names = names(&mut now.iter().map(|package| package.name()));
    let mut warnings = Vec::new();
    for added in new_names.difference(&old_names) {
        warnings.push(format!(
            "{added} was no package of {earlier}: apt-get upgrade keeps the product back, and the first apt upgrade brings only the release package that makes the name known; the second one, or apt full-upgrade after it, upgrades the product"
        ));
    }
    for dropped in old_names.difference(&new_names) {
        warnings.push(format!(
            "{dropped} was a package of {earlier} and is none now: apt upgrade keeps the product back on hosts that have it, and only apt full-upgrade, which removes it, upgrades the product; if a module took its place, say replaces = [\"{dropped}\"] for that module"
        ));
    }
    let known: BTreeSet<String> = old.iter().flat_map(|stanza| needs(|name| stanza.field(name))).flatten().collect();
    let mut told = BTreeSet::new();
    for package in &now {
        for group in needs(|name| package.field(name)) {
            let own = |name: &String| new_names.iter().any(|own| own.as_str() == name);
            if group.iter().any(|name| known.contains(name) || own(name)) || !told.insert(group.clone()) {
                continue;
            }
            warnings.push(format!(
                "{} needs {}, which {earlier} did not: where it is not installed, apt-get upgrade keeps the product back and apt upgrade installs it",
                package.name(),
                group.join(" or ")
            ));
        }
    }
    Ok(warnings)
}

/// Refuses two packages of a release that have one file.
///
/// # Errors
/// [`PublishError::Delivery`]
pub fn inspect(release: &DeliveredRelease) -> Result<(), PublishError> {
    let debs: Vec<_> = release.packages().iter().filter(|package| package.control().is_some()).collect();
    let names: BTreeSet<_> = debs.iter().map(|package| package.name()).collect();
    // One that is alone shares with nobody, and need not be read.
    if names.len() < 2 {
        return Ok(());
    }
    let mut seen: Vec<(&SignedPackage, Paths)> = Vec::new();
    for package in debs {
        let mut paths = Paths::default();
        let file = File::open(package.path()).on("read", package.path())?;
        paths.read(package.name(), io::BufReader::new(file)).on("read", package.path())?;
        for (other, theirs) in seen.iter().filter(|(other, _)| other.name() != package.name()) {
            let Some(path) = paths.shared(theirs) else { continue };
            if !takes_over(package, other.name()) && !takes_over(other, package.name()) {
                let other = other.name();
                let reason = format!(
                    "{path} is in {other} as well, and dpkg lets no two packages have one file; take it out of one of them"
                );
                return Err(PublishError::Delivery { path: package.path().display().to_string(), reason });
            }
        }
        seen.push((package, paths));
    }
    Ok(())
}

/// Whether a package says that it takes over the files of another.
fn takes_over(package: &SignedPackage, other: &PackageName) -> bool {
    let replaces = package.field(REPLACES).unwrap_or_default();
    replaces.split(',').any(|relation| name_of(relation) == other.as_str())
}

/// The names of each group of alternatives.
fn needs<'a>(field: impl Fn(&str) -> Option<&'a str>) -> Vec<Vec<String>> {
    let groups = NEEDS.iter().filter_map(|name| field(name)).flat_map(|value| value.split(','));
    groups.map(|group| group.split('|').map(name_of).collect()).collect()
}

/// `libssl3:any (>= 3.0)` → `libssl3`
fn name_of(relation: &str) -> String {
    relation.split(['(', '[', ':']).next().unwrap_or_default().trim().to_owned()
}

fn paths(
    store: &dyn Store,
    earlier: &str,
    before: &[&FeedPackage],
    now: &[&SignedPackage],
) -> Result<(), PublishError> {
    let (mut old, mut new) = (Paths::default(), Paths::default());
    for package in before {
        let key: Key = package.file.path.parse()?;
        let damaged = |cause: io::Error| RepositoryError::damaged(&key, cause);
        let content = store.get(&key, u64::MAX)?;
        let content = content.ok_or_else(|| damaged(io::Error::other("it is not there, although it is published")))?;
        old.read(&package.package, io::BufReader::new(content)).map_err(damaged)?;
    }
    for package in now {
        let path = package.path();
        let file = File::open(path).on("read", path)?;
        new.read(package.name(), io::BufReader::new(file)).on("read", path)?;
    }
    let takes_over = |new: &PackageName, old: &PackageName| {
        now.iter().any(|package| package.name() == new && takes_over(package, old))
    };
    let conflicts = new.conflicts(&old, earlier, &takes_over);
    match conflicts.as_slice() {
        [] => Ok(()),
        [(package, problem), others @ ..] => {
            let file = now.iter().find(|p| p.name() == package).map(|p| p.path().display().to_string());
            let more = if others.is_empty() { String::new() } else { format!(" (and {} more paths)", others.len()) };
            Err(PublishError::Delivery { path: file.unwrap_or_default(), reason: format!("{problem}{more}") })
        }
    }
}
