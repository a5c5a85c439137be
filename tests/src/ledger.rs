//! What the numbered-record client saw: which records were acknowledged, and when none were.

use std::collections::BTreeSet;
use std::time::SystemTime;

/// One record that was sent.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its number: 1, 2, 3...
    pub number: u64,
    /// When it was sent.
    pub sent: SystemTime,
    /// When it was answered or given up.
    pub answered: SystemTime,
    /// Why it was not acknowledged; nothing when it was.
    pub refusal: Option<String>,
}

/// Records refused one after the other.
#[derive(Clone, Debug)]
pub struct Outage {
    /// First number refused.
    pub first: u64,
    /// Last number refused.
    pub last: u64,
    /// When the first refusal was seen: the product was going down by then.
    pub from: SystemTime,
    /// When the last refused record was sent: the product was not back by then.
    pub until: SystemTime,
    /// What the first refusal said.
    pub refusal: String,
}

/// Everything a client sent, in order.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// The records.
    pub records: Vec<Record>,
}

impl Ledger {
    /// Numbers the product acknowledged.
    pub fn acknowledged(&self) -> BTreeSet<u64> {
        self.records.iter().filter(|record| record.refusal.is_none()).map(|record| record.number).collect()
    }

    /// Numbers it refused or did not answer. It may have stored them all the same.
    pub fn refused(&self) -> BTreeSet<u64> {
        self.records.iter().filter(|record| record.refusal.is_some()).map(|record| record.number).collect()
    }

    /// Numbers that were acknowledged and are not in what the product stored: lost data.
    pub fn missing(&self, stored: &BTreeSet<u64>) -> Vec<u64> {
        self.acknowledged().difference(stored).copied().collect()
    }

    /// The times when nothing was acknowledged.
    pub fn outages(&self) -> Vec<Outage> {
        let runs = self.records.chunk_by(|a, b| a.refusal.is_some() == b.refusal.is_some());
        let outage = |run: &[Record]| {
            let (first, last) = (run.first()?, run.last()?);
            let refusal = first.refusal.clone()?;
            let (from, until) = (first.answered, last.sent);
            Some(Outage { first: first.number, last: last.number, from, until, refusal })
        };
        runs.filter_map(outage).collect()
    }

    /// Outages that are not inside any of these announced windows (from stop to start).
    pub fn unannounced(&self, windows: &[(SystemTime, SystemTime)]) -> Vec<Outage> {
        let announced =
            |outage: &Outage| windows.iter().any(|(stop, start)| *stop <= outage.from && outage.until <= *start);
        self.outages().into_iter().filter(|outage| !announced(outage)).collect()
    }

    /// Panics unless a person gave up what was written before the one outage, as a rollback of a finished upgrade says
    /// that it does: all of that is lost, and nothing else.
    #[track_caller]
    pub fn assert_given_up(&self, stored: &BTreeSet<u64>, windows: &[(SystemTime, SystemTime)]) {
        let [outage] = &self.outages()[..] else { panic!("not one outage: {:?}", self.outages()) };
        let before: Vec<u64> = self.acknowledged().range(..outage.first).copied().collect();
        assert!(!before.is_empty(), "nothing was written before {outage:?}");
        assert_eq!(self.missing(stored), before, "what is lost, and what was written to what was taken back");
        let outages = self.unannounced(windows);
        assert!(outages.is_empty(), "outages outside what was announced {windows:?}: {outages:?}");
    }

    /// Panics with the numbers lost and the outages nobody announced, unless there are none; and
    /// when nothing was acknowledged at all, which would prove nothing.
    #[track_caller]
    pub fn assert_kept(&self, stored: &BTreeSet<u64>, windows: &[(SystemTime, SystemTime)]) {
        assert!(!self.acknowledged().is_empty(), "no record was ever acknowledged: {:?}", self.outages());
        let (missing, outages) = (self.missing(stored), self.unannounced(windows));
        assert!(missing.is_empty(), "acknowledged and lost: {missing:?}");
        assert!(outages.is_empty(), "outages outside what the plan announced {windows:?}: {outages:?}");
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    /// One a second: those of the range are refused.
    fn ledger(length: u64, refused: std::ops::Range<u64>) -> Ledger {
        let record = |number: u64| {
            let sent = UNIX_EPOCH + Duration::from_secs(number);
            let refusal = refused.contains(&number).then(|| "stopped".to_owned());
            Record { number, sent, answered: sent, refusal }
        };
        Ledger { records: (1..=length).map(record).collect() }
    }

    #[test]
    fn what_is_given_up_is_what_was_written_before_the_outage() {
        let window = [(UNIX_EPOCH + Duration::from_secs(4), UNIX_EPOCH + Duration::from_secs(7))];
        ledger(9, 4..7).assert_given_up(&[7, 8, 9].into(), &window);
    }

    #[test]
    #[should_panic(expected = "what is lost")]
    fn what_came_after_the_outage_is_not_given_up() {
        ledger(9, 4..7).assert_given_up(&[7, 9].into(), &[(UNIX_EPOCH, SystemTime::now())]);
    }

    #[test]
    #[should_panic(expected = "what is lost")]
    fn what_is_still_there_was_not_given_up() {
        ledger(9, 4..7).assert_given_up(&[2, 7, 8, 9].into(), &[(UNIX_EPOCH, SystemTime::now())]);
    }

    #[test]
    #[should_panic(expected = "outside what was announced")]
    fn a_rollback_is_an_outage_that_somebody_has_announced() {
        ledger(9, 4..7).assert_given_up(&[7, 8, 9].into(), &[]);
    }
}
