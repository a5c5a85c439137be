//! What a command writes, read in the background and bounded.

use std::io::Read;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

// What a background child of the command may still write once the command itself has ended.
const GRACE: Duration = Duration::from_millis(500);

/// Which part of the output is kept.
#[derive(Clone, Copy)]
pub enum Keep {
    /// The first bytes, and one more, so that too much can be told from just enough.
    Start(usize),
    /// The last bytes.
    End(usize),
}

/// What was read so far, and whether the pipe has ended.
pub struct Collected {
    kept: Arc<Mutex<Vec<u8>>>,
    end: Receiver<()>,
}

impl Collected {
    /// What was read until the end, or until a moment from now: a daemon that the command left behind may
    /// hold the pipe open for ever.
    pub fn take(self) -> Vec<u8> {
        let _ = self.end.recv_timeout(GRACE);
        std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Reads a pipe in the background.
pub fn collect(pipe: Option<impl Read + Send + 'static>, keep: Keep) -> Collected {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let (ended, end) = channel::<()>();
    if let Some(mut pipe) = pipe {
        let kept = Arc::clone(&kept);
        std::thread::spawn(move || {
            // Dropped with the thread, which tells the end.
            let _ended = ended;
            let mut buffer = [0; 16 * 1024];
            while let Ok(length @ 1..) = pipe.read(&mut buffer) {
                add(&mut kept.lock().unwrap_or_else(PoisonError::into_inner), &buffer[..length], keep);
            }
        });
    }
    Collected { kept, end }
}

fn add(kept: &mut Vec<u8>, more: &[u8], keep: Keep) {
    match keep {
        Keep::Start(maximum) => {
            let room = (maximum + 1).saturating_sub(kept.len()).min(more.len());
            kept.extend_from_slice(&more[..room]);
        }
        Keep::End(maximum) => {
            kept.extend_from_slice(more);
            let surplus = kept.len().saturating_sub(maximum);
            kept.drain(..surplus);
        }
    }
}
