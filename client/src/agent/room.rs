//! Room for what the agent itself writes while the engines stand: journals, logs of steps, what packages
//! record; and for the packages to go back to. A disk that fills up in the middle of an upgrade is worse than
//! one that keeps it from beginning.

use crate::engine::event::Reason;
use crate::places::Places;

const MIB: u64 = 1024 * 1024;
/// What has to be free where the state is, in MiB. A journal and its logs take a small part of it.
const NEEDED: u64 = 8;

/// Why nothing may begin; that it cannot be told is left to whoever writes next.
///
/// Never in a journal: for that there may be no room.
pub fn reasons(places: &Places) -> Option<Reason> {
    let (folder, free) = free(places)?;
    (free < NEEDED * MIB).then_some(Reason::NoRoom { folder, free_mib: free / MIB, needed_mib: NEEDED })
}

/// The same for packages of so many bytes, whose arrival frees others.
pub fn for_packages(places: &Places, bytes: u64, freed: u64) -> Option<Reason> {
    let (folder, free) = free(places)?;
    let (free, needed) = (free.saturating_add(freed), bytes.saturating_add(NEEDED * MIB));
    let (free_mib, needed_mib) = (free / MIB, needed.div_ceil(MIB));
    (bytes > 0 && free < needed).then_some(Reason::NoRoomForPackages { folder, free_mib, needed_mib })
}

fn free(places: &Places) -> Option<(String, u64)> {
    let folder = places.state();
    let found = rustix::fs::statvfs(&folder).ok()?;
    Some((folder.display().to_string(), found.f_bavail.saturating_mul(found.f_frsize)))
}
