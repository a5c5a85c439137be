//! A clock that nobody waits for, unless a test says so.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use crate::engine::runner::Clock;

/// What ends an agent whose records are counted.
pub struct Death;

/// Those who sleep until they are woken; where nobody has said that they stay asleep, none.
#[derive(Default)]
pub struct Sleepers {
    state: Mutex<Sleep>,
    woken: Condvar,
}

#[derive(Default)]
struct Sleep {
    /// How often those who were asleep were woken; `None` where nobody stays asleep.
    mornings: Option<u64>,
    asleep: usize,
}

impl Sleepers {
    /// From now on whoever sleeps stays asleep until [`Self::wake`].
    pub fn stay_asleep(&self) {
        self.state.lock().unwrap().mornings = Some(0);
    }

    /// Whoever is asleep wakes up.
    pub fn wake(&self) {
        self.state.lock().unwrap().mornings.as_mut().into_iter().for_each(|mornings| *mornings += 1);
        self.woken.notify_all();
    }

    /// How many are asleep.
    pub fn asleep(&self) -> usize {
        self.state.lock().unwrap().asleep
    }

    fn sleep(&self) {
        let mut state = self.state.lock().unwrap();
        let evening = state.mornings;
        state.asleep += 1;
        let is_night = |state: &mut Sleep| evening.is_some() && state.mornings == evening;
        self.woken.wait_while(state, is_night).unwrap().asleep -= 1;
    }
}

/// Sleeping moves it on, and takes no time.
pub struct Played {
    sleepers: Arc<Sleepers>,
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
        Self { sleepers: Arc::default(), running: Mutex::default(), wrong_by, left }
    }

    /// The same, with sleepers that may stay asleep.
    pub fn with(self, sleepers: Arc<Sleepers>) -> Self {
        Self { sleepers, ..self }
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
        self.sleepers.sleep();
        *self.running.lock().unwrap() += duration;
    }
}
