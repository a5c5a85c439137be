//! A rehearsal: the upgrade on offer is carried out on a copy of this host, away from everything that lives here,
//! and what it took and how it ended is told.
//!
//! The copy is every file system of the host laid over (`host::copy`), in which the data of the product is
//! a copy, too: its files copied, its databases dumped and restored into servers of the copy's own. There the
//! packages of the release are installed by the host's package manager and the steps of its plan are run by the
//! engine that runs them on the host, with a journal that goes with the copy.
//!
//! - `material`: what is fetched, verified and saved for it on the host, which is only read
//! - `order`: what the copy is told
//! - `scratch`: the folder that holds it all, gone when the rehearsal is over
//! - `stage`: the copy is made and entered
//! - `performance`: the upgrade in the copy
//! - `growth`: what was written, by file system
//! - [`verdict`]: what came of it
//!
//! Windows cannot be laid over: there it is refused with that reason.
//!
//! The host's own processes begin it (`begin`); those of the copy speak to them by lines of their output alone.

#[cfg(unix)]
mod begin;
#[cfg(unix)]
pub mod growth;
#[cfg(unix)]
pub mod material;
#[cfg(windows)]
mod nowhere;
#[cfg(unix)]
pub mod order;
#[cfg(unix)]
pub mod performance;
#[cfg(unix)]
pub mod scratch;
#[cfg(unix)]
pub mod stage;
pub mod verdict;

#[cfg(unix)]
pub use begin::{rehearse, sweep};
#[cfg(windows)]
pub use nowhere::{rehearse, sweep};
#[cfg(unix)]
pub use order::Order;
#[cfg(unix)]
pub use scratch::Scratch;
pub use verdict::{Progress, Rehearsal, Verdict};

use crate::host::program::Programs;
use crate::host::{PackageManager, ServiceManager};
use crate::places::Places;
use crate::product::Product;
use crate::trust::Trust;

/// Where the data of a rehearsal comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The host as it is now: its engines go on.
    Live,
    /// The newest backup of the version that is installed.
    Latest,
    /// The backup of the upgrade with this number.
    Backup(u32),
}

/// What a rehearsal stands on.
#[derive(Clone, Copy)]
pub struct Here<'a> {
    /// Where everything is.
    pub places: &'a Places,
    /// What this host trusts.
    pub trust: &'a Trust,
    /// The product.
    pub product: &'a Product,
    /// The package manager.
    pub packages: &'a dyn PackageManager,
    /// Who tells what the engines are doing.
    pub services: &'a dyn ServiceManager,
    /// Who runs programs.
    pub programs: &'a dyn Programs,
}
