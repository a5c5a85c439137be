//! The signed documents that the publisher and the host agent agree on.
//!
//! A vendor's pipeline writes them, a customer's host reads them, and years may lie between the two:
//! every type here is a published format. There is no I/O in this crate, no clock and no signing;
//! callers bring bytes and the time, and get a verified document or the reason why not.
//!
//! - [`version`]: versions, ranges, and the vendor's rule for what is a major change
//! - [`plan`]: the upgrade plan that travels inside every package
//! - [`prerequisite`], [`task`]: what of it a host and a person look after before the upgrade, or in it
//! - [`add_on`]: products that join the upgrades of another one
//! - [`path`]: whether one version can be reached from another, and by which stops
//! - [`feed`]: what a repository offers, and which generation of it is current
//! - [`anchor`]: what a host trusts of a vendor
//! - `openpgp`, `deb`, `rpm` (feature `verify`), `msi` (feature `msi`), `authenticode` (its own): from bytes to verified bytes;
//!   `account` (feature `msi`): who accounts of Windows are

#[cfg(feature = "msi")]
pub mod account;
pub mod add_on;
pub mod anchor;
#[cfg(feature = "authenticode")]
pub mod authenticode;
#[cfg(feature = "verify")]
pub mod deb;
pub mod digest;
pub mod document;
pub mod feed;
#[cfg(feature = "msi")]
pub mod msi;
pub mod name;
#[cfg(feature = "verify")]
pub mod openpgp;
pub mod path;
pub mod plan;
pub mod prerequisite;
#[cfg(feature = "verify")]
pub mod rpm;
pub mod task;
pub mod text;
pub mod version;
