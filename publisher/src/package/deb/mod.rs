//! The .deb format, `deb(5)`: an `ar` archive of two compressed tar archives, and our signature.
//!
//! - `version`: versions as dpkg spells and compares them
//! - `control`: the control file and its neighbours, `deb-control(5)`
//! - `data`: the payload as a tar archive
//! - `documentation`: the files that Debian Policy wants under `/usr/share/doc`
//! - `configuration`: files that are the site's to edit, without dpkg's questions
//! - `conffiles`: those of a package that was built by others, for its scripts to foresee dpkg's questions
//! - `archive`: the outer archive and the signature
//! - `members`: the control archive of a finished package, read back
//! - `opened`: a signed package, read as a repository wants it
//! - `payload`: its payload, read back
//! - `foreign`: a package that was built by others, read
//! - `wrapped`: the same with a plan
//! - `packing`: gzip, the same however it is written
//! - `compression`: what the archives in a package are compressed with

mod archive;
mod compression;
mod conffiles;
mod configuration;
mod control;
mod data;
mod digest;
mod documentation;
mod foreign;
mod members;
mod opened;
mod packing;
mod paragraph;
pub mod payload;
pub mod version;
mod wrapped;
mod writer;

pub use archive::{Sections, append_signature};
pub(super) use control::wrapped;
pub use control::{DebControl, Relations, Scripts};
pub(crate) use documentation::gzip;
pub use foreign::ForeignDeb;
use members::ControlArchive;
pub(super) use opened::open;
pub(super) use packing::{Packing, gzip as packer};
pub use paragraph::Paragraph;
pub use wrapped::Addition;
pub use writer::Deb;

/// Field of the control file that holds the content digest of the package.
pub const CONTENT_FIELD: &str = "Consign-Content";
