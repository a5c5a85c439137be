//! Packages that are installed in two versions: what a transaction of rpm leaves that was cut off.
//!
//! rpm writes down a new version before it takes the old one away, and the old ones of a whole transaction go
//! at its end. Whoever puts that right takes a version away and runs scripts of packages, so it is done on the
//! site's word; and dnf's command for it knows no names, it takes the duplicates of all packages.

use std::collections::{BTreeMap, BTreeSet};

use consign_metadata::rpm::version;

use super::database::{self, NOT_INSTALLED};
use crate::host::{HostError, at};
use crate::places::Places;
use crate::site::Repair;

/// The package of the agent itself.
const AGENT: &str = "consignee";
const FORMAT: &str = "%{NAME}\\t%{ARCH}\\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\n";
const PROVIDES: &str = "%{NAME}\\t[%{PROVIDENAME} ]\\n";
/// What is meant to be there in several versions (`installonlypkgs` of dnf, `multiversion` of zypper).
const SIDE_BY_SIDE: [&str; 7] = [
    "kernel",
    "kernel-PAE",
    "installonlypkg(kernel)",
    "installonlypkg(kernel-module)",
    "installonlypkg(vm)",
    "multiversion(kernel)",
    "gpg-pubkey",
];
/// How many names a sentence bears.
const NAMES: usize = 8;

/// The packages that are there twice, in order of name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Duplicates {
    /// Those of the products, of their vendors' introductions, and the agent; with the newest version.
    pub ours: BTreeMap<String, String>,
    /// All others.
    pub others: Vec<String>,
}

impl Duplicates {
    /// Looks at the whole database.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(places: &Places) -> Result<Self, HostError> {
        let folder = database::folder(places)?;
        let twice = twice(&database::ask(&folder, FORMAT, &["--all"])?);
        if twice.is_empty() {
            return Ok(Self::default());
        }
        let names: Vec<&str> = ["--"].into_iter().chain(twice.keys().map(String::as_str)).collect();
        let side_by_side = side_by_side(&database::ask(&folder, PROVIDES, &names)?);
        let known = known(places)?;
        let twice = twice.into_iter().filter(|(name, _)| !side_by_side.contains(name));
        let (ours, others): (BTreeMap<_, _>, BTreeMap<_, _>) = twice.partition(|(name, _)| known.contains(name));
        Ok(Self { ours, others: others.into_keys().collect() })
    }

    /// Whether `command` is to be run now, which takes the older versions of all of them away; `false` where
    /// there is nothing of ours to put right.
    ///
    /// # Errors
    /// Where a person has to type it: naming what is there twice, and what the command takes along.
    pub fn settled_by(&self, command: &str, may: Repair) -> Result<bool, HostError> {
        match (self.ours.is_empty(), may) {
            (true, _) => Ok(false),
            (false, Repair::Auto) if self.others.is_empty() => Ok(true),
            (false, _) => Err(HostError {
                action: "finish an interrupted transaction".to_owned(),
                reason: self.sentence(command),
            }),
        }
    }

    fn sentence(&self, command: &str) -> String {
        let said = format!(
            "two versions of {} are installed; to put it right: {command}",
            list(&self.ours.keys().cloned().collect::<Vec<_>>())
        );
        match self.others.is_empty() {
            true => said,
            false => format!("{said}, which also takes away the older versions of {}", list(&self.others)),
        }
    }
}

