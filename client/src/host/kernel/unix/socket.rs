//! The agent's socket.

use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::{socket_acceptconn, socket_peercred};

/// One conversation.
pub use std::os::unix::net::UnixStream as Stream;

/// Opens a conversation.
///
/// # Errors
/// When nobody listens, or only others may ask.
pub fn connect(path: &Path) -> io::Result<Stream> {
    Stream::connect(path)
}

/// Whether anything listens there, or did.
pub fn is_there(path: &Path) -> bool {
    path.exists()
}

/// Whether root asks, or whoever the service itself is. The socket's mode says so already; a mode can be changed.
pub fn is_privileged(stream: &Stream) -> bool {
    let own = rustix::process::geteuid();
    socket_peercred(stream).is_ok_and(|peer| peer.uid.is_root() || peer.uid == own)
}

/// The end that listens.
#[derive(Debug)]
pub struct Listener(UnixListener);

impl Listener {
    /// The socket that was handed over as standard input, if it was.
    ///
    /// # Errors
    /// When it cannot be taken over.
    pub fn inherited() -> io::Result<Option<Self>> {
        let stdin = io::stdin();
        if stdin.is_terminal() || !socket_acceptconn(&stdin).unwrap_or(false) {
            return Ok(None);
        }
        Ok(Some(Self(UnixListener::from(stdin.as_fd().try_clone_to_owned()?))))
    }

    /// One of our own.
    ///
    /// # Errors
    /// When it cannot be made, or another service answers there.
    pub fn bind(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        if Stream::connect(path).is_ok() {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, "another service answers there"));
        }
        let _ = std::fs::remove_file(path);
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self(listener))
    }

    /// Whoever comes within the limit, which is under a second.
    pub fn accept(&self, limit: Duration) -> Option<Stream> {
        let turn = Timespec { tv_sec: 0, tv_nsec: limit.subsec_nanos().into() };
        let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
        let is_ready = poll(&mut fds, Some(&turn)).is_ok_and(|ready| ready > 0);
        if is_ready { self.0.accept().ok().map(|(stream, _)| stream) } else { None }
    }
}
