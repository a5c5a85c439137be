//! The third truth: which version the data is at, as a host can see it. A restored dump or a reverted
//! snapshot changes it behind the back of packages and journals.

use serde::{Deserialize, Serialize};

use super::Database;
use crate::name::Label;

/// What a host knows of the product's data. Since format 3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// How a host sees which version the data is at.
    pub probe: DataProbe,
    /// What the probe says once an upgrade to this release has finished; `None` where the vendor does not
    /// say, or where it depends on the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The steps that work on the data, by name; none named: every program of the vendor's after the packages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Label>,
    /// The database with the lock that several hosts on the same data share: one of them runs these steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<Database>,
}

/// A program that writes one line: the version of the data. An exit status other than 0, or nothing
/// written, says that it could not look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataProbe {
    /// Program and arguments; `{option.x}` is replaced.
    pub command: Vec<String>,
    /// The user it runs as.
    pub user: String,
    /// When it is ended, and counts as not having looked.
    pub timeout_seconds: u32,
}

impl Data {
    /// Whether a step works on the data.
    pub fn is_step(&self, name: &str) -> bool {
        self.steps.is_empty() || self.steps.iter().any(|step| step.as_str() == name)
    }
}
