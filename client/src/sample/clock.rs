//! A clock that nobody waits for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use crate::engine::runner::Clock;

/// Sleeping moves it on, and takes no time.
#[derive(Default)]
pub struct Played {
    running: Mutex<Duration>,
    /// What is wrong with the time of day.
    wrong_by: Arc<Mutex<jiff::SignedDuration>>,
}

impl Played {
    /// A clock whose time of day is wrong by what is written there.
    pub fn wrong_by(wrong_by: Arc<Mutex<jiff::SignedDuration>>) -> Self {
        Self { running: Mutex::default(), wrong_by }
    }
}

impl Clock for Played {
    fn now(&self) -> Timestamp {
        Timestamp::now() + *self.wrong_by.lock().unwrap()
    }
    fn running(&self) -> Duration {
        *self.running.lock().unwrap()
    }
    fn sleep(&self, duration: Duration) {
        *self.running.lock().unwrap() += duration;
    }
}
