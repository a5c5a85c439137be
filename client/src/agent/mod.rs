//! The agent's service: what hooks and people ask for is done here, whoever hangs up meanwhile.
//!
//! - [`service`]: the socket, the threads, and when the service ends by itself
//! - [`dialogue`]: one conversation: a request, then replies
//! - [`look`], [`barrier`], [`preinst`], [`adoption`], [`removal`], [`decision`], [`acknowledging`]: a request each
//! - [`reconcile`]: the truths are compared and what follows from them is done
//! - [`watch`]: waits for the end of a transaction
//! - [`mend`]: finishes one that ended half way; [`held_open`]: files that somebody had open
//! - [`journey`], [`hop`]: a product goes to a version, stop by stop; [`preparing`]: why that is the agent's work
//! - [`catalogue`], [`situation`], [`comparison`], [`offers`], [`intent`], [`add_ons`]: what is known and wanted
//! - [`introduction`]: the new keys of a vendor, for a host that was away
//! - [`checks`]: what is looked for on the host; [`room`], [`backup_room`]: space for what is written; `writers`: whether
//!   those can write who do
//! - [`keeping`], [`previous`]: the packages to go back to; [`tidying`]: what goes when nobody wants it any more
//! - [`putting_back`]: they come back; [`torn`]: their files are not what they are said to be
//! - [`timetable`]: when it looks by itself; [`own`]: what becomes of a newer agent
//! - [`timing`]: the site's rules on when and with whom
//! - [`telling`]: people hear of an outage; [`event_log`]: on Windows its Event Log does
//! - [`upgrades`], [`holds`]: what is written down; [`seeding`]: what the site acknowledges in advance
//! - [`locks`], [`duty`], [`lease`]: who is at what
//! - [`data`]: the version of the data against what was last seen
//! - [`generation`]: an older generation of a feed that a person accepts
//!
//! One thread per conversation and one lock per product; what is under way survives the service, because
//! nothing is known here that is not in a journal or cannot be looked at again.

pub mod acknowledging;
pub mod add_ons;
pub mod adoption;
pub mod backup_room;
pub mod barrier;
pub mod catalogue;
pub mod checks;
pub mod comparison;
pub mod data;
pub mod decision;
pub mod dialogue;
pub mod duty;
pub mod event_log;
pub mod generation;
pub mod held_open;
pub mod holding;
pub mod holds;
pub mod hop;
pub mod intent;
pub mod introduction;
pub mod journey;
pub mod keeping;
mod kept_back;
pub mod lease;
pub mod locks;
pub mod look;
pub mod mend;
pub mod offers;
pub mod online;
pub mod own;
pub mod preinst;
pub mod preparing;
pub mod previous;
pub mod putting_back;
pub mod reconcile;
pub mod removal;
pub mod room;
pub mod seeding;
pub mod service;
pub mod situation;
pub mod targets;
pub mod telling;
pub mod tidying;
pub mod timetable;
pub mod timing;
pub mod torn;
pub mod upgrades;
pub mod watch;
mod writers;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use consign_metadata::name::ProductId;
use consign_metadata::text::Language;
use consign_metadata::version::Version;

use crate::engine::journal::JournalError;
use crate::engine::runner::{Clock, SystemClock};
use crate::host::kernel::folders;
use crate::host::program::Programs;
use crate::host::{self, HostError, PackageManager, ServiceManager};
use crate::places::Places;
use crate::rehearsal;
use crate::request::Undecidable;
use crate::site::tell::Tell;
use crate::tell::News;
use crate::trust::TrustError;

use duty::{Duty, Shift};
use locks::Locks;

/// Why something that was asked could not be done.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The journal of a product.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The host.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A document is not trusted.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// A file or a socket of the agent's own.
    #[error("cannot {action}: {cause}")]
    Io {
        /// What was attempted.
        action: String,
        /// The reason the system gave.
        cause: io::Error,
    },
    /// It is not possible in the state that the product is in.
    #[error("{0}")]
    NotNow(String),
    /// A decision that makes no sense in the state that the upgrade is in.
    #[error("{}", .0.sentence(Language::En))]
    Undecidable(Undecidable),
}

