//! A clock that nobody waits for.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use crate::engine::runner::Clock;

/// What ends an agent whose records are counted.
pub struct Death;

/// Sleeping moves it on, and takes no time.
pub struct Played {
    running: Mutex<Duration>,
    /// What is wrong with the time of day.
    wrong_by: Arc<Mutex<jiff::SignedDuration>>,
    /// Whoever asks for the time of day so often dies, which is before a record is written.
    left: Arc<AtomicUsize>,
}

impl Default for Played {
    fn default() -> Self {
        Self::wrong_by(Arc::default(), Arc::new(AtomicUsize::new(usize::MAX)))
    }
}

impl Played {
    /// A clock whose time of day is wrong by what is written there.
    pub fn wrong_by(wrong_by: Arc<Mutex<jiff::SignedDuration>>, left: Arc<AtomicUsize>) -> Self {
        Self { running: Mutex::default(), wrong_by, left }
    }
}

impl Clock for Played {
    fn now(&self) -> Timestamp {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            resume_unwind(Box::new(Death));
        }
        Timestamp::now() + *self.wrong_by.lock().unwrap()
    }
    fn running(&self) -> Duration {
        *self.running.lock().unwrap()
    }
    fn sleep(&self, duration: Duration) {
        *self.running.lock().unwrap() += duration;
    }
}
