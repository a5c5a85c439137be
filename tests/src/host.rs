//! A throw-away host: booted, driven, cut, booted again, and gone when it is dropped.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use crate::entrance::Entrance;
use crate::error::{Doing, LabError, Result};
use crate::folder::Folder;
use crate::mounts;
use crate::network::Network;
use crate::nspawn::Nspawn;
use crate::root::{BaseSystem, Release, RpmSystem};
use crate::tree::Tree;
use crate::wait::until;

/// Generous: a boot takes a second or two, but many hosts boot on few processors.
const BOOT: Duration = Duration::from_secs(90);
const OFF: Duration = Duration::from_secs(90);

/// A host of the lab. Methods that panic do so with everything the host said.
#[derive(Debug)]
pub struct Host {
    entrance: Entrance,
    nspawn: Mutex<Option<Nspawn>>,
    system: BaseSystem,
    // Last: the folder goes when nothing runs in it any more.
    folder: Folder,
}

impl Host {
    /// Makes and boots a host. The name is the test's; the machine's own gets the pid added.
    pub fn boot(name: &str, system: impl Into<BaseSystem>) -> Result<Host> {
        let system = system.into();
        Host::start(Folder::create(name, system, false)?, system)
    }

    /// A host whose files are on a disk of its own, which can lose what was not synced.
    pub fn boot_on_disk(name: &str, system: impl Into<BaseSystem>) -> Result<Host> {
        let system = system.into();
        let host = Host::start(Folder::create(name, system, true)?, system)?;
        if let Some(disk) = &host.folder.disk {
            disk.sync()?;
        }
        Ok(host)
    }

    /// A host that has a folder of this machine as its `/srv/shared`: for what several hosts work on together.
    pub fn boot_sharing(name: &str, system: impl Into<BaseSystem>, shared: &Path) -> Result<Host> {
        let system = system.into();
        let folder = Folder::create(name, system, false)?;
        std::os::unix::fs::symlink(shared, folder.path().join("shared")).doing("share a folder")?;
        Host::start(folder, system)
    }

    /// Boots what a [`Chroot`](crate::Chroot) has been made into.
    pub(crate) fn start(folder: Folder, system: BaseSystem) -> Result<Host> {
        let entrance = Entrance::of(folder.id(), folder.cgroup());
        let host = Host { entrance, nspawn: Mutex::new(None), system, folder };
        host.boot_again()?;
        Ok(host)
    }

    /// Boots a host that is off: after [`Host::cut`] or [`Host::power_off`].
    pub fn boot_again(&self) -> Result<()> {
        if self.is_up() {
            return Err(self.state("already up"));
        }
        *self.lock() = Some(Nspawn::start(&self.folder)?);
        self.wait_booted()
    }

    fn wait_booted(&self) -> Result<()> {
        let mut seen = String::from("no PID 1 yet");
        let booted = until(&format!("host {} booted", self.name()), BOOT, || {
            if self.lock().as_mut().is_none_or(Nspawn::ended) {
                seen = "systemd-nspawn ended".to_owned();
                return Some(false);
            }
            self.entrance.init()?;
            let state = self.exec(&["systemctl", "is-system-running"]);
            seen = state.text();
            matches!(state.stdout.trim(), "running" | "degraded").then_some(true)
        });
        if matches!(booted, Ok(true)) {
            return Ok(());
        }
        let console = fs_err::read_to_string(self.folder.console()).unwrap_or_default();
        Err(LabError::Late {
            what: format!("host {} booted", self.name()),
            seconds: BOOT.as_secs(),
            detail: format!(": {}\n{console}", seen.trim()),
        })
    }

    /// The power is gone: every process dies at one instant, with whoever is inside; what was
    /// written stays, synced or not.
    pub fn cut(&self) {
        self.cgroup().kill().and_then(|()| self.wait_off(OFF)).expect("a host can be cut");
    }

    /// The power is gone, and with it everything the host had not synced to its disk.
    ///
    /// Panics on a host without a disk of its own ([`Host::boot_on_disk`]).
    pub fn cut_losing_unsynced(&self) -> Result<()> {
        let disk = self.folder.disk.as_ref().ok_or_else(|| self.state("without a disk of its own"))?;
        disk.shut_down()?;
        self.cut();
        mounts::clear(&self.folder.root())?;
        disk.replay()?;
        self.folder.mount()
    }

    /// Shuts down as `systemctl poweroff` does, and waits until it is off.
    pub fn power_off(&self) -> Result<()> {
        // The answer may be lost with the bus: only the end counts.
        self.exec(&["systemctl", "--no-block", "poweroff"]);
        self.wait_off(OFF)
    }

    /// Shuts down and boots again.
    pub fn reboot(&self) -> Result<()> {
        self.power_off()?;
        self.boot_again()
    }

    /// Is its PID 1 alive?
    pub fn is_up(&self) -> bool {
        self.entrance.init().is_some()
    }

    fn wait_off(&self, within: Duration) -> Result<()> {
        self.cgroup().wait_gone(within)?;
        if let Some(nspawn) = self.lock().take() {
            nspawn.reap()?;
        }
        Ok(())
    }

    /// The unique name: host name, machine name, control group and folder.
    pub fn name(&self) -> &str {
        self.folder.id()
    }

    /// What it is made from.
    pub fn system(&self) -> BaseSystem {
        self.system
    }

    /// The Debian release of a host with apt; panics on an RPM host.
    #[track_caller]
    pub fn release(&self) -> Release {
        match self.system {
            BaseSystem::Apt(release) => release,
            BaseSystem::Databases | BaseSystem::Desktop => Release::Trixie,
            BaseSystem::Rpm(system) => panic!("{} is an RPM host: {}", self.name(), system.name()),
        }
    }

    /// The kind of an RPM host; panics on a host with apt.
    #[track_caller]
    pub fn rpm_system(&self) -> RpmSystem {
        match self.system {
            BaseSystem::Rpm(system) => system,
            BaseSystem::Apt(_) | BaseSystem::Databases | BaseSystem::Desktop => {
                panic!("{} has apt: {}", self.name(), self.system.name())
            }
        }
    }

    /// The way in, for threads of their own.
    pub fn entrance(&self) -> Entrance {
        self.entrance.clone()
    }

    /// Its network, where servers and clients stand.
    pub fn network(&self) -> Network {
        self.folder.network()
    }

    /// Its files, as they are now.
    pub fn tree(&self) -> Tree {
        let root = match self.entrance.init() {
            Some(init) => Path::new("/proc").join(init.to_string()).join("root"),
            None => self.folder.root(),
        };
        Tree::at(self.name(), root)
    }

    /// The folder of this machine that keeps everything of the host: for what belongs beside it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Everything the host's console showed, over all boots.
    pub fn console(&self) -> String {
        fs_err::read_to_string(self.folder.console()).unwrap_or_default()
    }

    /// Units of the host that failed.
    pub fn failed_units(&self) -> Vec<String> {
        let list = self.ok(&["systemctl", "list-units", "--state=failed", "--plain", "--no-legend", "--no-pager"]);
        list.stdout.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
    }

    fn cgroup(&self) -> crate::cgroup::Cgroup {
        self.folder.cgroup()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Nspawn>> {
        self.nspawn.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn state(&self, state: &'static str) -> LabError {
        LabError::State { host: self.name().to_owned(), state }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _already_off = self.cgroup().kill().and_then(|()| self.wait_off(OFF));
    }
}
