//! The `Release` file: which indexes make up a generation, from when, until when.
//!
//! SHA-256 alone: apt asks for an index by the strongest digest that is listed, and every further one
//! costs each client a download of index text that it does not need.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use consign_metadata::digest::Sha256;
use consign_metadata::name::{ChannelName, VendorName};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::deb822::{continuation, field};

/// apt reads no other form, and of the zones only those that mean UTC.
const DATE: &str = "%a, %d %b %Y %H:%M:%S UTC";

/// The fields of a `Release` file that mean something here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseFile {
    /// Whose repository it is; pins refer to it.
    pub origin: VendorName,
    /// The channel; suite and codename in one.
    pub suite: ChannelName,
    /// When this generation was made.
    pub date: Timestamp,
    /// When a client stops believing it.
    pub valid_until: Timestamp,
    /// The architectures it has an index for.
    pub architectures: BTreeSet<String>,
    /// The indexes, below the folder of the file.
    pub indexes: BTreeMap<String, IndexDigest>,
}

/// Length and digest of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexDigest {
    /// Length in bytes.
    pub size: u64,
    /// Digest.
    pub sha256: Sha256,
}

impl IndexDigest {
    /// Those of an index at hand.
    pub fn of(bytes: &[u8]) -> Self {
        Self { size: bytes.len() as u64, sha256: Sha256::of(bytes) }
    }
}

impl fmt::Display for ReleaseFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, suite, date, valid_until, .. } = self;
        let architectures: Vec<_> = self.architectures.iter().map(String::as_str).collect();
        writeln!(f, "Origin: {origin}\nLabel: {origin}\nSuite: {suite}\nCodename: {suite}")?;
        writeln!(f, "Date: {}\nValid-Until: {}", date.strftime(DATE), valid_until.strftime(DATE))?;
        writeln!(f, "Acquire-By-Hash: yes\nArchitectures: {}", architectures.join(" "))?;
        writeln!(f, "Components: {}\nSHA256:", super::COMPONENT)?;
        self.indexes.iter().try_for_each(|(path, index)| writeln!(f, " {} {} {path}", index.sha256, index.size))
    }
}

impl ReleaseFile {
    /// Reads a file of the form that is written here.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let get = |name: &str| field(text, name).ok_or_else(|| format!("it has no field {name}"));
        let indexes = continuation(text, "SHA256").map(|line| index(line).ok_or_else(|| format!("bad line {line:?}")));
        Ok(Self {
            origin: get("Origin")?.parse().map_err(|e| format!("its origin {e}"))?,
            suite: get("Suite")?.parse().map_err(|e| format!("its suite {e}"))?,
            date: timestamp(get("Date")?)?,
            valid_until: timestamp(get("Valid-Until")?)?,
            architectures: get("Architectures")?.split_ascii_whitespace().map(str::to_owned).collect(),
            indexes: indexes.collect::<Result<_, _>>()?,
        })
    }
}

fn index(line: &str) -> Option<(String, IndexDigest)> {
    let [sha256, size, path] = line.split_ascii_whitespace().collect::<Vec<_>>().try_into().ok()?;
    Some((path.to_owned(), IndexDigest { size: size.parse().ok()?, sha256: sha256.parse().ok()? }))
}

/// The time that a field of such a file says.
///
/// # Errors
/// It is none.
pub fn timestamp(text: &str) -> Result<Timestamp, String> {
    let utc = DateTime::strptime(DATE, text).and_then(|utc| utc.to_zoned(TimeZone::UTC));
    utc.map(|zoned| zoned.timestamp()).map_err(|e| format!("bad date {text:?}: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let release = ReleaseFile {
            origin: "acme".parse().unwrap(),
            suite: "stable".parse().unwrap(),
            date: "2026-10-21T21:57:39Z".parse().unwrap(),
            valid_until: "2026-11-02T01:02:03Z".parse().unwrap(),
            architectures: ["amd64".to_owned(), "arm64".to_owned()].into(),
            indexes: [("main/binary-amd64/Packages.gz".to_owned(), IndexDigest::of(b"x"))].into(),
        };
        let text = release.to_string();
        assert!(text.contains("\nDate: Wed, 21 Oct 2026 21:57:39 UTC\n"), "{text}");
        assert!(text.contains("\nValid-Until: Mon, 02 Nov 2026 01:02:03 UTC\n"), "{text}");
        assert_eq!(ReleaseFile::parse(&text), Ok(release));
        assert!(ReleaseFile::parse(&text.replace("UTC", "CET")).is_err());
    }
}
