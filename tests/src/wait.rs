//! Waiting for a condition, with a deadline: no test sleeps for a guessed time.

use std::thread;
use std::time::{Duration, Instant};

use crate::error::{LabError, Result};

/// How often a condition is looked at.
const PACE: Duration = Duration::from_millis(20);

/// Waits until `look` answers something, and says what was awaited when it does not.
pub fn until<T>(what: &str, within: Duration, mut look: impl FnMut() -> Option<T>) -> Result<T> {
    let started = Instant::now();
    loop {
        if let Some(seen) = look() {
            return Ok(seen);
        }
        if started.elapsed() >= within {
            return Err(LabError::Late { what: what.to_owned(), seconds: within.as_secs(), detail: String::new() });
        }
        thread::sleep(PACE);
    }
}