impl AgentError {
    fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |cause| Self::Io { action, cause }
    }
}

/// The agent on its host.
pub struct Agent {
    /// Where everything is.
    pub places: Places,
    /// The package manager.
    pub packages: Box<dyn PackageManager>,
    /// The service manager.
    pub services: Box<dyn ServiceManager>,
    /// Who runs programs.
    pub programs: Box<dyn Programs>,
    /// The time.
    pub clock: Box<dyn Clock>,
    /// Who writes to the terminals of the host.
    pub wall: fn(&str),
    /// Who brings news to the program and the address of the site; keeps the shift until it is done.
    pub deliver: Arc<dyn Fn(Tell, News, Shift) + Send + Sync>,
    /// The version of this agent.
    pub version: Version,
    locks: Locks,
    duty: Arc<Duty>,
    /// The process whose transaction was last let through, by product.
    admitted: Mutex<BTreeMap<ProductId, u32>>,
    /// Products that somebody is about to reconcile.
    expected: Mutex<BTreeSet<ProductId>>,
    /// Held by whoever reconciles a product; whoever is expected waits for it.
    turns: Locks,
    /// How often each product was taken up.
    taken_up: Mutex<BTreeMap<ProductId, u64>>,
    /// Whether somebody waits for the end of a transaction.
    watched: Mutex<bool>,
    /// The process that reported that its transaction has run to its end.
    done: Mutex<Option<u32>>,
    /// Upgrades whose transaction was found half way, with nobody at it.
    mending: Mutex<BTreeSet<(ProductId, u32)>>,
    /// Products on a journey, and who is at which.
    pub ways: journey::Ways,
    /// Held by whoever brings feeds up to date, and by whoever writes the holds.
    looking: Mutex<()>,
    holding: Mutex<()>,
}

impl Agent {
    /// The agent of the host it runs on.
    pub fn here(places: Places) -> Self {
        Self {
            packages: host::package_manager(&places),
            services: host::service_manager(),
            programs: host::programs(),
            places,
            clock: Box::new(SystemClock::default()),
            wall: crate::step::announce::wall,
            deliver: Arc::new(telling::deliver),
            version: version(),
            locks: Locks::default(),
            duty: Arc::default(),
            admitted: Mutex::default(),
            expected: Mutex::default(),
            turns: Locks::default(),
            taken_up: Mutex::default(),
            watched: Mutex::default(),
            done: Mutex::default(),
            mending: Mutex::default(),
            ways: journey::Ways::default(),
            looking: Mutex::default(),
            holding: Mutex::default(),
        }
    }

    fn admitted(&self) -> std::sync::MutexGuard<'_, BTreeMap<ProductId, u32>> {
        self.admitted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expected(&self) -> std::sync::MutexGuard<'_, BTreeSet<ProductId>> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The version of this program.
pub fn version() -> Version {
    env!("CARGO_PKG_VERSION").parse().expect("Cargo's versions are semantic versions")
}

/// The service, until it has nothing to do; answers the exit status.
///
/// # Errors
/// When there is no socket to listen on, or another agent is at work.
pub fn run(places: Places) -> Result<u8, AgentError> {
    run_as_long(places, &mut service::UntilIdle).map(service::Ending::status)
}

/// The service, as long as it stays.
///
/// # Errors
/// As of [`run`].
pub fn run_as_long(places: Places, stay: &mut dyn service::Stay) -> Result<service::Ending, AgentError> {
    folders::prepare(&places.state()).map_err(AgentError::io("make the folder of the state"))?;
    let _lease = lease::Lease::take(&places)?;
    rehearsal::sweep(&places);
    let agent = Arc::new(Agent::here(places));
    if let Err(problem) = agent.packages.begin() {
        log::warn!("{problem}");
    }
    let listener = service::listener(&agent.places)?;
    Ok(service::serve(&agent, &listener, stay))
}

#[cfg(all(test, unix))]
mod tests;
