//! How a mirror behaves towards the server that it reads: how patient it is, and how greedy.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How a mirror asks.
#[derive(Debug, Clone)]
pub struct Manner {
    /// How often a file is asked for again.
    pub retries: u32,
    /// Before the first of these; each later pause is twice as long.
    pub pause: Duration,
    /// For nothing to arrive.
    pub stall: Duration,
    /// For a file as a whole, all attempts together; a large one has more by [`Self::minimum_rate`].
    pub deadline: Duration,
    /// Bytes a second; slower than this, and a large file is given up.
    pub minimum_rate: u64,
    /// Bytes a second, of all transfers together; `None` for as fast as it goes.
    pub rate: Option<u64>,
    /// How many files at once.
    pub lanes: usize,
    /// Servers that the one that is asked may send to.
    pub elsewhere: BTreeSet<String>,
    /// Further certificate authorities, PEM.
    pub authorities: Vec<Vec<u8>>,
}

/// The longest pause between two attempts.
const LONGEST: Duration = Duration::from_secs(30);

impl Default for Manner {
    fn default() -> Self {
        Self {
            retries: 5,
            pause: Duration::from_millis(500),
            stall: Duration::from_secs(30),
            deadline: Duration::from_secs(60),
            minimum_rate: 64 * 1024,
            rate: None,
            lanes: 6,
            elsewhere: BTreeSet::new(),
            authorities: Vec::new(),
        }
    }
}

impl Manner {
    /// A watch on a file that is asked for now.
    pub fn watch(&self) -> Watch<'_> {
        Watch { manner: self, since: Instant::now(), received: Cell::new(0) }
    }

    /// The pause before an attempt, counted from 1.
    pub fn pause_before(&self, attempt: u32) -> Duration {
        self.pause.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST)
    }
}

/// How long a file takes, all attempts together. What has arrived of it gives it more time.
pub struct Watch<'a> {
    manner: &'a Manner,
    since: Instant,
    received: Cell<u64>,
}

impl Watch<'_> {
    /// So many bytes more have arrived.
    pub fn received(&self, bytes: usize) {
        self.received.set(self.received.get() + bytes as u64);
    }

    /// Whether it would be given up after so long a pause.
    pub fn is_over_in(&self, pause: Duration) -> bool {
        let Manner { rate, lanes, minimum_rate, deadline, .. } = self.manner;
        // Those who share a limited rate wait for each other.
        let share = rate.map(|rate| rate / (*lanes).max(1) as u64 / 2);
        let slowest = share.unwrap_or(u64::MAX).min(*minimum_rate).max(1);
        self.since.elapsed() + pause > *deadline + Duration::from_secs(self.received.get() / slowest)
    }
}

/// A limit on what all transfers together receive.
#[derive(Debug)]
pub struct Throttle {
    rate: Option<u64>,
    /// When the next byte may come.
    next: Mutex<Instant>,
}

impl Throttle {
    /// A limit in bytes a second.
    pub fn new(rate: Option<u64>) -> Self {
        Self { rate, next: Mutex::new(Instant::now()) }
    }

    /// Waits until so many bytes more are within the limit.
    pub fn passed(&self, bytes: usize) {
        let Some(rate) = self.rate else { return };
        let takes = Duration::from_secs_f64(bytes as f64 / rate.max(1) as f64);
        let now = Instant::now();
        let until = {
            let mut next = self.next.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *next = (*next).max(now) + takes;
            *next
        };
        std::thread::sleep(until.saturating_duration_since(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let manner = Manner::default();
        let pauses: Vec<_> = [1, 2, 3, 60].map(|attempt| manner.pause_before(attempt).as_millis()).into();
        assert_eq!(pauses, [500, 1000, 2000, 30_000]);
    }

    #[test]
    fn what_arrives_gives_more_time_and_nothing_gives_none() {
        let manner = Manner { deadline: Duration::from_secs(10), minimum_rate: 1000, ..Manner::default() };
        let watch = manner.watch();
        assert!(!watch.is_over_in(Duration::from_secs(9)) && watch.is_over_in(Duration::from_secs(11)));
        watch.received(5000);
        assert!(!watch.is_over_in(Duration::from_secs(14)) && watch.is_over_in(Duration::from_secs(16)));
    }

    #[test]
    fn all_together_receive_no_more_than_the_limit() {
        let throttle = Throttle::new(Some(100_000));
        let since = Instant::now();
        std::thread::scope(|scope| {
            (0..4).for_each(|_| drop(scope.spawn(|| (0..5).for_each(|_| throttle.passed(1000)))));
        });
        assert!(since.elapsed() >= Duration::from_millis(190), "{:?}", since.elapsed());
    }
}
