//! Versions as vendors write them, ranges over them, and what counts as a major change.
//!
//! Order and equality are those of Semantic Versioning 2.0.0 without build metadata.
//! Two-part (`24.10`) and calendar versions with leading zeros (`24.04.1`) are normalised here and
//! nowhere else; what the vendor wrote is kept for display and for native package versions.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The version of a release.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Version {
    written: String,
    normal: semver::Version,
}

/// Why a text is not a version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a version: {reason}")]
pub struct BadVersion {
    text: String,
    reason: String,
}

impl Version {
    /// The first three numbers.
    pub fn numbers(&self) -> [u64; 3] {
        [self.normal.major, self.normal.minor, self.normal.patch]
    }

    /// The pre-release part (`rc.1`), empty for a release.
    pub fn pre_release(&self) -> &str {
        self.normal.pre.as_str()
    }

    /// What the vendor wrote.
    pub fn as_str(&self) -> &str {
        &self.written
    }
}

impl FromStr for Version {
    type Err = BadVersion;

    fn from_str(text: &str) -> Result<Self, BadVersion> {
        let bad = |reason: &str| BadVersion { text: text.to_owned(), reason: reason.to_owned() };
        if text.contains('+') {
            return Err(bad("build metadata takes part in the order of packages but not of versions; leave it out"));
        }
        let (core, pre) = match text.split_once('-') {
            Some((core, pre)) => (core, Some(pre)),
            None => (text, None),
        };
        let mut numbers: Vec<String> = core.split('.').map(without_leading_zeros).collect();
        match numbers.len() {
            2 => numbers.push("0".to_owned()),
            3 => {}
            _ => return Err(bad("two or three numbers are wanted, as in 24.10 or 1.2.3")),
        }
        let mut normal = numbers.join(".");
        if let Some(pre) = pre {
            normal = format!("{normal}-{pre}");
        }
        let normal = semver::Version::parse(&normal).map_err(|e| bad(&e.to_string()))?;
        Ok(Self { written: text.to_owned(), normal })
    }
}

fn without_leading_zeros(number: &str) -> String {
    let trimmed = number.trim_start_matches('0');
    if trimmed.is_empty() && !number.is_empty() { "0".to_owned() } else { trimmed.to_owned() }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.normal == other.normal
    }
}
impl Eq for Version {}
impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.normal.cmp(&other.normal)
    }
}
impl std::hash::Hash for Version {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.normal.hash(state);
    }
}
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}
impl TryFrom<String> for Version {
    type Error = BadVersion;
    fn try_from(text: String) -> Result<Self, BadVersion> {
        text.parse()
    }
}
impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.written
    }
}

/// How much changes between two versions, by the vendor's [`ClassRule`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Class {
    /// A correction, or a new packaging revision of the same version.
    Patch,
    /// New features.
    Minor,
    /// What the vendor calls a major change.
    Major,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        })
    }
}

/// Which of the three numbers make a change major or minor. Semantic Versioning is `major = 1, minor = 2`;
/// a product whose "major" is the second number (5.0.3 → 5.2.0) says `major = 2, minor = 3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClassRule {
    /// A change in one of the first `major` numbers (1 to 3) is major.
    pub major: u8,
    /// A change in one of the first `minor` numbers (`major` to 3) is at least minor.
    pub minor: u8,
}

impl Default for ClassRule {
    fn default() -> Self {
        Self { major: 1, minor: 2 }
    }
}

impl ClassRule {
    /// Whether the two numbers make a rule.
    pub fn is_valid(self) -> bool {
        (1..=3).contains(&self.major) && (self.major..=3).contains(&self.minor)
    }

    /// The class of the change between two versions, in either direction.
    pub fn between(self, a: &Version, b: &Version) -> Class {
        let first_difference = a.numbers().iter().zip(b.numbers()).position(|(x, y)| *x != y);
        match first_difference {
            Some(place) if place < usize::from(self.major) => Class::Major,
            Some(place) if place < usize::from(self.minor) => Class::Minor,
            _ => Class::Patch,
        }
    }
}

