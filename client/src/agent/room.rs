//! Room for what the agent itself writes while the engines stand: journals, logs of steps, what packages
//! record. A disk that fills up in the middle of an upgrade is worse than one that keeps it from beginning.

use crate::engine::event::Reason;
use crate::places::Places;

/// What has to be free where the state is, in MiB. A journal and its logs take a small part of it.
const NEEDED: u64 = 8;

/// Why nothing may begin; that it cannot be told is left to whoever writes next.
///
/// Never in a journal: for that there may be no room.
pub fn reasons(places: &Places) -> Option<Reason> {
    let folder = places.state();
    let found = rustix::fs::statvfs(&folder).ok()?;
    let free = found.f_bavail.saturating_mul(found.f_frsize) / (1024 * 1024);
    let folder = folder.display().to_string();
    (free < NEEDED).then_some(Reason::NoRoom { folder, free_mib: free, needed_mib: NEEDED })
}
