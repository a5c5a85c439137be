//! Who is at work in the service, so that it ends neither too early nor never.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What is going on.
#[derive(Debug)]
pub struct Duty(Mutex<Counts>);

#[derive(Debug)]
struct Counts {
    busy: usize,
    waiting: usize,
    last: Instant,
}

impl Default for Duty {
    fn default() -> Self {
        Self(Mutex::new(Counts { busy: 0, waiting: 0, last: Instant::now() }))
    }
}

/// As long as it lives somebody is at work, or waits.
#[derive(Debug)]
pub struct Shift {
    duty: Arc<Duty>,
    busy: bool,
}

impl Duty {
    /// Somebody answers a request or carries out steps.
    pub fn work(self: &Arc<Self>) -> Shift {
        self.shift(true)
    }

    /// Somebody waits for time or for a transaction; a service that starts anew would wait as well.
    pub fn wait(self: &Arc<Self>) -> Shift {
        self.shift(false)
    }

    /// Whether nobody would be interrupted.
    pub fn is_free(&self) -> bool {
        self.counts().busy == 0
    }

    /// How many are at work.
    #[cfg(test)]
    pub fn workers(&self) -> usize {
        self.counts().busy
    }

    /// For how long nobody has been at work or waiting.
    pub fn idle(&self) -> Duration {
        let counts = self.counts();
        if counts.busy + counts.waiting > 0 { Duration::ZERO } else { counts.last.elapsed() }
    }

    fn shift(self: &Arc<Self>, busy: bool) -> Shift {
        let mut counts = self.counts();
        *counts.of(busy) += 1;
        Shift { duty: Arc::clone(self), busy }
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn of(&mut self, busy: bool) -> &mut usize {
        if busy { &mut self.busy } else { &mut self.waiting }
    }
}

impl Drop for Shift {
    fn drop(&mut self) {
        let mut counts = self.duty.counts();
        *counts.of(self.busy) -= 1;
        counts.last = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_keeps_the_service_but_not_its_program() {
        let duty = Arc::new(Duty::default());
        let waiting = duty.wait();
        assert!(duty.is_free() && duty.idle().is_zero());
        let working = duty.work();
        assert!(!duty.is_free());
        drop((waiting, working));
        assert!(duty.is_free() && !duty.idle().is_zero());
    }
}