/// A set of versions: comparisons that must all hold, as in `>=3.0.0, <3.27.0`.
///
/// Unlike Cargo's requirements a pre-release is simply ordered: `3.27.0-rc.1` is below `3.27.0`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VersionRange(Vec<(Comparison, Version)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

impl Comparison {
    // Longest sign first: `<` is a prefix of `<=`.
    const SIGNS: [(&'static str, Self); 5] = [
        ("<=", Self::LessOrEqual),
        (">=", Self::GreaterOrEqual),
        ("<", Self::Less),
        (">", Self::Greater),
        ("=", Self::Equal),
    ];

    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Equal => order.is_eq(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Greater => order.is_gt(),
        }
    }

    fn sign(self) -> &'static str {
        Self::SIGNS.iter().find(|(_, c)| *c == self).map_or("", |(sign, _)| sign)
    }
}

impl VersionRange {
    /// Whether the version is in the range.
    pub fn contains(&self, version: &Version) -> bool {
        self.0.iter().all(|(comparison, bound)| comparison.holds(version.cmp(bound)))
    }
}

impl FromStr for VersionRange {
    type Err = BadVersion;

    fn from_str(text: &str) -> Result<Self, BadVersion> {
        let comparisons = text.split(',').map(|part| {
            let part = part.trim();
            let (sign, comparison) =
                Comparison::SIGNS.into_iter().find(|(sign, _)| part.starts_with(sign)).ok_or_else(|| BadVersion {
                    text: text.to_owned(),
                    reason: "a range is comparisons such as >=3.0.0, <3.27.0".to_owned(),
                })?;
            Ok((comparison, part[sign.len()..].trim().parse()?))
        });
        comparisons.collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (comparison, version)) in self.0.iter().enumerate() {
            write!(f, "{}{}{version}", if index == 0 { "" } else { ", " }, comparison.sign())?;
        }
        Ok(())
    }
}
impl TryFrom<String> for VersionRange {
    type Error = BadVersion;
    fn try_from(text: String) -> Result<Self, BadVersion> {
        text.parse()
    }
}
impl From<VersionRange> for String {
    fn from(range: VersionRange) -> Self {
        range.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn two_part_and_calendar_versions_are_normalised_and_kept() {
        assert_eq!(v("24.10"), v("24.10.0"));
        assert_eq!(v("24.04.1"), v("24.4.1"));
        assert_eq!(v("24.04.1").to_string(), "24.04.1");
        assert!(v("24.10") < v("24.10.1"));
        assert!(v("2.0.0-rc.1") < v("2.0.0"));
    }

    #[test]
    fn what_is_no_version_says_why() {
        for bad in ["", "1", "1.2.3.4", "1.2.x", "1..2", "v1.2.3", "1.2.3-", "1.2.3+b"] {
            assert!(bad.parse::<Version>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_class_follows_the_vendors_rule() {
        let semver = ClassRule::default();
        assert_eq!(semver.between(&v("3.25.0"), &v("3.26.0")), Class::Minor);
        assert_eq!(semver.between(&v("3.26.0"), &v("3.26.1")), Class::Patch);
        assert_eq!(semver.between(&v("3.26.1"), &v("4.0.0")), Class::Major);
        assert_eq!(semver.between(&v("3.26.1"), &v("3.26.1")), Class::Patch);
        let second = ClassRule { major: 2, minor: 3 };
        assert_eq!(second.between(&v("5.0.3"), &v("5.2.0")), Class::Major);
        assert_eq!(second.between(&v("5.0.3"), &v("5.0.4")), Class::Minor);
    }

    #[test]
    fn ranges_hold_at_their_bounds() {
        let range: VersionRange = ">=3.0.0, <3.27.0".parse().unwrap();
        assert!(range.contains(&v("3.0.0")));
        assert!(range.contains(&v("3.27.0-rc.1")));
        assert!(!range.contains(&v("3.27.0")));
        assert_eq!(range.to_string(), ">=3.0.0, <3.27.0");
        assert!("3.0".parse::<VersionRange>().is_err());
    }
}
