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
