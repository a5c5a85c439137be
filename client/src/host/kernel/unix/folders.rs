//! Where the agent's things are: as the file system hierarchy standard has them, below the root.

use std::path::{Path, PathBuf};

/// The agent's socket.
pub const SOCKET: &str = "/run/consignee/agent.sock";

/// The codes that open the page of this host: in memory, for root alone.
const TICKETS: &str = "/run/consignee-page";

/// An absolute path of the host, below another root.
pub fn at(root: &Path, absolute: &str) -> PathBuf {
    root.join(absolute.trim_start_matches('/'))
}

/// The agent's socket, below another root.
pub fn socket(root: &Path) -> PathBuf {
    at(root, SOCKET)
}

/// The folder of the codes that open the page.
pub fn tickets(root: &Path) -> PathBuf {
    at(root, TICKETS)
}

/// The release notes of a package, below another root.
pub fn notes(root: &Path, package: &str) -> PathBuf {
    at(root, "/usr/share/doc").join(package).join("notes")
}

/// The packages make the folders of the state.
///
/// # Errors
/// None.
pub fn prepare(_state: &Path) -> std::io::Result<()> {
    Ok(())
}
