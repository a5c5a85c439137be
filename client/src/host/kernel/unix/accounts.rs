//! The accounts of this host.

use crate::host::HostError;
use crate::host::command::HostCommand;

/// User and group id of a user.
///
/// # Errors
/// When there is no such user, or nobody can tell.
pub fn ids(user: &str) -> Result<(u32, u32), HostError> {
    let entry = HostCommand::new("getent").args(["passwd", "--", user]).run()?.text();
    let mut numbers = entry.trim_end().split(':').skip(2).map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(uid)), Some(Ok(gid))) => Ok((uid, gid)),
        _ => Err(HostError { action: format!("look up {user}"), reason: format!("there is no user {user}") }),
    }
}
