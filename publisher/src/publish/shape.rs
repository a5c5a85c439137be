//! What a release changes in the shape of its product, against the release before it: packages that it
//! needs, packages that it has, and what its paths are.
//!
//! Nothing of it is wrong for a host that installs the product for the first time, so only a comparison
//! with what is published finds it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;

use consign_metadata::feed::FeedRelease;
use consign_metadata::name::PackageName;

use super::PublishError;
use super::delivery::DeliveredRelease;
use super::paths::Paths;
use crate::file::OnFile;
use crate::package::SignedPackage;
use crate::repository::RepositoryError;
use crate::repository::apt::{AptRepository, Stanza};
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
    if now.packages().iter().all(|package| repository.is_offered(package)) {
        return Ok(Vec::new());
    }
    paths(store, before, now)?;
    let old: Vec<&Stanza> =
        before.packages.iter().filter_map(|package| repository.stanza(&package.file.path)).collect();
    let names = |packages: &mut dyn Iterator<Item = &PackageName>| packages.cloned().collect::<BTreeSet<_>>();
    let old_names = names(&mut before.packages.iter().map(|package| &package.package));
    let new_names = names(&mut now.packages().iter().map(SignedPackage::name));
    let earlier = before.version.as_str();
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
    for package in now.packages() {
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

/// The names of each group of alternatives.
fn needs<'a>(field: impl Fn(&str) -> Option<&'a str>) -> Vec<Vec<String>> {
    let groups = NEEDS.iter().filter_map(|name| field(name)).flat_map(|value| value.split(','));
    groups.map(|group| group.split('|').map(name_of).collect()).collect()
}

/// `libssl3:any (>= 3.0)` → `libssl3`
fn name_of(relation: &str) -> String {
    relation.split(['(', '[', ':']).next().unwrap_or_default().trim().to_owned()
}

fn paths(store: &dyn Store, before: &FeedRelease, now: &DeliveredRelease) -> Result<(), PublishError> {
    let (mut old, mut new) = (Paths::default(), Paths::default());
    for package in &before.packages {
        let key: Key = package.file.path.parse()?;
        let damaged = |cause: io::Error| RepositoryError::damaged(&key, cause);
        let content = store.get(&key, u64::MAX)?;
        let content = content.ok_or_else(|| damaged(io::Error::other("it is not there, although it is published")))?;
        old.read(&package.package, io::BufReader::new(content)).map_err(damaged)?;
    }
    for package in now.packages() {
        let path = package.path();
        let file = File::open(path).on("read", path)?;
        new.read(package.name(), io::BufReader::new(file)).on("read", path)?;
    }
    let takes_over = |new: &PackageName, old: &PackageName| {
        let package = now.packages().iter().find(|package| package.name() == new);
        let replaces = package.and_then(|package| package.field(REPLACES)).unwrap_or_default();
        replaces.split(',').any(|relation| name_of(relation) == old.as_str())
    };
    let conflicts = new.conflicts(&old, before.version.as_str(), &takes_over);
    match conflicts.as_slice() {
        [] => Ok(()),
        [(package, problem), others @ ..] => {
            let file = now.packages().iter().find(|p| p.name() == package).map(|p| p.path().display().to_string());
            let more = if others.is_empty() { String::new() } else { format!(" (and {} more paths)", others.len()) };
            Err(PublishError::Delivery { path: file.unwrap_or_default(), reason: format!("{problem}{more}") })
        }
    }
}
