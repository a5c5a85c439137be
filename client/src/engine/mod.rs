//! The engine: one upgrade of one product as a journal of events, and what follows from them.
//!
//! - [`event`]: what can happen, as it is written down
//! - [`machine`]: the one transition table
//! - [`journal`]: the append-only file, synced before the act
//! - [`runner`]: does what is next

pub mod event;
pub mod journal;
pub mod machine;
pub mod runner;

#[cfg(test)]
mod sample;
