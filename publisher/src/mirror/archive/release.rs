//! The `Release` file of any archive: which indexes make up a suite.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::repository::apt::deb822::{continuation, field};
use crate::repository::apt::{IndexDigest, timestamp};

/// What a `Release` file says, as far as a mirror has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    names: BTreeSet<String>,
    /// When it was made.
    pub date: Timestamp,
    /// Until when clients believe it; most archives do not say.
    pub valid_until: Option<Timestamp>,
    /// Whether clients ask for indexes by their digest.
    pub by_hash: bool,
    /// Whether clients read the lists of packages that are for all architectures; where they need not, these are in the
    /// list of each architecture too.
    pub all_apart: bool,
    indexes: BTreeMap<String, IndexDigest>,
}

/// From the shortest to what everybody reads.
const PACKED: [&str; 3] = [".xz", ".gz", ""];

impl Release {
    /// Reads what a verifier emitted.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let date = |name: &str| field(text, name).map(timestamp).transpose();
        let line = |line: &str| {
            let [sha256, size, path] = line.split_ascii_whitespace().collect::<Vec<_>>().try_into().ok()?;
            let (size, sha256) = (str::parse(size).ok()?, str::parse(sha256).ok()?);
            Some((String::from(path), IndexDigest { size, sha256 }))
        };
        let listed = continuation(text, "SHA256").map(|l| line(l).ok_or_else(|| format!("bad line {l:?}")));
        Ok(Self {
            names: ["Suite", "Codename"].iter().filter_map(|name| field(text, name)).map(str::to_owned).collect(),
            date: date("Date")?.ok_or("it has no date")?,
            valid_until: date("Valid-Until")?,
            by_hash: field(text, "Acquire-By-Hash") == Some("yes"),
            all_apart: !field(text, "No-Support-for-Architecture-all")
                .is_some_and(|lists| lists.split_ascii_whitespace().any(|list| list == "Packages")),
            indexes: listed.collect::<Result<_, _>>()?,
        })
    }

    /// Whether it is that of a suite, by either of its names.
    pub fn is_of(&self, suite: &str) -> bool {
        self.names.contains(suite)
    }

    /// The form of an index that is fetched: its path below the folder of the suite, and what it is.
    pub fn index(&self, plain: &str) -> Option<(String, IndexDigest)> {
        let mut forms = PACKED.iter().map(|packed| format!("{plain}{packed}"));
        forms.find_map(|path| self.indexes.get(&path).map(|index| (path.clone(), *index)))
    }

    /// What an index is, unpacked.
    pub fn unpacked(&self, plain: &str) -> Option<IndexDigest> {
        self.indexes.get(plain).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_form_of_an_index_is_taken_and_weak_digests_are_none() {
        let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let text = format!(
            "Origin: Debian\nSuite: stable\nCodename: trixie\nDate: Sat, 06 Sep 2025 10:14:05 UTC\n\
             Acquire-By-Hash: yes\nMD5Sum:\n d41d8cd98f00b204e9800998ecf8427e 9 main/binary-amd64/Packages.xz\n\
             SHA256:\n {digest} 7 main/binary-amd64/Packages\n {digest} 3 main/binary-amd64/Packages.gz\n"
        );
        let release = Release::parse(&text).unwrap();
        assert!(release.is_of("trixie") && release.is_of("stable") && !release.is_of("sid"));
        assert!(release.by_hash && release.all_apart && release.valid_until.is_none());
        let (path, index) = release.index("main/binary-amd64/Packages").unwrap();
        assert_eq!((path.as_str(), index.size), ("main/binary-amd64/Packages.gz", 3));
        assert_eq!(release.unpacked("main/binary-amd64/Packages").unwrap().size, 7);
        assert!(release.index("main/binary-s390x/Packages").is_none());
    }
}
