//! This process and others.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use consignee_win32::{process, token};

/// A process may give up its lock and live on.
const TURN: Duration = Duration::from_secs(1);
/// Where a process cannot be waited for.
const POLL: Duration = Duration::from_millis(200);

/// Whether it may change what is the system's: an administrator's, with his rights in force.
pub fn is_privileged() -> bool {
    token::is_privileged()
}

/// The number of the user who started it, which tells the users of this host apart.
pub fn user() -> u32 {
    token::user_number().unwrap_or(u32::MAX)
}

/// The name of the person behind it.
pub fn person() -> String {
    token::user_name()
}

/// What this host is called.
pub fn host_name() -> String {
    process::host_name()
}

/// Waits for the end of a process, but only for a moment.
pub fn wait_for_end(pid: u32) {
    if process::wait(pid, TURN).is_err() {
        std::thread::sleep(POLL);
    }
}

/// Whether the program on disk is another than the one that runs. A running one can be renamed, and another put in
/// its place.
pub fn is_replaced() -> bool {
    static BEGUN: OnceLock<Option<(u64, SystemTime)>> = OnceLock::new();
    let now = identity();
    let begun = *BEGUN.get_or_init(|| now);
    now.is_some() && now != begun
}

fn identity() -> Option<(u64, SystemTime)> {
    let found = std::env::current_exe().ok()?.metadata().ok()?;
    Some((found.len(), found.modified().ok()?))
}
