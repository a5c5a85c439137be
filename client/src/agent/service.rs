//! The service: its socket, a thread per conversation, and when it ends by itself.
//!
//! It ends when it has nothing to do, and is started again by its socket. It also ends, with
//! [`Ending::Replaced`], when its program on disk was replaced and nobody is at work: the service
//! manager then starts the new program, which goes on with what this one began.

use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::socket_acceptconn;

use super::{Agent, AgentError, dialogue, watch};
use crate::places::Places;

/// How long it stays with nothing to do.
const IDLE: Duration = Duration::from_secs(60);
const TURN: Timespec = Timespec { tv_sec: 0, tv_nsec: 500_000_000 };

/// Why the service ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Nothing to do.
    Idle,
    /// Its program was replaced.
    Replaced,
}

impl Ending {
    /// The exit status; the unit restarts the service for that of [`Ending::Replaced`].
    pub fn status(self) -> u8 {
        match self {
            Self::Idle => 0,
            Self::Replaced => 75,
        }
    }
}

/// The socket: the one that systemd listens on and hands over as standard input, or one of our own.
///
/// # Errors
/// When there is none to listen on.
pub fn listener(places: &Places) -> Result<UnixListener, AgentError> {
    let stdin = io::stdin();
    if !stdin.is_terminal() && socket_acceptconn(&stdin).unwrap_or(false) {
        let own = stdin.as_fd().try_clone_to_owned().map_err(AgentError::io("take over the socket"))?;
        return Ok(UnixListener::from(own));
    }
    let path = places.socket();
    bind(&path).map_err(AgentError::io(format!("listen on {}", path.display())))
}

fn bind(path: &std::path::Path) -> io::Result<UnixListener> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    if UnixStream::connect(path).is_ok() {
        return Err(io::Error::new(io::ErrorKind::AddrInUse, "another service answers there"));
    }
    let _ = std::fs::remove_file(path);
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers whoever comes, until it ends by itself.
pub fn serve(agent: &Arc<Agent>, listener: &UnixListener) -> Ending {
    // Whatever was cut off is taken up, whoever started the service for whatever reason.
    watch::wake(agent);
    loop {
        if agent.duty.is_free() && is_replaced() {
            return Ending::Replaced;
        }
        if agent.duty.idle() >= IDLE {
            return Ending::Idle;
        }
        if is_ready(listener)
            && let Ok((stream, _)) = listener.accept()
        {
            let shift = agent.duty.work();
            let agent = Arc::clone(agent);
            std::thread::spawn(move || {
                let _shift = shift;
                dialogue::answer(&agent, stream);
            });
        }
    }
}

fn is_ready(listener: &UnixListener) -> bool {
    let mut fds = [PollFd::new(listener, PollFlags::IN)];
    poll(&mut fds, Some(&TURN)).is_ok_and(|ready| ready > 0)
}

/// Whether the program on disk is another than the one that runs. The kernel marks the name of a program
/// whose file was unlinked, which is what a package manager does to the old one.
pub fn is_replaced() -> bool {
    std::fs::read_link("/proc/self/exe").is_ok_and(|path| {
        path.to_string_lossy().strip_suffix(" (deleted)").is_some_and(|p| std::path::Path::new(p).exists())
    })
}
