//! Who puts right what an interrupted package transaction has left: `repair`.

use serde::{Deserialize, Serialize};

/// What the site lets the agent do about a package transaction that was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Repair {
    /// Nothing by itself: the upgrade is halted, and what to type is said.
    #[default]
    Ask,
    /// The agent puts it right, where that touches no packages of others, and the upgrade goes on.
    Auto,
}
