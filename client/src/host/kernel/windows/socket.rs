//! The agent's socket: a named pipe that only the system and administrators can open.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use consignee_win32::pipe;

/// One conversation.
pub use consignee_win32::pipe::Stream;

/// The system and administrators; the kernel checks it when the pipe is opened. It is the administrators', by which
/// whoever asks knows it for the service's.
const WHO: &str = "O:BAD:P(A;;GA;;;SY)(A;;GA;;;BA)";
/// The name is one's until the last conversation is closed: an agent that is about to end is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
const TURN: Duration = Duration::from_millis(50);
/// `ERROR_ACCESS_DENIED` and `ERROR_PIPE_BUSY` of winerror.h, which are said of a name that somebody has.
const TAKEN: [i32; 2] = [5, 231];

/// Opens a conversation.
///
/// # Errors
/// When nobody listens, or only others may ask.
pub fn connect(path: &Path) -> io::Result<Stream> {
    Stream::connect(&path.display().to_string())
}

/// Whether anything listens there. It is not opened: that would be a conversation.
pub fn is_there(path: &Path) -> bool {
    pipe::is_there(&path.display().to_string())
}

/// Nobody else could have opened the pipe.
pub fn is_privileged(_stream: &Stream) -> bool {
    true
}

fn is_taken(cause: &io::Error) -> bool {
    cause.raw_os_error().is_some_and(|code| TAKEN.contains(&code))
}

/// The end that listens.
#[derive(Debug)]
pub struct Listener(pipe::Listener);

impl Listener {
    /// Nobody hands one over here.
    ///
    /// # Errors
    /// None.
    pub fn inherited() -> io::Result<Option<Self>> {
        Ok(None)
    }

    /// One of our own.
    ///
    /// # Errors
    /// When another service has it.
    pub fn bind(path: &Path) -> io::Result<Self> {
        let (name, deadline) = (path.display().to_string(), Instant::now() + PATIENCE);
        loop {
            match pipe::Listener::bind(&name, WHO) {
                Err(cause) if is_taken(&cause) && Instant::now() < deadline => std::thread::sleep(TURN),
                bound => return bound.map(Self),
            }
        }
    }

    /// Whoever comes within the limit.
    pub fn accept(&self, limit: Duration) -> Option<Stream> {
        self.0.accept(limit).unwrap_or_else(|problem| {
            log::warn!("cannot listen: {problem}");
            std::thread::sleep(limit);
            None
        })
    }
}
