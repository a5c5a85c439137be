//! The control group a host lives in: everything in it can be killed at one instant.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Doing, Result};
use crate::wait::until;

/// Names of the lab's groups begin with this.
pub(crate) const PREFIX: &str = "consign-";

/// One control group of the cgroup2 hierarchy.
#[derive(Clone, Debug)]
pub(crate) struct Cgroup {
    path: PathBuf,
}

impl Cgroup {
    /// Where cgroup2 is mounted: `unified` on a hybrid layout.
    pub(crate) fn top() -> Option<&'static Path> {
        ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"]
            .map(Path::new)
            .into_iter()
            .find(|top| top.join("cgroup.procs").exists() && top.join("cgroup.controllers").exists())
    }

    /// The group of this name, which may not exist yet.
    pub(crate) fn named(name: &str) -> Cgroup {
        let top = Cgroup::top().unwrap_or(Path::new("/sys/fs/cgroup"));
        Cgroup { path: top.join(format!("{PREFIX}{name}")) }
    }

    /// Every group of the lab on this machine, by the name given to [`Cgroup::named`].
    pub(crate) fn all() -> Vec<String> {
        let Some(entries) = Cgroup::top().and_then(|top| fs_err::read_dir(top).ok()) else {
            return Vec::new();
        };
        entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.strip_prefix(PREFIX).map(str::to_owned))
            .collect()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn create(&self) -> Result<()> {
        fs_err::create_dir_all(&self.path).doing("create a control group")
    }

    /// The host's PID 1, seen from this machine.
    pub(crate) fn init(&self) -> Option<u32> {
        let procs = std::fs::read_to_string(self.path.join("payload/init.scope/cgroup.procs")).ok()?;
        procs.lines().next()?.parse().ok()
    }

    /// SIGKILL to every process at once.
    pub(crate) fn kill(&self) -> Result<()> {
        if !self.path.exists() {
            return Ok(());
        }
        fs_err::write(self.path.join("cgroup.kill"), "1").doing("kill a control group")
    }

    /// Waits until no process is left, then removes the group and the groups in it.
    pub(crate) fn wait_gone(&self, within: Duration) -> Result<()> {
        until(&format!("processes of {} gone", self.path.display()), within, || {
            match std::fs::read_to_string(self.path.join("cgroup.events")) {
                Ok(events) => events.contains("populated 0").then_some(()),
                Err(_) => Some(()),
            }
        })?;
        // A process that has just left can keep its group busy for an instant.
        until(&format!("{} removed", self.path.display()), within, || {
            remove(&self.path);
            (!self.path.exists()).then_some(())
        })
    }
}

/// Removes a group and its children, deepest first; a group still busy stays.
fn remove(group: &Path) {
    if let Ok(entries) = std::fs::read_dir(group) {
        for entry in entries.flatten().filter(|entry| entry.path().is_dir()) {
            remove(&entry.path());
        }
    }
    let _busy = std::fs::remove_dir(group);
}
