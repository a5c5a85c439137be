//! A slice of an ordinary apt archive, such as Debian's own: what the vendor's packages depend on.
//!
//! Its bytes stay as they are, so that the archive's signatures still verify: `InRelease` and the indexes
//! of the chosen components whole, and of the pool the packages that are carried. A host that asks for
//! another package gets "not found"; the index cannot say so, since it is signed.
//!
//! - `release`: which indexes make up a suite
//! - `index`: which packages, and what they depend on
//! - `record`: what a mirror knows of an archive
//! - `sync`, `taking`: bringing it up to date

mod index;
mod record;
mod release;
mod sync;
mod taking;
mod unpack;

pub use record::Slice;
pub use sync::{ArchiveOutcome, ArchiveRequest, sync_archive};
