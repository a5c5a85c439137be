//! Where in an object store a repository is: a bucket, and the beginning of every name in it.

use std::fmt;
use std::str::FromStr;

use object_store::path::Path;

use crate::store::{Key, StoreError};

/// `s3://bucket`, or `s3://bucket/prefix`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The bucket.
    pub bucket: String,
    prefix: Option<Key>,
}

impl Place {
    /// The whole name of an object.
    pub(super) fn path(&self, key: &Key) -> Result<Path, StoreError> {
        let name = match &self.prefix {
            Some(prefix) => format!("{prefix}/{key}"),
            None => key.to_string(),
        };
        Path::parse(&name).map_err(|_| StoreError::Name(name))
    }

    /// The name without the beginning; `None` of what no store has put there.
    pub(super) fn key(&self, path: &Path) -> Option<Key> {
        let name = path.as_ref();
        let name = match &self.prefix {
            Some(prefix) => name.strip_prefix(prefix.as_str())?.strip_prefix('/')?,
            None => name,
        };
        name.parse().ok()
    }
}

/// As Amazon's rules have it, without dots: they do not go with certificates.
fn is_bucket(name: &str) -> bool {
    let is_inside = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    (3..=63).contains(&name.len()) && name.bytes().all(is_inside) && !name.starts_with(['-', '.'])
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no place in an object store, such as s3://bucket/acme");
        let rest = text.strip_prefix("s3://").ok_or_else(wrong)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (bucket, prefix) = match rest.split_once('/') {
            Some((bucket, prefix)) => (bucket, Some(prefix.parse().map_err(|_| wrong())?)),
            None => (rest, None),
        };
        is_bucket(bucket).then(|| Self { bucket: bucket.to_owned(), prefix }).ok_or_else(wrong)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.bucket)?;
        self.prefix.iter().try_for_each(|prefix| write!(f, "/{prefix}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_bucket_with_or_without_a_prefix() {
        let key: Key = "pool/a_1.0~rc.1+x_all.deb".parse().unwrap();
        for (text, name) in [
            ("s3://packages", "pool/a_1.0~rc.1+x_all.deb"),
            ("s3://packages/acme/site/", "acme/site/pool/a_1.0~rc.1+x_all.deb"),
        ] {
            let place: Place = text.parse().unwrap();
            assert_eq!(place.path(&key).unwrap().as_ref(), name);
            assert_eq!(place.key(&place.path(&key).unwrap()), Some(key.clone()));
            assert_eq!(place.to_string(), text.trim_end_matches('/'));
        }
        let place: Place = "s3://packages/acme".parse().unwrap();
        assert_eq!(place.key(&Path::parse("acme2/x").unwrap()), None);
        for bad in ["packages/acme", "s3://", "s3:///acme", "s3://packages/../x", "s3://packages//x", "s3://Pack ages"]
        {
            assert!(bad.parse::<Place>().is_err(), "{bad}");
        }
    }
}
