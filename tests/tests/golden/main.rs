//! The golden fixtures of every published format version: what an earlier agent or publisher wrote must
//! be read, and a host that an earlier agent left in mid-upgrade must be finished, by every later tree.
//!
//! `docs/golden.md` says what they are and how they were made. They are never made again.

mod coverage;
mod documents;
mod fixture;
mod host;
mod journals;
mod mid_upgrade;
mod repository;
mod rpm;
mod state;
mod windows;
