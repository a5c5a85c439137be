//! Sweeping: hosts whose test died are removed by the next test that boots one.

use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::cgroup::Cgroup;
use crate::folder;
use crate::lab::Lab;

/// Removes every host whose test is gone, and answers their names.
///
/// One process sweeps at a time; another that finds it at work leaves the rest to it.
pub fn sweep() -> Vec<String> {
    let run = Lab::folder().join("run");
    let Ok(run) = fs_err::create_dir_all(&run).and_then(|()| fs_err::canonicalize(&run)) else {
        return Vec::new();
    };
    let Ok(lock) = fs_err::File::create(Lab::folder().join("sweep.lock")) else {
        return Vec::new();
    };
    if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        return Vec::new();
    }
    let mut dead: Vec<String> = names(&run);
    // Also groups whose folder is in another lab of this machine: the pid tells.
    dead.extend(Cgroup::all().into_iter().map(|group| host_of(&group).to_owned()));
    dead.sort();
    dead.dedup();
    dead.retain(|id| !owner_lives(id));
    // What cannot be removed now (a mount still busy) is tried again by the next test.
    dead.retain(|id| folder::remove(id, &run.join(id)).is_ok());
    dead
}

fn names(run: &Path) -> Vec<String> {
    let entries = fs_err::read_dir(run).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// Groups beside the host's own are `<host>_<purpose>`.
fn host_of(group: &str) -> &str {
    group.split('_').next().unwrap_or(group)
}

fn owner_lives(id: &str) -> bool {
    let Some(pid) = id.rsplit('-').next().and_then(|pid| pid.parse::<u32>().ok()) else {
        return true; // not ours to judge
    };
    PathBuf::from(format!("/proc/{pid}")).exists()
}
