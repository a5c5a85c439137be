//! The packages that the agent manages: `/var/lib/consignee/managed`, one name a line.

use std::collections::BTreeSet;
use std::io;

use crate::host::Host;

/// The agent's own package. Its upgrade and its removal are never held up by the agent.
pub const AGENT: &str = "consignee";

/// All of them; none when the agent has not managed anything yet.
///
/// # Errors
/// When the file is there but cannot be read.
pub fn read(host: &Host) -> io::Result<BTreeSet<String>> {
    let text = match std::fs::read_to_string(host.managed()) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(error),
    };
    Ok(text.lines().map(str::trim).filter(|name| !name.is_empty() && *name != AGENT).map(str::to_owned).collect())
}

/// Whether there is certainly nothing that concerns the agent.
pub fn is_empty(host: &Host) -> bool {
    read(host).is_ok_and(|names| names.is_empty())
}
