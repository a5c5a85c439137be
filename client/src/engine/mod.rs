//! The engine: one upgrade of one product as a journal of events, and what follows from them.
//!
//! - [`event`]: what can happen, as it is written down
//! - [`state`]: where an upgrade can stand
//! - [`machine`]: the one transition table
//! - [`journal`]: the append-only file, synced before the act
//! - [`list`]: the list of an upgrade, frozen when it begins
//! - [`runner`]: does what is next

pub mod event;
pub mod journal;
pub mod list;
pub mod machine;
pub mod runner;
pub mod state;

#[cfg(test)]
pub(crate) mod sample;
