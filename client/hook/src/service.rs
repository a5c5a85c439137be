//! The agent's service, as far as the hook talks to it itself: one hint that nobody waits for.

use std::io::Write;
use std::os::unix::net::UnixStream;

use crate::host::Host;

/// `Request::Wake` of the agent's socket protocol.
const WAKE: &[u8] = b"{\"request\":\"wake\"}\n";

/// Hints that packages may have changed. A hint that is lost costs nothing but time: a timer looks, too.
pub fn poke(host: &Host) -> u8 {
    if let Ok(mut socket) = UnixStream::connect(host.socket()) {
        let _ = socket.write_all(WAKE);
    }
    0
}
