//! The identities of a package: UUIDs derived from names (RFC 9562, version 5), so that a build gives the
//! same ones wherever it runs.

use std::fmt;
use std::str::FromStr;

use sha1::Digest as _;

/// Whatever is derived here begins with it.
const NAMESPACE: Guid =
    Guid([0x6f, 0x1c, 0x0a, 0x5e, 0x2b, 0x47, 0x4d, 0x0b, 0x9a, 0x3e, 0x51, 0xc7, 0xd8, 0x24, 0x93, 0xe6]);

/// A UUID, as Windows Installer writes it: in braces, upper case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid([u8; 16]);

impl Guid {
    /// Derived from another one and a name.
    pub fn derived(self, name: &str) -> Self {
        let digest = sha1::Sha1::new().chain_update(self.0).chain_update(name.as_bytes()).finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        bytes[6] = bytes[6] & 0x0f | 0x50;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Self(bytes)
    }

    /// What a package is upgraded by, where its vendor has pinned nothing yet.
    pub fn suggested_upgrade_code(vendor: &str, product: &str, package: &str) -> Self {
        NAMESPACE.derived(&format!("{vendor}/{product}/{package}"))
    }
}

impl FromStr for Guid {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("{text:?} is not an upgrade code, as in {{6F1C0A5E-2B47-4D0B-9A3E-51C7D82493E6}}");
        let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
        let groups: Vec<usize> = inner.split('-').map(str::len).collect();
        let mut bytes = [0; 16];
        match (groups == [8, 4, 4, 4, 12], hex::decode_to_slice(inner.replace('-', ""), &mut bytes)) {
            (true, Ok(())) => Ok(Self(bytes)),
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = hex::encode_upper(self.0);
        write!(f, "{{{}-{}-{}-{}-{}}}", &all[..8], &all[8..12], &all[12..16], &all[16..20], &all[20..])
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_the_one_that_the_rfc_derives() {
        let dns: Guid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8".parse().unwrap();
        assert_eq!(dns.derived("www.example.com").to_string(), "{2ED6657D-E927-568B-95E1-2665A8AEA6A2}");
        assert_eq!(dns.to_string().parse(), Ok(dns));
        assert!("6ba7b8109dad-11d1-80b4-00c04fd430c8".parse::<Guid>().is_err());
    }
}
