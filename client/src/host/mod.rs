//! What the agent asks of a host, in words that name no package manager and no service manager.
//!
//! Outside this folder nothing knows whether apt or dnf, systemd or Windows is below. An adapter for a
//! package manager may *report* only a wake, a look, a barrier and an end; it may be *asked* only what
//! [`PackageManager`] lists. Another word is a change of the design.

#[cfg(unix)]
pub mod apt;
pub mod barred;
#[cfg(unix)]
mod bounded;
pub mod by_hand;
mod capture;
#[cfg(any(windows, test))]
mod clipped;
pub mod command;
#[cfg(unix)]
pub mod confined;
#[cfg(unix)]
pub mod copy;
#[cfg(unix)]
pub mod dnf;
#[cfg(unix)]
pub mod dnf5;
pub mod event_log;
pub mod folder;
pub mod gap;
#[cfg(unix)]
mod guard;
pub mod kernel;
#[cfg(unix)]
mod linux;
pub mod login;
#[cfg(unix)]
mod mounted;
#[cfg(windows)]
pub mod msi;
pub mod open_files;
pub mod portal;
#[cfg(windows)]
pub mod processes;
pub mod program;
#[cfg(unix)]
pub mod rpm;
#[cfg(windows)]
pub mod scm;
#[cfg(unix)]
pub mod systemd;
#[cfg(unix)]
mod transaction;
#[cfg(unix)]
pub mod transient;
pub mod typed;
#[cfg(windows)]
mod windows;
#[cfg(unix)]
pub mod zypper;

pub use kernel::accounts as account;
#[cfg(unix)]
pub use linux::{as_here, barred, chosen, folder_of, lift, manager, package_manager, place, programs, service_manager};
#[cfg(windows)]
pub use windows::{
    as_here, barred, chosen, folder_of, lift, manager, package_manager, place, programs, service_manager,
};

use std::path::{Path, PathBuf};
use std::time::Duration;

use consign_metadata::name::{PackageName, UnitName};
use consign_metadata::openpgp::Keyring;
use consign_metadata::plan::NativeVersions;
use jiff::Timestamp;

use crate::engine::event::EngineState;
use crate::host::gap::Gap;
use crate::host::login::Login;
use crate::kept_back::Reach;
use crate::site::Repair;

/// A folder of a package that the site may choose, so that only the host knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folder {
    /// Its programs.
    Install,
    /// Its data.
    Data,
}

/// Something that the host could not tell or do. "Could not look" is never "not there".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot {action}: {reason}")]
pub struct HostError {
    /// What was attempted.
    pub action: String,
    /// What the host said.
    pub reason: String,
}

/// A host error of an action on a file.
pub(crate) fn at(action: &str, path: &Path, cause: impl std::fmt::Display) -> HostError {
    HostError { action: format!("{action} {}", path.display()), reason: cause.to_string() }
}

/// A package as the package database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Its native version.
    pub version: String,
    /// Whether it is configured and nothing is left to do for it.
    pub configured: bool,
}

/// A version that the package manager may install, or may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The package.
    pub package: PackageName,
    /// The versions that may be installed besides the one that is there: those that were cleared.
    pub cleared: Vec<String>,
    /// Whether nobody has to be there for them to be installed.
    pub unattended: bool,
}

/// A repository that this host reads, as its package manager resolved it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Its root, without credentials.
    pub url: String,
    /// The credentials that its address carried; those the package manager keeps elsewhere are its own.
    pub login: Option<Login>,
    /// The channel (the suite).
    pub channel: String,
    /// The entry point as the package manager keeps it after its last update; where it has no lists of its own, the
    /// head of the feed.
    pub entry_point: PathBuf,
}

/// What a package file says of itself, once its vendor's signature was found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The package.
    pub package: PackageName,
    /// Its native version.
    pub version: String,
    /// What such a file is called.
    pub file: String,
    /// How many bytes its files take once they are unpacked.
    pub unpacked: u64,
}

/// Where the file of one version of a package can be had. Nothing of it is verified yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// On this host.
    pub file: Option<PathBuf>,
    /// From a repository: how many bytes that takes.
    pub download: Option<u64>,
}

/// How packages of a product without a journal came to be here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The agent was told, or they were there before it.
    Known,
    /// They came without a word, and others of the product probably follow.
    Coming,
    /// They came without a word, and all of them are here.
    Here,
}

