//! What was found.

use std::fmt;

use serde::Serialize;

/// What was looked at, and what is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Generation of the feed.
    pub generation: Option<u64>,
    /// How many indexes were read.
    pub indexes: usize,
    /// How many packages were read.
    pub packages: usize,
    /// How many releases the feed offers.
    pub releases: usize,
    /// What is in order and yet keeps hosts from installing, unless they are helped from elsewhere.
    pub warnings: Vec<String>,
    /// Everything that is wrong; empty when a client can use the channel.
    pub findings: Vec<Finding>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file, below the root of the repository.
    pub place: String,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Errors of a store name the place themselves.
        if self.problem.contains(&self.place) {
            f.write_str(&self.problem)
        } else {
            write!(f, "{}: {}", self.place, self.problem)
        }
    }
}
