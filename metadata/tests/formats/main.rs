//! The published formats against what nobody published: cut, doubled, oversized and arbitrary bytes.

mod add_ons;
mod arbitrary;
#[cfg(feature = "verify")]
mod archive;
#[cfg(feature = "verify")]
mod deb;
mod documents;
mod notes;
mod plans;
mod procedures;
mod renamed;
