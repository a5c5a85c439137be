//! A package as the indexes list it: an element in each of primary, filelists and other.

use std::collections::BTreeMap;
use std::io;

use consign_metadata::digest::Sha256;

use super::description::{Description, Place};
use super::xml::{attribute, blocks, line, text};
use super::{header, layout};
use crate::package::SignedPackage;

/// A package as the indexes list it. What was published keeps its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub package: String,
    /// `version-release`.
    pub version: String,
    /// Its native architecture.
    pub architecture: String,
    /// The file, below the root of the publication.
    pub filename: String,
    /// Length of the file.
    pub size: u64,
    /// Digest of the file.
    pub sha256: Sha256,
    pub(super) primary: String,
    pub(super) filelists: String,
    pub(super) other: String,
}

impl Entry {
    /// The entry of a verified package that is published under a name.
    ///
    /// # Errors
    /// When it is no .rpm, or cannot be read any more.
    pub fn of(package: &SignedPackage, filename: &str) -> io::Result<Self> {
        Ok(Self::new(&header::describe(package)?, filename, package.file_size(), package.file_digest()))
    }

    /// The entry of a package that is published under a name.
    fn new(description: &Description, filename: &str, size: u64, sha256: Sha256) -> Self {
        let digest = sha256.to_string();
        let place = Place { href: &layout::href(filename), size, sha256: &digest };
        Self {
            package: description.name.clone(),
            version: format!("{}-{}", description.version, description.release),
            architecture: description.architecture.clone(),
            filename: filename.to_owned(),
            size,
            sha256,
            primary: description.primary(&place),
            filelists: description.filelists(&digest),
            other: description.other(&digest),
        }
    }

    /// Reads the elements of one package.
    fn parse(primary: &str, rest: &BTreeMap<&str, &str>, others: &BTreeMap<&str, &str>) -> Result<Self, String> {
        let missing = |name: &str| format!("a package has no {name}");
        let get = |name: &str| text(primary, name).ok_or_else(|| missing(name));
        let of = |element: &str, name: &str| {
            let value = line(primary, element).and_then(|line| attribute(line, name));
            value.ok_or_else(|| missing(element))
        };
        let digest = get("checksum")?;
        let beside = |index: &BTreeMap<&str, &str>| {
            let element = index.get(digest).map(|element| (*element).to_owned());
            element.ok_or_else(|| format!("package {digest} is not in every index"))
        };
        let href = of("location", "href")?;
        let filename = layout::filename(href).ok_or_else(|| format!("{href:?} is no package of the pool"))?;
        Ok(Self {
            package: get("name")?.to_owned(),
            version: format!("{}-{}", of("version", "ver")?, of("version", "rel")?),
            architecture: get("arch")?.to_owned(),
            filename: filename.to_owned(),
            size: of("size", "package")?.parse().map_err(|_| "a package has a bad size".to_owned())?,
            sha256: digest.parse().map_err(|e| format!("a package has a bad digest: {e}"))?,
            primary: primary.to_owned(),
            filelists: beside(rest)?,
            other: beside(others)?,
        })
    }
}

/// Reads the packages of a generation from the texts of its indexes.
///
/// # Errors
/// What is wrong with them.
pub fn parse(primary: &str, filelists: &str, other: &str) -> Result<Vec<Entry>, String> {
    let (filelists, other) = (by_digest(filelists), by_digest(other));
    blocks(primary, "package").map(|element| Entry::parse(element, &filelists, &other)).collect()
}

fn by_digest(index: &str) -> BTreeMap<&str, &str> {
    blocks(index, "package").filter_map(|element| Some((attribute(element, "pkgid")?, element))).collect()
}

/// The texts of the indexes: primary, filelists, other.
pub fn render(entries: &[&Entry]) -> [(&'static str, String); 3] {
    let index = |root: &str, namespaces: &str, element: fn(&Entry) -> &str| {
        let elements: String = entries.iter().map(|entry| element(entry)).collect();
        let count = entries.len();
        let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
        format!("{head}<{root} {namespaces} packages=\"{count}\">\n{elements}</{root}>\n")
    };
    let common = "xmlns=\"http://linux.duke.edu/metadata/common\" xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\"";
    [
        ("primary", index("metadata", common, |entry| &entry.primary)),
        ("filelists", index("filelists", "xmlns=\"http://linux.duke.edu/metadata/filelists\"", |e| &e.filelists)),
        ("other", index("otherdata", "xmlns=\"http://linux.duke.edu/metadata/other\"", |e| &e.other)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(version: &str) -> Entry {
        let description = Description {
            name: "acme-erp".to_owned(),
            version: version.to_owned(),
            release: "1".to_owned(),
            architecture: "noarch".to_owned(),
            description: "one\n</package>\n<package type=\"rpm\">\ntwo".to_owned(),
            ..Description::default()
        };
        let filename = format!("pool/main/a/acme-erp/acme-erp-{version}-1.noarch.rpm");
        Entry::new(&description, &filename, 3, Sha256::of(version.as_bytes()))
    }

    #[test]
    fn entries_survive_the_round_trip_to_the_byte() {
        let entries = [entry("1.0.0"), entry("2.0.0~rc.1")];
        let [(_, primary), (_, filelists), (_, other)] = render(&[&entries[0], &entries[1]]);
        assert_eq!(parse(&primary, &filelists, &other).unwrap(), entries);
        let [_, _, (_, one)] = render(&[&entries[0]]);
        let broken = parse(&primary, &filelists, &one).unwrap_err();
        assert!(broken.ends_with("is not in every index"), "{broken}");
    }
}
