//! The accounts of this host, as far as a plan may name them.

use crate::host::HostError;

/// The names of the system's own account, which programs of a plan run as; a plan for several systems says `root`.
pub const SYSTEM: [&str; 3] = ["root", "SYSTEM", "LocalSystem"];

/// Whether it is the system's own.
pub fn is_system(user: &str) -> bool {
    SYSTEM.iter().any(|system| system.eq_ignore_ascii_case(user))
}

/// Accounts have no numbers here. Whoever wants to give files to another one than the system's is told.
///
/// # Errors
/// When it is another one.
pub fn ids(user: &str) -> Result<(u32, u32), HostError> {
    let reason = "on Windows the agent works as the system alone".to_owned();
    is_system(user).then_some((0, 0)).ok_or_else(|| HostError { action: format!("work as {user}"), reason })
}
