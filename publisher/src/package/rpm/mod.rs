//! The .rpm format, version 4, written by ourselves.
//!
//! The crate for it (`rpm` 0.30) keeps the compressed payload in memory (1.1 GB for 1 GiB that does not
//! compress; ours is streamed, as the suite `streaming` measures), flushes the compressor after every file,
//! stores a file with several names once for each, and forgets features that the package needs of rpm;
//! and its signatures would be a second OpenPGP library.
//!
//! - `version`: versions as rpm spells and compares them
//! - `relation`: relations to other packages, features of rpm among them
//! - `control`: what only rpm wants to know of a package
//! - `folders`: folders that every host has and no package may own
//! - `files`: the list of files in the header, `cpio` and `payload`: their content
//! - `store`: a header as bytes
//! - `header`: what the package says of itself, and the digest of what it is
//! - `signature`: lead and signature header, and how a signature gets there
//! - `opened`: a signed package, read as a repository wants it
//! - `foreign`: a package that others built, `scriptlet`: what it runs, `archive`: its payload
//! - `wrapped`: such a package with what is added to it, `merged`: its list of files

mod archive;
mod control;
mod cpio;
mod files;
mod folders;
mod foreign;
mod header;
mod merged;
mod opened;
mod payload;
mod relation;
mod scriptlet;
mod signature;
mod store;
pub mod version;
mod wrapped;
mod writer;

pub use control::{Relations, RpmControl, Scripts, TransactionTrigger};
pub use foreign::ForeignRpm;
pub(super) use opened::open;
pub(super) use payload::packer;
pub use relation::{BadRelation, Relation};
pub use scriptlet::{REPORTED, Scriptlet, Slot};
pub use wrapped::Addition;
pub use writer::Rpm;
