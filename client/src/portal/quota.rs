//! How often something may happen in a minute.

use jiff::{SignedDuration, Timestamp};

const MINUTE: SignedDuration = SignedDuration::from_secs(60);

/// So many in each minute, counted from the first.
#[derive(Debug, Clone)]
pub struct Quota {
    allowed: u32,
    used: u32,
    since: Timestamp,
}

impl Quota {
    /// Nothing is used of it yet.
    pub fn per_minute(allowed: u32) -> Self {
        Self { allowed, used: 0, since: Timestamp::UNIX_EPOCH }
    }

    /// Takes one; whether there was one left. A clock that was set back begins a new minute.
    pub fn take(&mut self, now: Timestamp) -> bool {
        let passed = now.duration_since(self.since);
        if passed >= MINUTE || passed < SignedDuration::ZERO {
            (self.used, self.since) = (0, now);
        }
        self.used = self.used.saturating_add(1);
        self.used <= self.allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_up_comes_back_with_the_next_minute() {
        let mut quota = Quota::per_minute(2);
        let at = |seconds: i64| Timestamp::from_second(1_000_000 + seconds).unwrap();
        assert_eq!([0, 1, 2, 59].map(|second| quota.take(at(second))), [true, true, false, false]);
        assert_eq!([60, 61, 62].map(|second| quota.take(at(second))), [true, true, false]);
        assert!(quota.take(at(-5)), "the clock was set back");
    }
}
