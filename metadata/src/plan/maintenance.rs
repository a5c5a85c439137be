//! The maintenance mode: the product runs and serves nobody.
//!
//! Where a plan has one, the new version is started in it, checked, and only then let serve: until then nothing
//! was written that going back would lose, so the start is no point of no return; the end of the mode is.

use serde::{Deserialize, Serialize};

use super::{PlanBody, Step};
use crate::document::DocumentError;

/// How a product is told to serve nobody. A flag, two programs, or both. Since format 3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Maintenance {
    /// A file: while it is there the product serves nobody. Made before `enter` runs, removed before `leave`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    /// A program that makes the product serve nobody once it is started. Runs with the engines stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enter: Option<Vec<String>>,
    /// A program that lets it serve. Runs with the engines running, and with them stopped on the way back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leave: Option<Vec<String>>,
    /// The user that the programs run as.
    pub user: String,
    /// When each of them is ended.
    pub timeout_seconds: u32,
}

impl Maintenance {
    /// What is wrong with it, if anything.
    pub fn fault(&self) -> Option<&'static str> {
        match (&self.flag, &self.enter, &self.leave) {
            (None, Some(_), Some(_)) | (Some(_), _, _) => None,
            _ => Some("a maintenance mode is a flag, or what enters it and what leaves it"),
        }
    }
}

/// The start stands inside of the mode, where there is one, and there is no mode without its steps.
pub(super) fn check(body: &PlanBody) -> Result<(), DocumentError> {
    let wrong = |what: &str| Err(DocumentError::Inconsistent(what.to_owned()));
    let places = ["enter-maintenance", "start", "leave-maintenance"];
    let found: Vec<_> = body.steps.iter().map(Step::name).filter(|name| places.contains(name)).collect();
    match &body.maintenance {
        None if found.iter().any(|name| name.ends_with("maintenance")) => wrong("it has no maintenance mode"),
        Some(_) if found != places => wrong("the start is not inside of the maintenance mode"),
        Some(mode) => mode.fault().map_or(Ok(()), wrong),
        None => Ok(()),
    }
}
