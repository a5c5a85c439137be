//! A slice of an ordinary archive of apt, such as Debian's own, or of an ordinary repository of yum: what the
//! vendor's packages depend on.
//!
//! Its bytes stay as they are, so that the archive's signatures still verify: `InRelease` and the indexes
//! of the chosen components whole, and of the pool the packages that are carried. A host that asks for
//! another package gets "not found"; the index cannot say so, since it is signed.
//!
//! - `release`: which indexes make up a suite
//! - `repomd`, `primary`, `yum`: the same for yum
//! - `held`: an index on disk
//! - `index`: which packages, and what they depend on
//! - `lacking`: what hosts need that they do not have; `rpm`: the same for hosts of rpm
//! - `record`: what a mirror knows of an archive
//! - `sync`, `taking`: bringing it up to date; `carried`: what media bring of it

mod carried;
mod held;
mod index;
mod lacking;
mod primary;
mod record;
mod release;
mod repomd;
mod rpm;
mod sync;
mod taking;
mod unpack;
mod yum;

pub(in crate::mirror) use carried::Carried;
pub use lacking::Lacking;
pub(in crate::mirror) use record::Record;
pub use record::{Archive, Slice};
pub use sync::{ArchiveKind, ArchiveOutcome, ArchiveRequest, sync_archive};
