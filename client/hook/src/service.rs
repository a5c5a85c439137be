//! The agent's service, as far as the hook talks to it itself: a line that nobody waits for.

use std::io::Write;
use std::os::unix::net::UnixStream;

use crate::host::Host;

/// Packages may have changed.
pub const WAKE: &[u8] = b"{\"request\":\"wake\"}\n";
/// The package manager has run its transaction to its end.
pub const ENDED: &[u8] = b"{\"request\":\"ended\"}\n";

/// Puts a request of the agent's socket protocol. One that is lost costs nothing but time: the service
/// watches the transaction, and a timer looks, too.
pub fn tell(host: &Host, request: &[u8]) -> u8 {
    if host.has_systemd()
        && let Ok(mut socket) = UnixStream::connect(host.socket())
    {
        let _ = socket.write_all(request);
    }
    0
}
