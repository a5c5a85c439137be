//! Names of users and groups, safe in a maintainer script.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a user or a group, as `useradd(8)` wants it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[derive(schemars::JsonSchema)]
pub struct UserName(String);

impl UserName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The superuser.
    pub fn root() -> Self {
        Self("root".to_owned())
    }
}

impl FromStr for UserName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let good = (1..=31).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
        if good {
            Ok(Self(name.to_owned()))
        } else {
            Err(format!("{name:?} is not a user or group name: lower-case letters, digits, '_' and '-', at most 31"))
        }
    }
}

impl TryFrom<String> for UserName {
    type Error = String;
    fn try_from(name: String) -> Result<Self, String> {
        name.parse()
    }
}

impl From<UserName> for String {
    fn from(name: UserName) -> Self {
        name.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
