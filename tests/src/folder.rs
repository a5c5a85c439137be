//! Everything one host has on this machine: its layer, its root, its console, its network.
//!
//! The name carries the pid of the test, so that the folder, the control groups, the machine name
//! and the mounts of a dead test can be told from those of a living one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cgroup::Cgroup;
use crate::disk::Disk;
use crate::error::{Doing, Result};
use crate::lab::Lab;
use crate::mounts;
use crate::network::Network;
use crate::root::BaseSystem;

/// The folder of one host under `run/`.
#[derive(Debug)]
pub(crate) struct Folder {
    id: String,
    path: PathBuf,
    lower: PathBuf,
    pub(crate) disk: Option<Disk>,
}

impl Folder {
    /// Makes the folder and the overlay in it: a host that was never booted.
    pub(crate) fn create(name: &str, system: BaseSystem, on_disk: bool) -> Result<Folder> {
        let valid = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        assert!(valid && !name.is_empty() && name.len() <= 40, "not a host name: {name:?}");
        crate::sweep::sweep();
        let lower = system.tree()?;
        let (id, path) = claim(name)?;
        let mut folder = Folder { id, path, lower, disk: None };
        Network::create(&folder.path)?;
        if on_disk {
            folder.disk = Some(Disk::create(&folder.path)?);
        }
        folder.mount()?;
        folder.identify()?;
        Ok(folder)
    }

    /// Unique on this machine: `<name>-<pid>`.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The host's root as this machine sees it while the host is off.
    pub(crate) fn root(&self) -> PathBuf {
        self.path.join("root")
    }

    pub(crate) fn console(&self) -> PathBuf {
        self.path.join("console.log")
    }

    pub(crate) fn cgroup(&self) -> Cgroup {
        Cgroup::named(&self.id)
    }

    pub(crate) fn network(&self) -> Network {
        Network::of(&self.path)
    }

    /// Mounts the overlay, on the host's own disk where it has one.
    pub(crate) fn mount(&self) -> Result<()> {
        let layer = self.disk.as_ref().map_or(self.path.clone(), |disk| disk.folder().to_owned());
        mounts::overlay(&self.lower, &layer, &self.root())
    }

    /// What an installer would have given it: a name, an identity, a hosts file.
    fn identify(&self) -> Result<()> {
        use sha2::Digest;
        let etc = self.root().join("etc");
        let machine_id = hex::encode(&sha2::Sha256::digest(&self.id)[..16]);
        let name = &self.id;
        for (file, text) in [
            ("hostname", format!("{name}\n")),
            ("hosts", format!("127.0.0.1 localhost\n127.0.1.1 {name}\n::1 localhost\n")),
            ("machine-id", format!("{machine_id}\n")),
        ] {
            fs_err::write(etc.join(file), text).doing("name a host")?;
        }
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A test that already fails must not abort here; what stays is swept later.
        let removed = remove(&self.id, &self.path);
        if !std::thread::panicking() {
            removed.expect("a host can be removed");
        }
    }
}

/// Takes the first free name: a test may boot two hosts of one name.
pub(crate) fn claim(name: &str) -> Result<(String, PathBuf)> {
    let run = Lab::folder().join("run");
    fs_err::create_dir_all(&run).doing("make the folder of hosts")?;
    let run = fs_err::canonicalize(run).doing("find the folder of hosts")?;
    let pid = std::process::id();
    for turn in 1.. {
        let id = if turn == 1 { format!("{name}-{pid}") } else { format!("{name}-{turn}-{pid}") };
        let path = run.join(&id);
        match fs_err::create_dir(&path) {
            Ok(()) => return Ok((id, path)),
            Err(taken) if taken.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(other) => return Err(other).doing("make the folder of a host"),
        }
    }
    unreachable!("some number is free")
}

/// Kills what runs in the groups of this host, unmounts, deletes: also for a dead test's host.
pub(crate) fn remove(id: &str, path: &Path) -> Result<()> {
    let own = |group: &&String| *group == id || group.starts_with(&format!("{id}_"));
    for group in Cgroup::all().iter().filter(own).map(|group| Cgroup::named(group)) {
        group.kill()?;
        group.wait_gone(Duration::from_secs(30))?;
    }
    if !path.exists() {
        return Ok(());
    }
    mounts::clear(path)?;
    // A host of another lab on this machine may have its disk mounted: the loop device goes with the last that has.
    fs_err::remove_dir_all(path).doing("delete a host")
}
