//! The .rpm format, version 4.
//!
//! - `opened`: a signed package, read as a repository wants it

mod opened;

pub(super) use opened::open;
