//! The states an upgrade can be in, and why it stopped where it did.

use consign_metadata::version::Version;
use serde::Serialize;

use super::event::{Failure, Holder, Reason};

/// Where an upgrade stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum State {
    /// Seen, gates not looked at yet.
    Planned,
    /// Kept back by its gates.
    Held,
    /// Gates satisfied; waits for the transaction. Behaves as the first item, not started.
    Cleared,
    /// Walking the list forward; this item is next.
    Forward {
        /// Index in the list.
        item: usize,
        /// What is known of it.
        activity: Activity,
    },
    /// A person has to decide about this item.
    Waiting {
        /// Index in the list.
        item: usize,
    },
    /// Stopped at this item, engines stopped; a person has to act.
    Halted {
        /// Index in the list.
        item: usize,
        /// Why.
        cause: HaltCause,
    },
    /// Walking the list back; this item is to be taken back next. −1 is the old version's health.
    Backward {
        /// Index in the list, or −1.
        item: i64,
        /// What is known of it.
        activity: Activity,
    },
    /// An undo failed.
    Stuck {
        /// Index in the list, or −1.
        item: i64,
        /// How.
        failure: Failure,
    },
    /// Done.
    Completed,
    /// Taken back before any package had changed, or not wanted any more.
    Cancelled,
    /// Taken back, packages included.
    RolledBack,
    /// Another upgrade took its place.
    Superseded {
        /// Its number.
        by: u32,
    },
    /// A person put the host right.
    Rescued {
        /// The version found on the host.
        observed: Version,
    },
}

impl State {
    /// Whether its list is being walked, forward or back: a step may run.
    pub fn is_walking(&self) -> bool {
        matches!(self, Self::Forward { .. } | Self::Backward { .. })
    }
}

/// What is known of the item that is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activity {
    /// Not running.
    Idle,
    /// Running, or the agent died while it ran.
    Busy,
    /// Found busy by replay: nobody knows how far it came.
    Interrupted,
}

/// Why an upgrade halted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum HaltCause {
    /// The packages were found changed although the gates are not satisfied.
    Unsatisfied {
        /// Every reason, at once.
        reasons: Vec<Reason>,
    },
    /// The transaction ended with some modules changed and some not.
    Partial,
    /// Its transaction is gone with the packages as they were, and what was prepared cannot be taken back.
    Abandoned,
    /// A step failed and cannot be walked back.
    Failed {
        /// How.
        failure: Failure,
    },
    /// A step was interrupted and cannot be walked back.
    Interrupted,
    /// The same step was tried too often.
    LoopDetected {
        /// How often.
        attempts: u32,
        /// Who was in the way then; the first ones.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        holders: Vec<Holder>,
    },
}
