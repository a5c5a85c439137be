//! The conformance suite: on which systems it measures what, and how what it found becomes a page of docs.
//!
//! - [`behaviours`]: what is measured, and what can come of it
//! - `expected`: what has to come of it, on each system
//! - `record`: what one test found on one system, in a file
//! - `page`: all records as a table

pub mod behaviours;
mod expected;
mod page;
mod record;

use crate::manager::Manager;
use crate::root::{BaseSystem, Release, RpmSystem};

pub use behaviours::{Behaviour, Found, LeftOut};
pub use page::{PAGE, Page, say_the_same};
pub use record::{Sheet, folder};

/// A package manager at one version, on a host of the lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct System {
    /// Its name in the records.
    pub name: &'static str,
    /// What is above the column of the table.
    pub title: &'static str,
    /// The host.
    pub base: BaseSystem,
    /// What is typed there.
    pub manager: Manager,
}

impl System {
    /// Every one, as the columns of the table are ordered.
    pub const ALL: [System; 7] = [
        System::new("bookworm", "apt, Debian 12", BaseSystem::Apt(Release::Bookworm), Manager::Apt),
        System::new("trixie", "apt, Debian 13", BaseSystem::Apt(Release::Trixie), Manager::Apt),
        System::new("dnf4-bookworm", "dnf 4, rpm 4.18", BaseSystem::Rpm(RpmSystem::Dnf4Bookworm), Manager::Dnf4),
        System::new("dnf4-trixie", "dnf 4, rpm 4.20", BaseSystem::Rpm(RpmSystem::Dnf4Trixie), Manager::Dnf4),
        System::new("dnf5", "dnf 5, rpm 6", BaseSystem::Rpm(RpmSystem::Dnf5), Manager::Dnf5),
        System::new("zypper", "zypper, rpm 4.18", BaseSystem::Rpm(RpmSystem::Zypper), Manager::Zypper),
        System::new("rpm", "rpm 4.20 alone", BaseSystem::Rpm(RpmSystem::Dnf4Trixie), Manager::Rpm),
    ];

    const fn new(name: &'static str, title: &'static str, base: BaseSystem, manager: Manager) -> System {
        System { name, title, base, manager }
    }

    /// The one of this name; panics where there is none.
    #[track_caller]
    pub fn named(name: &str) -> System {
        let found = System::ALL.into_iter().find(|system| system.name == name);
        found.unwrap_or_else(|| panic!("no such system: {name}"))
    }
}
