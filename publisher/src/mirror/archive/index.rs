//! The packages of an archive, and what they depend on.

use std::collections::BTreeSet;
use std::io::{self, BufRead};

use consign_metadata::feed::FileReference;

use crate::repository::apt::deb822::field;

/// A package of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// The file, below the root of the archive.
    pub file: FileReference,
    /// What it needs.
    pub(super) needs: Clauses,
    /// What else it is taken for: a clause for each.
    pub(super) provides: Clauses,
}

/// Clauses, each of them a list of alternatives. In one piece: a distribution has half a million of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Clauses(Box<str>);

impl Clauses {
    /// These; names hold neither tabulators nor ends of lines.
    pub fn of<'a, C: IntoIterator<Item = &'a str>>(clauses: impl IntoIterator<Item = C>) -> Self {
        let mut text = String::new();
        for clause in clauses {
            let before = text.len();
            for name in clause.into_iter().filter(|name| !name.is_empty() && !name.contains(['\t', '\n'])) {
                text.extend([name, "\t"]);
            }
            if text.len() > before {
                text.push('\n');
            }
        }
        Self(text.into_boxed_str())
    }

    fn iter(&self) -> impl Iterator<Item = impl Iterator<Item = &str>> {
        self.0.split_terminator('\n').map(|clause| clause.split_terminator('\t'))
    }
}

/// Which packages go by a name.
struct Register<'a>(Vec<(&'a str, u32)>);

impl<'a> Register<'a> {
    fn of(names: impl Iterator<Item = (&'a str, usize)>) -> Self {
        let mut names: Vec<_> = names.map(|(name, at)| (name, u32::try_from(at).unwrap_or(u32::MAX))).collect();
        names.sort_unstable();
        names.dedup();
        Self(names)
    }

    fn of_name(&self, name: &str) -> impl Iterator<Item = usize> {
        let from = self.0.partition_point(|(other, _)| *other < name);
        self.0[from..].iter().take_while(move |(other, _)| *other == name).map(|(_, at)| *at as usize)
    }

    fn has(&self, name: &str) -> bool {
        self.of_name(name).next().is_some()
    }
}

/// Reads the text of an index.
///
/// # Errors
/// What is wrong with it.
pub fn parse(text: impl BufRead) -> Result<Vec<Package>, String> {
    stanzas(text).map(|stanza| package(&stanza.map_err(|cause| cause.to_string())?)).collect()
}

/// What lies between empty lines.
fn stanzas(mut text: impl BufRead) -> impl Iterator<Item = io::Result<String>> {
    std::iter::from_fn(move || {
        let mut stanza = String::new();
        loop {
            let before = stanza.len();
            match text.read_line(&mut stanza) {
                Err(cause) => return Some(Err(cause)),
                Ok(0) => return (!stanza.is_empty()).then_some(Ok(stanza)),
                Ok(_) if &stanza[before..] != "\n" => {}
                Ok(_) if before == 0 => stanza.clear(),
                Ok(_) => return Some(Ok(stanza)),
            }
        }
    })
}

fn package(stanza: &str) -> Result<Package, String> {
    let get = |name: &str| field(stanza, name).ok_or_else(|| format!("a stanza has no field {name}"));
    let size = get("Size")?.parse().map_err(|_| "a stanza has a bad size".to_owned())?;
    let sha256 = get("SHA256")?.parse().map_err(|cause| format!("a stanza has a bad digest: {cause}"))?;
    let file = FileReference { path: get("Filename")?.trim_start_matches("./").to_owned(), size, sha256 };
    let clauses = ["Pre-Depends", "Depends"].into_iter().filter_map(|name| field(stanza, name));
    let needs = clauses.flat_map(|clauses| clauses.split(',')).map(|clause| clause.split('|').map(name_in));
    let provides = field(stanza, "Provides").unwrap_or_default().split(',').map(|name| [name_in(name)]);
    let (needs, provides) = (Clauses::of(needs), Clauses::of(provides));
    Ok(Package { name: get("Package")?.to_owned(), file, needs, provides })
}

/// The name in `libc6 (>= 2.38)` or `python3:any`.
fn name_in(relation: &str) -> &str {
    relation.trim().split([' ', '(', ':', '[']).next().unwrap_or_default()
}

/// The packages of these names; with `dependencies` also those that they need: of a clause the first
/// alternative that is there, or everything that provides it.
pub fn chosen<'a>(packages: &'a [Package], names: &BTreeSet<String>, dependencies: bool) -> Vec<&'a Package> {
    if names.is_empty() {
        return packages.iter().collect();
    }
    let numbered = || packages.iter().enumerate();
    let real = Register::of(numbered().map(|(at, package)| (package.name.as_str(), at)));
    let provided =
        Register::of(numbered().flat_map(|(at, package)| package.provides.iter().flatten().map(move |n| (n, at))));
    let (mut chosen, mut open) = (BTreeSet::new(), names.iter().map(String::as_str).collect::<Vec<_>>());
    while let Some(name) = open.pop() {
        let known = if real.has(name) { &real } else { &provided };
        let found = known.of_name(name).map(|at| packages[at].name.as_str());
        let new: Vec<&str> = found.filter(|name| chosen.insert(*name)).collect();
        if !dependencies {
            continue;
        }
        for needed in new.iter().flat_map(|name| real.of_name(name)).flat_map(|at| packages[at].needs.iter()) {
            let needed: Vec<&str> = needed.collect();
            let first = |known: &Register<'_>| needed.iter().copied().find(|name| known.has(name));
            open.extend(first(&real).or_else(|| first(&provided)));
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
        parse(text.as_bytes()).unwrap()
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
