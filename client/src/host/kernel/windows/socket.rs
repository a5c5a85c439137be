//! The agent's socket: a named pipe that only the system and administrators can open.

use std::io;
use std::path::Path;
use std::time::Duration;

use consignee_win32::pipe;

/// One conversation.
pub use consignee_win32::pipe::Stream;

/// The system and administrators; the kernel checks it when the pipe is opened. It is the administrators', by which
/// whoever asks knows it for the service's.
const WHO: &str = "O:BAD:P(A;;GA;;;SY)(A;;GA;;;BA)";

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
        pipe::Listener::bind(&path.display().to_string(), WHO).map(Self)
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
