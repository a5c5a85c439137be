//! A conversation with the agent's service: the viewer's end of the socket.
//!
//! One request, then replies until the last. Waiting is cut into short turns, so that the viewer can
//! show the journal meanwhile; nothing here changes anything, and hanging up is always allowed.

use std::io::{self, BufRead, BufReader, Write};
use std::time::{Duration, Instant};

use crate::host::kernel::{shell, socket};
use crate::places::Places;
use crate::request::{Reply, Request};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// Nobody listens.
    #[error("cannot reach the agent's service: {0}")]
    Unreachable(io::Error),
    /// Only root may ask.
    #[error("cannot reach the agent's service: only {} may", shell::ADMINISTRATOR)]
    Denied,
    /// The service hung up before its last reply.
    #[error("cannot go on: the agent's service ended the conversation")]
    Ended,
    /// A reply of another age than this viewer.
    #[error("cannot understand the agent's service: {0}")]
    Unknown(serde_json::Error),
    /// The time that was given is over.
    #[error("cannot wait any longer for the agent's service")]
    TimedOut,
}

/// An open conversation.
#[derive(Debug)]
pub struct Conversation {
    stream: BufReader<socket::Stream>,
    line: Vec<u8>,
}

impl Conversation {
    /// Connects and puts the request.
    ///
    /// # Errors
    /// [`NoAnswer`]
    pub fn start(places: &Places, request: &Request) -> Result<Self, NoAnswer> {
        let mut stream = socket::connect(&places.socket()).map_err(unreachable)?;
        let line = serde_json::to_string(request).map_err(NoAnswer::Unknown)?;
        stream.write_all(format!("{line}\n").as_bytes()).map_err(unreachable)?;
        Ok(Self { stream: BufReader::new(stream), line: Vec::new() })
    }

    /// The next reply, or `None` when there was none within this turn.
    ///
    /// # Errors
    /// [`NoAnswer`]
    pub fn next(&mut self, turn: Duration) -> Result<Option<Reply>, NoAnswer> {
        self.stream.get_ref().set_read_timeout(Some(turn)).map_err(unreachable)?;
        match self.stream.read_until(b'\n', &mut self.line) {
            // What came of the line so far is kept for the next turn.
            Err(error) if is_pause(&error) => Ok(None),
            Err(error) => Err(unreachable(error)),
            Ok(_) if !self.line.ends_with(b"\n") => Err(NoAnswer::Ended),
            Ok(_) => {
                let line = std::mem::take(&mut self.line);
                serde_json::from_slice(&line).map(Some).map_err(NoAnswer::Unknown)
            }
        }
    }

    /// The last reply, within the limit.
    ///
    /// # Errors
    /// [`NoAnswer`]
    pub fn last(mut self, limit: Duration) -> Result<Reply, NoAnswer> {
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(NoAnswer::TimedOut);
            }
            match self.next(left)? {
                Some(reply) if is_last(&reply) => return Ok(reply),
                _ => {}
            }
        }
    }
}

/// One request and its last reply.
///
/// # Errors
/// [`NoAnswer`]
pub fn ask(places: &Places, request: &Request, limit: Duration) -> Result<Reply, NoAnswer> {
    Conversation::start(places, request)?.last(limit)
}

/// Whether nothing follows the reply.
pub fn is_last(reply: &Reply) -> bool {
    !matches!(reply, Reply::Working { .. } | Reply::Fetching { .. } | Reply::Told { .. })
}

fn is_pause(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted)
}

fn unreachable(error: io::Error) -> NoAnswer {
    match error.kind() {
        io::ErrorKind::PermissionDenied => NoAnswer::Denied,
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => NoAnswer::Ended,
        _ => NoAnswer::Unreachable(error),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    /// A service that reads one line and says its part, then hangs up.
    fn service(says: &'static str) -> (tempfile::TempDir, Places, std::thread::JoinHandle<String>) {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::below(folder.path());
        std::fs::create_dir_all(places.socket().parent().unwrap()).unwrap();
        let listener = UnixListener::bind(places.socket()).unwrap();
        let service = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut line = String::new();
            BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
            stream.write_all(says.as_bytes()).unwrap();
            line
        });
        (folder, places, service)
    }

    #[test]
    fn replies_come_one_by_one_until_the_last() {
        let working = "{\"reply\":\"working\",\"product\":\"acme/erp\",\"upgrade\":2}\n{\"reply\":\"pass\"}\n";
        let (_folder, places, service) = service(working);
        let mut conversation = Conversation::start(&places, &Request::Wake).unwrap();
        let turn = Duration::from_secs(5);
        assert!(matches!(conversation.next(turn), Ok(Some(Reply::Working { upgrade: 2, .. }))));
        assert!(matches!(conversation.next(turn), Ok(Some(Reply::Pass))));
        assert_eq!(service.join().unwrap(), "{\"request\":\"wake\"}\n");
    }

    #[test]
    fn a_service_that_hangs_up_gave_no_answer() {
        for says in ["", "{\"reply\":\"pa"] {
            let (_folder, places, service) = service(says);
            assert!(matches!(ask(&places, &Request::Wake, Duration::from_secs(5)), Err(NoAnswer::Ended)), "{says}");
            service.join().unwrap();
        }
    }

    #[test]
    fn nobody_there_is_told_from_no_answer() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::below(folder.path());
        assert!(matches!(ask(&places, &Request::Wake, Duration::from_secs(5)), Err(NoAnswer::Unreachable(_))));
    }
}
