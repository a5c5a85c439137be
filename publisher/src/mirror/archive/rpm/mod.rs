//! What hosts of rpm lack for what is to be installed on them, found out from what they have and from what
//! repositories offer. Nothing of rpm has to be on this machine.
//!
//! - `inventory`: what a host has
//! - `relation`, `requirement`: what packages give and ask for
//! - `package`, `primary`, `offers`: packages, and those that can be had
//! - `resolution`: which of them a host lacks
//! - `lacking`: the question and its answer

mod inventory;
mod lacking;
mod offers;
mod package;
mod primary;
mod relation;
mod requirement;
mod resolution;
