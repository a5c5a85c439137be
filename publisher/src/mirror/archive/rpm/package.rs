//! Packages of rpm, installed or offered: what they give, and what they ask for.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;

use consign_metadata::rpm::version;

use super::relation::Relation;
use super::requirement::Requirement;

/// A package.
#[derive(Debug, Clone, Default)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// `epoch:version-release`, or without an epoch.
    pub version: String,
    /// `noarch`, `x86_64`, …
    pub architecture: String,
    /// Whether it comes from the repository that is mirrored, and not from a vendor's.
    pub is_of_archive: bool,
    /// What it is taken for.
    pub gives: Vec<Relation>,
    /// What has to be there.
    pub needs: Vec<Requirement>,
    /// What comes along where it can be had.
    pub recommends: Vec<Requirement>,
    /// Where this is there, it comes along by itself.
    pub supplements: Vec<Requirement>,
    /// What it takes the place of.
    pub obsoletes: Vec<Relation>,
}

/// Packages by what they are taken for.
#[derive(Debug, Default)]
pub struct Packages {
    all: Vec<Package>,
    /// By what they give, and by their files.
    by_name: HashMap<Box<str>, Vec<usize>>,
    by_own_name: HashMap<String, Vec<usize>>,
}

impl Packages {
    /// Adds a package, with its files.
    pub fn add(&mut self, package: Package, files: Vec<Box<str>>) {
        let at = self.all.len();
        for name in package.gives.iter().map(|given| given.name.clone()).chain(files) {
            let those = self.by_name.entry(name).or_default();
            if those.last() != Some(&at) {
                those.push(at);
            }
        }
        self.by_own_name.entry(package.name.clone()).or_default().push(at);
        self.all.push(package);
    }

    /// Every one.
    pub fn all(&self) -> &[Package] {
        &self.all
    }

    /// Those of this name.
    pub fn named(&self, name: &str) -> &[usize] {
        self.by_own_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// Those that are taken for this.
    pub fn giving<'a>(&'a self, wanted: &'a Relation) -> impl Iterator<Item = usize> + 'a {
        let known = self.by_name.get(&wanted.name).into_iter().flatten().copied();
        known.filter(move |at| self.all[*at].is_taken_for(wanted))
    }
}

impl Package {
    /// Of one that is known by this name.
    fn is_taken_for(&self, wanted: &Relation) -> bool {
        wanted.is_bare() || self.gives.iter().any(|given| given.meets(wanted))
    }

    /// Whether it is another version of the same package, or puts an end to it.
    pub fn replaces(&self, other: &Self) -> bool {
        let alike = |a: &str, b: &str| a == b || a == "noarch" || b == "noarch";
        let itself = || Relation::parse(&format!("{} = {}", other.name, other.version));
        (self.name == other.name && alike(&self.architecture, &other.architecture))
            || self.obsoletes.iter().any(|gone| *gone.name == *other.name && gone.meets(&itself()))
    }

    /// The order of versions.
    pub fn compare(&self, other: &Self) -> Ordering {
        version::compare(&self.version, &other.version)
    }
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, version, architecture, .. } = self;
        write!(f, "{name}-{}.{architecture}", version.strip_prefix("0:").unwrap_or(version))
    }
}
