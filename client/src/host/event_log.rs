//! The log of the system that administrators look at, where it is not the one that the agent's own lines go to.

pub use super::kernel::event_log::{IS_THERE, register, write};

/// How grave an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Somebody has to act.
    Error,
    /// Somebody should know.
    Warning,
    /// It is well.
    Information,
}
