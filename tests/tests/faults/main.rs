//! Faults: the agent killed, the power cut, the disk full, at many moments of many upgrades. Each upgrade ends where
//! it should, with the data of one version or the other, and nothing is lost that was acknowledged.

#![expect(clippy::print_stdout, reason = "the seed and every moment are told")]

mod chain;
mod cuts;
mod kills;
