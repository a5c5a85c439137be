//! Faults: the agent killed, the power cut, the disk full, at many moments of many upgrades. Each upgrade ends where
//! it should, with the data of one version or the other, and nothing is lost that was acknowledged.

#![expect(clippy::print_stdout, reason = "the seed and every moment are told")]

mod calls;
mod chain;
mod cuts;
mod data;
mod full;
mod kills;
mod lies;
mod no_room;
mod torn;
mod wreckage;

/// Long enough on a busy machine for whatever is waited for.
const FINISH: std::time::Duration = std::time::Duration::from_secs(120);

/// Whether every point is taken, and not a few of them.
fn is_long() -> bool {
    std::env::var_os("CONSIGN_LONG").is_some()
}
