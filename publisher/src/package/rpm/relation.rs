//! Relations to other packages: `name`, or `name >= 1.2`; and what a package needs of rpm itself.

use std::fmt;
use std::str::FromStr;

use consign_metadata::rpm::tag;

/// A relation to another package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Relation {
    /// The package, what it provides, a file, or a condition in parentheses.
    pub name: String,
    /// How versions are compared, and what else rpm wants to know.
    pub flags: u32,
    /// The version; empty when any will do.
    pub version: String,
}

/// A text that rpm would not understand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a dependency of an rpm package")]
pub struct BadRelation(String);

const SIGNS: [(&str, u32); 5] = [
    ("<", tag::LESS),
    ("<=", tag::LESS | tag::EQUAL),
    ("=", tag::EQUAL),
    (">=", tag::GREATER | tag::EQUAL),
    (">", tag::GREATER),
];

impl Relation {
    /// Any version of a package.
    pub fn any(name: impl Into<String>) -> Self {
        Self { name: name.into(), flags: 0, version: String::new() }
    }

    /// Exactly one version.
    pub fn exactly(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self { name: name.into(), flags: tag::EQUAL, version: version.into() }
    }

    /// At least a version.
    pub fn at_least(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self { name: name.into(), flags: tag::GREATER | tag::EQUAL, version: version.into() }
    }

    /// Every version before one.
    pub fn before(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self { name: name.into(), flags: tag::LESS, version: version.into() }
    }

    /// A feature that rpm must have to read the package.
    pub fn feature(name: &str, since: &str) -> Self {
        let flags = tag::RPMLIB | tag::LESS | tag::EQUAL;
        Self { name: format!("rpmlib({name})"), flags, version: since.to_owned() }
    }

    /// The same, with more that rpm wants to know.
    #[must_use]
    pub fn with(self, flags: u32) -> Self {
        Self { flags: self.flags | flags, ..self }
    }

    /// Whether it is a condition: `(a or b)`.
    pub fn is_rich(&self) -> bool {
        self.name.starts_with('(')
    }
}

impl FromStr for Relation {
    type Err = BadRelation;

    fn from_str(text: &str) -> Result<Self, BadRelation> {
        let bad = || BadRelation(text.to_owned());
        let text = text.trim();
        if text.is_empty() || !text.is_ascii() || text.contains(|c: char| c.is_control() || c == ',') {
            return Err(bad());
        }
        if text.starts_with('(') {
            return if text.ends_with(')') { Ok(Self::any(text)) } else { Err(bad()) };
        }
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let starts_well = |word: &str| word.starts_with(|c: char| c.is_ascii_alphanumeric() || "/_".contains(c));
        match *words {
            [name] if starts_well(name) && !name.contains(['<', '>', '=']) => Ok(Self::any(name)),
            [name, sign, version] if starts_well(name) && starts_well(version) => {
                let flags = SIGNS.iter().find(|(known, _)| *known == sign).map(|(_, flags)| *flags).ok_or_else(bad)?;
                Ok(Self { name: name.to_owned(), flags, version: version.to_owned() })
            }
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let compared = self.flags & (tag::LESS | tag::GREATER | tag::EQUAL);
        match SIGNS.iter().find(|(_, flags)| *flags == compared) {
            Some((sign, _)) => write!(f, "{} {sign} {}", self.name, self.version),
            None => f.write_str(&self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_are_read_and_said_again() {
        for text in ["python3", "openssl-libs >= 1:1.1", "(a or b)", "/usr/bin/perl", "libc.so.6(GLIBC_2.28)(64bit)"] {
            assert_eq!(text.parse::<Relation>().unwrap().to_string(), text);
        }
        for bad in ["", "a, b", "python3 (>= 3)", "a >=", "a == 1", "(a or b", "a>=1", "-a", "a >= 1 2"] {
            assert!(bad.parse::<Relation>().is_err(), "{bad:?}");
        }
    }
}
