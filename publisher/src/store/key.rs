//! A name in a store: a relative path that stays where it is and that a web server serves.

use std::fmt;
use std::str::FromStr;

use super::StoreError;

/// A relative path of plain names, such as `dists/stable/InRelease`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

impl Key {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last of its names.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The folder it is in, if it is in one.
    pub fn folder(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(folder, _)| Self(folder.to_owned()))
    }
}

/// Hidden names belong to the store itself; `~`, `^` and `+` occur in the versions of packages.
fn is_plain(name: &str) -> bool {
    (1..=255).contains(&name.len())
        && !name.starts_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.+~^".contains(&b))
}

impl FromStr for Key {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        if text.len() <= 1024 && text.split('/').all(is_plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(StoreError::Name(text.to_owned()))
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_leaves_its_folder_is_refused() {
        for bad in ["", "/etc/passwd", "a/../b", "a//b", "a/", ".consign/lock", "a b", "a\nb", "%2e%2e/a"] {
            assert!(bad.parse::<Key>().is_err(), "{bad:?}");
        }
        let key: Key = "pool/main/a/acme/acme_1.0~rc.1+x-1_amd64.deb".parse().unwrap();
        assert_eq!(key.file_name(), "acme_1.0~rc.1+x-1_amd64.deb");
        assert_eq!(key.folder().unwrap().as_str(), "pool/main/a/acme");
    }
}
