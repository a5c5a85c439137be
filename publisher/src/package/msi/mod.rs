//! The .msi format: a database of Windows Installer and a cabinet, in a compound file, written by ourselves.
//!
//! The crate for it (`msi` 0.11) writes streams piece by piece, which osslsigncode takes for damage, panics
//! above 65,535 strings and has a code page that Windows refuses; it is the other reader in our tests.
//!
//! - `identity`, `version`: who a package is, and which of it
//! - `control`: what only Windows wants to know of a package
//! - `names`: names of files, `security`: of accounts, `pe`: what programs say of themselves
//! - `schema`: the tables, `database`: their rows and how they are stored, `pool`: their strings
//! - `layout`: what is installed where; `files`, `services`, `record`, `product`, `sequences`: the rows of a package
//! - `cabinet`: the content of its files, `summary`: what it says of itself, `container`: the file around all
//! - `validator`: whether what was written is what Windows reads
//! - `seal`: how signatures get there, `opened`: a signed package, read as a repository wants it

mod cabinet;
mod container;
mod control;
mod database;
mod files;
mod identity;
mod layout;
pub(crate) mod names;
mod opened;
pub(crate) mod pe;
mod pool;
mod product;
mod record;
mod schema;
mod seal;
pub(crate) mod security;
mod sequences;
mod services;
mod summary;
mod validator;
pub mod version;
mod writer;

pub use control::{
    AGENT, AGENT_FOLDER, Access, DATA, INSTALL, MsiControl, PublicOption, Recovery, RegistryValue, Service, StartType,
};
pub use files::member;
pub use identity::Guid;
pub use layout::NEW_DEFAULT;
pub(super) use opened::open;
pub use opened::{MsiFacts, verify_for_windows};
pub use services::AGENT_SERVICE;
pub use validator::{Faults, validate};
pub use writer::Msi;