/// Packages that came, but for files that somebody has open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldOpen {
    /// How often their version was installed.
    pub attempts: u32,
    /// When it may be tried again; `None` once that was enough.
    pub due: Option<Timestamp>,
    /// Who has them open, as far as that can be told.
    pub holders: Vec<open_files::Holder>,
}

/// The agent's own package, where no lists of a package manager have it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnPackage {
    /// The native version that is installed; `None` where somebody put the program there by hand.
    pub installed: Option<String>,
    /// The one that was brought, to take the place of this one.
    pub brought: Option<String>,
    /// How often that was tried.
    pub attempts: u32,
    /// When last.
    pub tried: Option<Timestamp>,
    /// When next; `None` where it was not tried yet, or often enough.
    pub next_try: Option<Timestamp>,
    /// What the last attempt ended with.
    pub problem: Option<String>,
}

/// The package manager of the host.
pub trait PackageManager: Send + Sync {
    /// The native version of a module in this package manager's format.
    fn native<'a>(&self, versions: &'a NativeVersions) -> Option<&'a str>;
    /// What the package database says of packages; those it does not know are left out.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn observe(&self, packages: &[PackageName]) -> Result<Vec<(PackageName, Observed)>, HostError>;
    /// The files that packages have put on the host, folders included; of those that it does not have, none.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn files(&self, packages: &[PackageName]) -> Result<Vec<PathBuf>, HostError>;
    /// The files of packages that were made or removed since a moment, and are not those of the version that the
    /// package database has: what a transaction leaves that is cut off before it has written down what it did. None
    /// where the package manager writes that down first.
    ///
    /// # Errors
    /// When it cannot be asked.
    fn torn(&self, _packages: &[PackageName], _since: Timestamp) -> Result<Vec<PathBuf>, HostError> {
        Ok(Vec::new())
    }
    /// The packages that were changed and count only after a reboot, as far as they are known by name; `None`
    /// where the host waits for none.
    ///
    /// # Errors
    /// When it cannot be told.
    fn reboot(&self) -> Result<Option<Vec<String>>, HostError>;
    /// The version that an upgrade would install now if nothing were held; `None` when there is none newer.
    ///
    /// # Errors
    /// When the lists cannot be read.
    fn candidate(&self, package: &PackageName) -> Result<Option<String>, HostError>;
    /// The repositories of a vendor that this host reads.
    ///
    /// # Errors
    /// When they cannot be listed.
    fn repositories(&self, packages: &[PackageName]) -> Result<Vec<Repository>, HostError>;
    /// How often the agent looks for new versions by itself; `None` where it hears that lists were updated.
    fn look_every(&self) -> Option<Duration> {
        None
    }
    /// Fetches one file of a repository the way the package manager would (proxy, credentials,
    /// certificate authorities), at most `maximum` bytes in at most `limit`.
    ///
    /// # Errors
    /// When it cannot be had.
    fn fetch(&self, repository: &Repository, path: &str, maximum: u64, limit: Duration) -> Result<Vec<u8>, HostError>;
    /// How the name of a package's file ends, without the dot.
    fn extension(&self) -> &'static str;
    /// Whether these bytes are the package of this name, signed by these keys.
    ///
    /// # Errors
    /// When they are not.
    fn check(&self, bytes: &[u8], name: &str, keyring: &Keyring) -> Result<(), HostError>;
    /// Replaces the standing hold: exactly these packages, exactly these cleared versions.
    ///
    /// # Errors
    /// When it cannot be written.
    fn hold(&self, holds: &[Hold]) -> Result<(), HostError>;
    /// The signed plan that travels in a package file which this vendor signed.
    ///
    /// # Errors
    /// When the file is not as the vendor signed it, or has no plan.
    fn plan_in(&self, archive: &Path, keyring: &Keyring) -> Result<Vec<u8>, HostError>;
    /// The texts of the release notes that travel in a package file which this vendor signed, in no order. Whose text
    /// is whose a signed plan says, by digest.
    ///
    /// # Errors
    /// When the file is not as the vendor signed it.
    fn notes_in(&self, _archive: &Path, _keyring: &Keyring) -> Result<Vec<Vec<u8>>, HostError> {
        Ok(Vec::new())
    }
    /// What a package file is, which this vendor signed.
    ///
    /// # Errors
    /// When the file is not as the vendor signed it.
    fn identify(&self, archive: &Path, keyring: &Keyring) -> Result<Identity, HostError>;
    /// The file in a folder that by its name is this version of a package.
    fn file_in(&self, folder: &Path, package: &PackageName, version: &str) -> Option<PathBuf>;
    /// Where exactly this version of a package can be had; also while a transaction waits at the barrier.
    ///
    /// # Errors
    /// When the package manager cannot be asked.
    fn source(&self, package: &PackageName, version: &str) -> Result<Source, HostError>;
    /// Fetches exactly this version of a package into an empty folder that is there for nothing else.
    ///
    /// # Errors
    /// When it cannot be had in `limit`.
    fn fetch_package(
        &self,
        package: &PackageName,
        version: &str,
        folder: &Path,
        limit: Duration,
    ) -> Result<PathBuf, HostError>;
    /// Which upgrade takes these versions of installed packages along, now that the holds are written.
    /// `first` is the package that makes new names known.
    ///
    /// # Errors
    /// When it cannot be told.
    fn reach(&self, _wanted: &[(PackageName, String)], _first: &PackageName) -> Result<Reach, HostError> {
        Ok(Reach::Plain)
    }
    /// The process that has a transaction open, if any.
    ///
    /// # Errors
    /// When it cannot be told.
    fn transaction(&self) -> Result<Option<u32>, HostError>;
    /// Finishes what an interrupted transaction left. Takes as long as it takes; hooks are called. Where
    /// something has to go for that, it is done as far as the site lets the agent.
    ///
    /// # Errors
    /// In the package manager's words, also when packages of others cannot be finished; with what to type,
    /// where it is left to a person.
    fn repair(&self, may: Repair) -> Result<(), HostError>;
    /// Before the service asks for anything.
    ///
    /// # Errors
    /// When it cannot be written down that the agent is here.
    fn begin(&self) -> Result<(), HostError> {
        Ok(())
    }
    /// Brings a newer agent, where no lists of a package manager have it and a feed of this host does. It is not
    /// installed yet. The newest that a feed names, newer or not.
    ///
    /// # Errors
    /// When it cannot be had, or is not what the feed names and its builder signed.
    fn fetch_agent(&self) -> Result<Option<String>, HostError> {
        Ok(None)
    }
    /// What is known of the agent's own package, where no lists have it.
    ///
    /// # Errors
    /// When it cannot be told.
    fn own_package(&self) -> Result<Option<OwnPackage>, HostError> {
        Ok(None)
    }
    /// Lets the agent that was brought take the place of this one, where there is one and it is time to; whether that
    /// has begun.
    ///
    /// # Errors
    /// When it cannot be begun.
    fn renew_agent(&self) -> Result<bool, HostError> {
        Ok(false)
    }
    /// Waits until packages may have changed; `false` where somebody tells the agent.
    ///
    /// # Errors
    /// When nobody can wait for that.
    fn wait_for_change(&self) -> Result<bool, HostError> {
        Ok(false)
    }
    /// How these packages, the modules of a release, came to be here; `is_marked` where a first install of them was
    /// seen already.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn arrival(&self, _modules: &[PackageName], _is_marked: bool) -> Result<Arrival, HostError> {
        Ok(Arrival::Known)
    }
    /// Whether packages came but for files that somebody has open, so that they count only once these are replaced.
    ///
    /// # Errors
    /// When it cannot be told.
    fn held_open(&self, _packages: &[PackageName]) -> Result<Option<HeldOpen>, HostError> {
        Ok(None)
    }
    /// Whether [`Self::repair`] and [`Self::install`] touch no package but those that are wanted, so that nobody has to
    /// be asked before a transaction that was cut off is finished.
    fn is_on_its_own(&self) -> bool {
        false
    }
    /// The packages of others that the command which a person types for it takes along.
    ///
    /// # Errors
    /// When they cannot be told.
    fn also_repaired(&self) -> Result<Vec<String>, HostError> {
        Ok(Vec::new())
    }
    /// What keeps it from asking the agent, beside files of the agent's package that were removed.
    fn gaps(&self) -> Vec<Gap> {
        Vec::new()
    }
    /// Fetches everything that [`Self::install`] of these versions would fetch, to where it finds it. Changes
    /// nothing on the host; an adapter whose package manager cannot do that alone fetches in its transaction.
    ///
    /// # Errors
    /// In the package manager's words.
    fn download(&self, _versions: &[(PackageName, String)]) -> Result<(), HostError> {
        Ok(())
    }
    /// Brings back packages from their files, whatever version is there or half there, and removes those that came
    /// since. Hooks are called, and it outlives the agent.
    ///
    /// # Errors
    /// In the package manager's words.
    fn put_back(&self, files: &[PathBuf], gone: &[PackageName]) -> Result<(), HostError>;

    /// Installs newer packages from their files in a copy of the host, where nothing can be fetched.
    ///
    /// # Errors
    /// In the package manager's words.
    fn install_files(&self, files: &[PathBuf]) -> Result<(), HostError> {
        self.put_back(files, &[])
    }

    /// Installs exactly these versions, up or down, and removes nothing. Hooks are called. It runs on when the
    /// agent ends, and [`Self::transaction`] then names its process.
    ///
    /// # Errors
    /// In the package manager's words.
    fn install(&self, versions: &[(PackageName, String)]) -> Result<(), HostError>;
}

