//! The third truth: which version the data is at. A restored dump or a reverted snapshot changes it, and
//! neither the package database nor a journal knows of it.
//!
//! - [`before`]: the version that going back leads to
//! - [`probe`]: asks, by a program of the vendor's
//! - [`record`]: `data.json`, what was last seen, and what was found instead

pub mod before;
pub mod probe;
pub mod record;

pub use before::before;
pub use probe::{Found, Probe};
pub use record::{Difference, Record};