fn list(names: &[String]) -> String {
    let shown = names.iter().take(NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The names that are there in two versions for one architecture, with the newest.
fn twice(answer: &str) -> BTreeMap<String, String> {
    let mut versions: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for line in answer.lines() {
        if let [name, architecture, version] = line.split('\t').collect::<Vec<_>>()[..] {
            versions.entry((name, architecture)).or_default().insert(version);
        }
    }
    let found = versions.into_iter().filter(|(_, versions)| versions.len() > 1);
    let newest = found.filter_map(|((name, _), versions)| {
        let newest = versions.into_iter().max_by(|a, b| version::compare(a, b))?;
        Some((name.to_owned(), newest.to_owned()))
    });
    newest.collect()
}

fn side_by_side(answer: &str) -> BTreeSet<String> {
    let lines = answer.lines().filter(|line| !line.ends_with(NOT_INSTALLED)).filter_map(|line| line.split_once('\t'));
    let is_one = |(name, provides): &(&str, &str)| {
        provides.split(' ').chain([*name]).any(|provided| SIDE_BY_SIDE.contains(&provided))
    };
    lines.filter(is_one).map(|(name, _)| name.to_owned()).collect()
}

/// The packages that the agent answers for.
fn known(places: &Places) -> Result<BTreeSet<String>, HostError> {
    let managed = std::fs::read_to_string(places.managed()).unwrap_or_default();
    let mut known: BTreeSet<String> = managed.lines().map(str::to_owned).collect();
    known.insert(AGENT.to_owned());
    let anchors = places.anchors();
    match std::fs::read_dir(&anchors) {
        Ok(vendors) => {
            known.extend(vendors.flatten().map(|vendor| format!("{}-release", vendor.file_name().display())));
            Ok(known)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(known),
        Err(error) => Err(at("list", &anchors, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::rpm::sample::Root;

    /// A host that manages acme-erp; the packages are there in the versions 1 and 2.
    fn host(twice: &[(&str, &str)]) -> Root {
        let root = Root::empty();
        fs_err::create_dir_all(root.places.anchors().join("acme")).unwrap();
        fs_err::create_dir_all(root.places.state()).unwrap();
        fs_err::write(root.places.managed(), "acme-erp\n").unwrap();
        root.install(&[root.build("once", "1", "1")]);
        for (name, more) in twice {
            root.install(&[root.build_with(name, "1", "1", more)]);
            root.install_beside(&root.build_with(name, "2", "1", more));
        }
        root
    }

    fn answer(root: &Root, may: Repair) -> Result<bool, String> {
        let found = Duplicates::read(&root.places).unwrap();
        found.settled_by("dnf remove --duplicates", may).map_err(|error| error.reason)
    }

    #[test]
    fn where_nothing_of_ours_is_there_twice_there_is_nothing_to_do() {
        assert_eq!(answer(&host(&[]), Repair::Auto), Ok(false));
        assert_eq!(answer(&host(&[("other", "")]), Repair::Auto), Ok(false));
    }

    #[test]
    fn what_is_only_ours_is_put_right_where_the_site_lets_the_agent() {
        let root = host(&[("acme-erp", ""), ("acme-release", ""), ("consignee", "")]);
        assert_eq!(answer(&root, Repair::Auto), Ok(true));
        let asked = "two versions of acme-erp, acme-release, consignee are installed; \
                     to put it right: dnf remove --duplicates";
        assert_eq!(answer(&root, Repair::Ask), Err(asked.to_owned()));
    }

    #[test]
    fn what_others_have_twice_is_named_and_left_to_a_person() {
        let root = host(&[("acme-erp", ""), ("acme-released", ""), ("glibc", "")]);
        for may in [Repair::Ask, Repair::Auto] {
            let said = answer(&root, may).unwrap_err();
            assert!(said.ends_with("which also takes away the older versions of acme-released, glibc"), "{said}");
        }
    }

    #[test]
    fn packages_that_are_meant_to_be_side_by_side_are_no_duplicates() {
        let root = host(&[("acme-erp", ""), ("kernel-core", "Provides: installonlypkg(kernel)")]);
        assert_eq!(answer(&root, Repair::Auto), Ok(true));
    }

    #[test]
    fn a_long_list_is_cut() {
        let names: Vec<String> = (0..10).map(|number| format!("p{number}")).collect();
        assert_eq!(list(&names), "p0, p1, p2, p3, p4, p5, p6, p7 and 2 more");
    }
}