/// The service manager of the host.
pub trait ServiceManager: Send + Sync {
    /// Whether it is running at all; not in a chroot or an image build.
    fn is_running(&self) -> bool;
    /// Wakes the agent at a moment, once; asked again for the same moment it does nothing.
    ///
    /// # Errors
    /// When it cannot be arranged.
    fn wake_at(&self, moment: Timestamp) -> Result<(), HostError>;
    /// Whether the host is shutting down: what fails now failed for that reason and proves nothing.
    fn is_going_down(&self) -> bool {
        false
    }
    /// What a unit is doing and whether it starts at boot; `None` when there is no such unit.
    ///
    /// # Errors
    /// When it cannot be asked.
    fn observe(&self, unit: &UnitName) -> Result<Option<EngineState>, HostError>;
    /// Stops units in this order and waits until they are inactive.
    ///
    /// # Errors
    /// Naming the first that still runs after `limit`.
    fn stop(&self, units: &[UnitName], limit: Duration) -> Result<(), HostError>;
    /// Keeps units from starting while the flag is there, across a reboot, where their packages do not:
    /// those were made before the product had a plan.
    ///
    /// # Errors
    /// When it cannot be made durable.
    fn guard(&self, _units: &[UnitName], _flag: &Path) -> Result<(), HostError> {
        Ok(())
    }
    /// Takes the guards of units away, once their packages keep them from starting themselves. Where it
    /// answers that there were some, the unit files have to be read again.
    ///
    /// # Errors
    /// When one of them is still there.
    fn unguard(&self, _units: &[UnitName]) -> Result<bool, HostError> {
        Ok(false)
    }
    /// Lets units start again that only a guard kept from it: the flag is gone. Where their packages look at the
    /// flag there is nothing to do.
    ///
    /// # Errors
    /// When one of them still cannot start.
    fn release(&self, _units: &[UnitName]) -> Result<(), HostError> {
        Ok(())
    }
    /// Whether a unit carries the condition that keeps it from starting while a flag is there, its package's or
    /// ours.
    ///
    /// # Errors
    /// When it cannot be asked.
    fn is_guarded(&self, _unit: &UnitName) -> Result<bool, HostError> {
        Ok(true)
    }
    /// Reads all unit files again, once.
    ///
    /// # Errors
    /// When it fails.
    fn reload(&self) -> Result<(), HostError>;
    /// Forgets an earlier failure of the unit, starts it and waits until it is active.
    ///
    /// # Errors
    /// When it does not become active within `limit`.
    fn start(&self, unit: &UnitName, limit: Duration) -> Result<(), HostError>;
    /// Makes a unit start at boot.
    ///
    /// # Errors
    /// When it fails.
    fn enable(&self, unit: &UnitName) -> Result<(), HostError>;
    /// Makes a unit not start at boot.
    ///
    /// # Errors
    /// When it fails.
    fn disable(&self, unit: &UnitName) -> Result<(), HostError>;
    /// `ActiveState` and `Result`, for people.
    fn describe(&self, unit: &UnitName) -> String;
    /// Whether the unit is active at this moment.
    ///
    /// # Errors
    /// When it cannot be asked.
    fn is_active(&self, unit: &UnitName) -> Result<bool, HostError>;
}

/// The package managers that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// apt, with dpkg.
    Apt,
    /// dnf 4, or rpm alone.
    Dnf,
    /// dnf 5.
    Dnf5,
    /// zypper.
    Zypper,
    /// Windows Installer.
    Msi,
}
