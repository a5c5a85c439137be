//! Names that become paths, unit names and package names: each is checked once, here.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A name that does not follow its rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is not a {what}: {rule}")]
pub struct BadName {
    name: String,
    what: &'static str,
    rule: &'static str,
}

macro_rules! checked_name {
    ($(#[$doc:meta])* $type:ident, $what:literal, $rule:literal, $accepts:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub struct $type(String);

        impl $type {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = BadName;
            fn from_str(name: &str) -> Result<Self, BadName> {
                let accepts: fn(&str) -> bool = $accepts;
                if accepts(name) {
                    Ok(Self(name.to_owned()))
                } else {
                    Err(BadName { name: name.to_owned(), what: $what, rule: $rule })
                }
            }
        }

        impl TryFrom<String> for $type {
            type Error = BadName;
            fn try_from(name: String) -> Result<Self, BadName> {
                name.parse()
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

fn is_label(name: &str) -> bool {
    (1..=40).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_package(name: &str) -> bool {
    (2..=128).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b))
}

fn is_unit(name: &str) -> bool {
    const TYPES: [&str; 5] = [".service", ".target", ".socket", ".timer", ".path"];
    name.len() <= 255
        && !name.starts_with(['-', '.'])
        && TYPES.iter().any(|t| name.len() > t.len() && name.ends_with(t))
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b":-_.\\@".contains(&b))
}

checked_name!(
    /// Who publishes: one set of keys, one folder on the host.
    VendorName,
    "vendor name",
    "lower-case letters, digits and '-', a letter first, at most 40",
    is_label
);
checked_name!(
    /// What is upgraded as one unit. Unique within its vendor.
    ProductName,
    "product name",
    "lower-case letters, digits and '-', a letter first, at most 40",
    is_label
);
checked_name!(
    /// A channel of a repository; the suite of an apt repository has the same name.
    ChannelName,
    "channel name",
    "lower-case letters, digits and '-', a letter first, at most 40",
    is_label
);
checked_name!(
    /// A step, an option or a side effect within a plan.
    Label,
    "name",
    "lower-case letters, digits and '-', a letter first, at most 40",
    is_label
);
checked_name!(
    /// A native package name that is legal for dpkg and rpm (Debian Policy 5.6.1, the narrower of the two).
    PackageName,
    "package name",
    "lower-case letters, digits, '+', '-' and '.', at least two characters",
    is_package
);
checked_name!(
    /// A systemd unit (`systemd.unit(5)`); instances of templates are named in full.
    UnitName,
    "systemd unit name",
    "a service, target, socket, timer or path unit, named as systemctl names it",
    is_unit
);

impl UnitName {
    /// The unit file behind the unit: the template of an instance (`a@b.service` → `a@.service`), else itself.
    pub fn file(&self) -> String {
        match (self.0.find('@'), self.0.rfind('.')) {
            (Some(at), Some(dot)) if at < dot => format!("{}@{}", &self.0[..at], &self.0[dot..]),
            _ => self.0.clone(),
        }
    }
}

/// A product of a vendor, `vendor/product`; the identity every document and every folder is bound to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProductId {
    /// Whose product it is.
    pub vendor: VendorName,
    /// Its name at that vendor.
    pub product: ProductName,
}

impl fmt::Display for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.vendor, self.product)
    }
}

impl FromStr for ProductId {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        let (vendor, product) = text.split_once('/').ok_or_else(|| BadName {
            name: text.to_owned(),
            what: "product",
            rule: "vendor/product",
        })?;
        Ok(Self { vendor: vendor.parse()?, product: product.parse()? })
    }
}

impl TryFrom<String> for ProductId {
    type Error = BadName;
    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}

impl From<ProductId> for String {
    fn from(id: ProductId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_leave_their_folder_are_refused() {
        for bad in ["", "..", "a/b", "Acme", "1a", "a b", "a\n"] {
            assert!(bad.parse::<VendorName>().is_err(), "{bad:?}");
        }
        assert!("acme/erp".parse::<ProductId>().is_ok());
        assert!("acme/../erp".parse::<ProductId>().is_err());
        assert!("acme".parse::<ProductId>().is_err());
    }

    #[test]
    fn an_instance_comes_from_its_template() {
        let file = |unit: &str| unit.parse::<UnitName>().unwrap().file();
        assert_eq!(file("canopsis-engine@main.service"), "canopsis-engine@.service");
        assert_eq!(file("erp.service"), "erp.service");
        assert!("erp".parse::<UnitName>().is_err());
        assert!(".service".parse::<UnitName>().is_err());
        assert!("--now.service".parse::<UnitName>().is_err());
    }
}
