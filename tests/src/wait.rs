//! Waiting for a condition, with a deadline: no test sleeps for a guessed time.

use std::thread;
use std::time::{Duration, Instant};

use crate::error::{LabError, Result};

/// Between two looks: at first this, later a part of the time that has passed already. A look is often a command
/// on a host, and hosts share few processors with those who look.
const SHORTEST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_millis(500);
const PART: u32 = 10;

/// Waits until `look` answers something, and says what was awaited when it does not.
pub fn until<T>(what: &str, within: Duration, mut look: impl FnMut() -> Option<T>) -> Result<T> {
    let started = Instant::now();
    loop {
        if let Some(seen) = look() {
            return Ok(seen);
        }
        let passed = started.elapsed();
        if passed >= within {
            return Err(LabError::Late { what: what.to_owned(), seconds: within.as_secs(), detail: String::new() });
        }
        thread::sleep((passed / PART).clamp(SHORTEST, LONGEST));
    }
}
