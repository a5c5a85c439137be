//! The packages of an archive, and what they depend on.

use std::collections::{BTreeMap, BTreeSet};

use consign_metadata::feed::FileReference;

use crate::repository::apt::deb822::{field, paragraphs};

/// A package of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// The file, below the root of the archive.
    pub file: FileReference,
    /// What it needs: each clause is a list of alternatives.
    pub(super) needs: Vec<Vec<String>>,
    /// What else it is taken for.
    pub(super) provides: Vec<String>,
}

type ByName<'a> = BTreeMap<&'a str, Vec<&'a Package>>;

/// Reads the text of an index.
///
/// # Errors
/// What is wrong with it.
pub fn parse(text: &str) -> Result<Vec<Package>, String> {
    paragraphs(text).map(package).collect()
}

fn package(stanza: &str) -> Result<Package, String> {
    let get = |name: &str| field(stanza, name).ok_or_else(|| format!("a stanza has no field {name}"));
    let size = get("Size")?.parse().map_err(|_| "a stanza has a bad size".to_owned())?;
    let sha256 = get("SHA256")?.parse().map_err(|cause| format!("a stanza has a bad digest: {cause}"))?;
    let file = FileReference { path: get("Filename")?.trim_start_matches("./").to_owned(), size, sha256 };
    let clauses = ["Pre-Depends", "Depends"].into_iter().filter_map(|name| field(stanza, name));
    let needs = clauses.flat_map(|clauses| clauses.split(',')).map(|clause| clause.split('|').map(name_in).collect());
    let provides = field(stanza, "Provides").unwrap_or_default().split(',').map(name_in);
    Ok(Package { name: get("Package")?.to_owned(), file, needs: needs.collect(), provides: provides.collect() })
}

/// The name in `libc6 (>= 2.38)` or `python3:any`.
fn name_in(relation: &str) -> String {
    relation.trim().split([' ', '(', ':', '[']).next().unwrap_or_default().to_owned()
}

/// The packages of these names; with `dependencies` also those that they need: of a clause the first
/// alternative that is there, or everything that provides it.
pub fn chosen<'a>(packages: &'a [Package], names: &BTreeSet<String>, dependencies: bool) -> Vec<&'a Package> {
    if names.is_empty() {
        return packages.iter().collect();
    }
    let (mut real, mut provided) = (ByName::new(), ByName::new());
    for package in packages {
        real.entry(&package.name).or_default().push(package);
        for name in package.provides.iter().filter(|name| !name.is_empty()) {
            provided.entry(name).or_default().push(package);
        }
    }
    let (mut chosen, mut open) = (BTreeSet::new(), names.iter().map(String::as_str).collect::<Vec<_>>());
    while let Some(name) = open.pop() {
        let found = real.get(name).or_else(|| provided.get(name)).into_iter().flatten();
        let new: Vec<&str> = found.map(|package| package.name.as_str()).filter(|name| chosen.insert(*name)).collect();
        if !dependencies {
            continue;
        }
        for needed in new.iter().filter_map(|name| real.get(name)).flatten().flat_map(|package| &package.needs) {
            let first =
                |known: &BTreeMap<&str, Vec<&Package>>| needed.iter().find(|name| known.contains_key(name.as_str()));
            open.extend(first(&real).or_else(|| first(&provided)).map(String::as_str));
        }
    }
    packages.iter().filter(|package| chosen.contains(package.name.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages() -> Vec<Package> {
        let stanza = |name: &str, more: &str| {
            let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
            format!("Package: {name}\n{more}Filename: pool/{name}.deb\nSize: 3\nSHA256: {digest}\n\n")
        };
        let text = stanza("erp", "Depends: python3:any (>= 3.11), mta | postfix, gone | libx\nPre-Depends: init\n")
            + &stanza("python3", "Depends: libc6 (>= 2.38)\n")
            + &stanza("libc6", "")
            + &stanza("postfix", "")
            + &stanza("exim", "Provides: mta, mta-tls (= 3)\n")
            + &stanza("libx", "Depends: erp\n")
            + &stanza("systemd-sysv", "Provides: init\n")
            + &stanza("other", "");
        parse(&text).unwrap()
    }

    #[test]
    fn dependencies_are_followed_to_the_end_and_circles_end() {
        let packages = packages();
        let names = |wanted: &str, dependencies| {
            let chosen = chosen(&packages, &[wanted.to_owned()].into(), dependencies);
            chosen.into_iter().map(|package| package.name.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(names("erp", true), ["erp", "python3", "libc6", "postfix", "libx", "systemd-sysv"]);
        assert_eq!(names("erp", false), ["erp"]);
        assert_eq!(names("mta", true), ["exim"]);
        assert_eq!(chosen(&packages, &BTreeSet::new(), true).len(), 8);
    }
}
