//! A name with or without versions, as rpm has it: `python3`, `erp = 1:3.25.0-1`, `libx >= 2`.

use std::cmp::Ordering;
use std::fmt;

use consign_metadata::rpm::version;

/// Which versions are meant, in the order of rpm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sense {
    less: bool,
    equal: bool,
    greater: bool,
}

/// A name, and which versions of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// A name, or a path.
    pub name: Box<str>,
    /// Which versions; absent for any, and where none is said.
    versions: Option<(Sense, Box<str>)>,
}

impl Sense {
    /// `EQ`, `LE`, … of `primary.xml`, or `=`, `<=`, … of a text.
    pub fn parse(text: &str) -> Option<Self> {
        let (less, equal, greater) = match text {
            "EQ" | "=" | "==" => (false, true, false),
            "LT" | "<" => (true, false, false),
            "GT" | ">" => (false, false, true),
            "LE" | "<=" | "=<" => (true, true, false),
            "GE" | ">=" | "=>" => (false, true, true),
            _ => return None,
        };
        Some(Self { less, equal, greater })
    }

    fn text(self) -> &'static str {
        match (self.less, self.equal, self.greater) {
            (true, true, _) => "<=",
            (true, false, _) => "<",
            (_, true, true) => ">=",
            (_, false, true) => ">",
            _ => "=",
        }
    }
}

impl Relation {
    /// Any version of a name.
    pub fn any(name: &str) -> Self {
        Self { name: name.into(), versions: None }
    }

    /// Some versions of a name.
    pub fn versioned(name: &str, sense: Sense, version: &str) -> Self {
        Self { name: name.into(), versions: Some((sense, version.into())) }
    }

    /// `name`, or `name >= version`.
    pub fn parse(text: &str) -> Self {
        let mut words = text.split_whitespace();
        let name = words.next().unwrap_or_default();
        match (words.next().and_then(Sense::parse), words.next()) {
            (Some(sense), Some(version)) => Self::versioned(name, sense, version),
            _ => Self::any(name),
        }
    }

    /// Whether any version will do.
    pub fn is_bare(&self) -> bool {
        self.versions.is_none()
    }

    /// Whether what one gives is what another asks for: rpm's `rpmdsCompare`. A side without versions is content
    /// with any.
    pub fn meets(&self, other: &Self) -> bool {
        if self.name != other.name {
            return false;
        }
        let (Some((a, left)), Some((b, right))) = (&self.versions, &other.versions) else { return true };
        match compare(left, right) {
            Ordering::Less => a.greater || b.less,
            Ordering::Greater => a.less || b.greater,
            Ordering::Equal => (a.equal && b.equal) || (a.less && b.less) || (a.greater && b.greater),
        }
    }
}

/// The release counts where both sides have one.
fn compare(left: &str, right: &str) -> Ordering {
    let without = |version: &str| version.rsplit_once('-').map(|(version, _)| version.to_owned());
    match (without(left), without(right)) {
        (Some(left), None) => version::compare(&left, right),
        (None, Some(right)) => version::compare(left, &right),
        _ => version::compare(left, right),
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.versions {
            Some((sense, version)) => write!(f, "{} {} {version}", self.name, sense.text()),
            None => f.write_str(&self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_meet_as_rpm_says() {
        let meets = |given: &str, asked: &str| Relation::parse(given).meets(&Relation::parse(asked));
        for (given, asked) in [
            ("x = 1.2-3", "x"),
            ("x", "x >= 9"),
            ("x = 1.2-3", "x >= 1.2"),
            ("x = 1.2-3", "x = 1.2"),
            ("x = 1.10-1", "x > 1.9"),
            ("x = 1:0.1-1", "x >= 2"),
            ("x = 1.2~rc1-1", "x < 1.2"),
            ("x >= 3", "x >= 1"),
        ] {
            assert!(meets(given, asked), "{given} for {asked}");
        }
        for (given, asked) in [
            ("x = 1", "y"),
            ("x = 1.2-3", "x > 1.2"),
            ("x = 1.2-3", "x = 1.2-4"),
            ("x = 2-1", "x >= 1:0.1"),
            ("x = 1.9-1", "x >= 1.10"),
            ("x < 2", "x > 2"),
        ] {
            assert!(!meets(given, asked), "{given} for {asked}");
        }
    }

    #[test]
    fn it_is_written_as_rpm_writes_it() {
        for text in ["x", "x = 1:2-3", "x < 1", "x <= 1", "x > 1", "x >= 1"] {
            assert_eq!(Relation::parse(text).to_string(), text);
        }
    }
}
