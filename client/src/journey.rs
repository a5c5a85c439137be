//! The way of a product to a version, over every stop in between: `journey.json` in its folder.
//!
//! What an upgrade does is in its own journal. Here is what spans several of them, for days if need be: where a
//! person wants to go, which upgrade was begun for that, and what keeps the next one from beginning.

use std::io;
use std::path::PathBuf;

use consign_metadata::digest::Sha256;
use consign_metadata::version::Version;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::durable;
use crate::engine::event::{Person, Reason};
use crate::product::Product;

const FORMAT: u32 = 1;

/// A journey that goes on until its last stop is reached, or a person ends it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Journey {
    /// 1.
    pub format: u32,
    /// The version at which it began.
    pub from: Version,
    /// Where it goes.
    pub to: Version,
    /// Who wants it.
    pub by: Person,
    /// Since when.
    pub begun: Timestamp,
    /// The stops that are left, ascending, as they were found last; the last one is where it goes.
    pub ahead: Vec<Version>,
    /// The plans of its upgrades as a person was shown them; no other one is installed. Empty where whatever the
    /// vendor offers is wanted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plans: Vec<Sha256>,
    /// The upgrades that were begun for it, oldest first.
    #[serde(default)]
    pub hops: Vec<Hop>,
    /// How often the last of these stops was tried since a person said so.
    #[serde(default)]
    pub tries: u32,
    /// What keeps the next one from beginning; empty while nothing does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<Reason>,
    /// The package manager's words about the last one, where its transaction failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// An upgrade on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// Its number.
    pub upgrade: u32,
    /// The version it starts from.
    pub from: Version,
    /// The stop that it goes to.
    pub to: Version,
    /// When it was begun.
    pub at: Timestamp,
}

impl Journey {
    /// One that begins.
    pub fn new(from: Version, ahead: Vec<Version>, by: Person, begun: Timestamp) -> Self {
        let to = ahead.last().unwrap_or(&from).clone();
        Self {
            format: FORMAT,
            from,
            to,
            by,
            begun,
            ahead,
            plans: Vec::new(),
            hops: Vec::new(),
            tries: 0,
            waits: Vec::new(),
            failed: None,
        }
    }

    /// The journey that a product is on.
    ///
    /// # Errors
    /// When its file cannot be read, or is another's.
    pub fn read(product: &Product) -> io::Result<Option<Self>> {
        durable::read(&file(product), FORMAT, |journey: &Self| journey.format)
    }

    /// Whether a product is on one.
    pub fn is_begun(product: &Product) -> bool {
        matches!(Self::read(product), Ok(Some(_)))
    }

    /// Makes it durable.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, product: &Product) -> io::Result<()> {
        durable::replace(&file(product), &serde_json::to_vec_pretty(self).map_err(io::Error::other)?)
    }

    /// Changes it, by what was found while somebody was at its next stop. Whether it still goes there: a person may
    /// have ended it meanwhile, or led it elsewhere, and then nothing is changed.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn keep_on(&mut self, product: &Product, change: impl FnOnce(&mut Self)) -> io::Result<bool> {
        let kept = Self::read(product)?.filter(|kept| (kept.begun, &kept.to) == (self.begun, &self.to));
        let Some(mut kept) = kept else { return Ok(false) };
        let before = kept.clone();
        change(&mut kept);
        if kept != before {
            kept.keep(product)?;
        }
        *self = kept;
        Ok(true)
    }

    /// It has ended.
    ///
    /// # Errors
    /// When its file is still there.
    pub fn forget(product: &Product) -> io::Result<()> {
        durable::remove(&file(product))
    }

    /// The next upgrade of it begins.
    pub fn hop(&mut self, hop: Hop) {
        let is_again = self.hops.last().is_some_and(|last| last.to == hop.to);
        self.tries = if is_again { self.tries + 1 } else { 1 };
        self.ahead.retain(|stop| *stop >= hop.to);
        self.hops.push(hop);
        self.waits.clear();
        self.failed = None;
    }
}

fn file(product: &Product) -> PathBuf {
    product.folder().join("journey.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::Places;

    #[test]
    fn a_journey_is_kept_until_it_ends_and_another_format_is_no_journey() {
        let root = tempfile::tempdir().unwrap();
        let product = Product::new(&Places::below(root.path()), "acme/erp".parse().unwrap());
        std::fs::create_dir_all(product.folder()).unwrap();
        assert_eq!(Journey::read(&product).unwrap(), None);
        let by = Person { uid: 0, name: "marie".to_owned() };
        let v = |text: &str| text.parse::<Version>().unwrap();
        let mut journey = Journey::new(v("1.0.0"), vec![v("1.5.0"), v("2.0.0")], by, Timestamp::UNIX_EPOCH);
        let hop = |upgrade, to: &str| Hop { upgrade, from: v("1.0.0"), to: v(to), at: Timestamp::UNIX_EPOCH };
        for (upgrade, to, tries, ahead) in [(1, "1.5.0", 1, 2), (2, "2.0.0", 1, 1), (3, "2.0.0", 2, 1)] {
            journey.hop(hop(upgrade, to));
            assert_eq!((journey.tries, journey.ahead.len()), (tries, ahead));
        }
        journey.keep(&product).unwrap();
        assert_eq!(Journey::read(&product).unwrap(), Some(journey.clone()));
        journey.format = 2;
        journey.keep(&product).unwrap();
        assert!(Journey::read(&product).unwrap_err().to_string().contains("format 2"));
        assert!(!Journey::is_begun(&product));
        Journey::forget(&product).unwrap();
        assert_eq!(Journey::read(&product).unwrap(), None);
    }

    #[test]
    fn who_was_at_a_stop_changes_the_journey_that_is_kept_and_none_that_leads_elsewhere() {
        let root = tempfile::tempdir().unwrap();
        let product = Product::new(&Places::below(root.path()), "acme/erp".parse().unwrap());
        std::fs::create_dir_all(product.folder()).unwrap();
        let by = Person { uid: 0, name: "marie".to_owned() };
        let v = |text: &str| text.parse::<Version>().unwrap();
        let begun = Journey::new(v("1.0.0"), vec![v("1.5.0")], by, Timestamp::UNIX_EPOCH);
        let fails = |journey: &mut Journey| journey.failed = Some("no network".to_owned());
        assert!(!begun.clone().keep_on(&product, fails).unwrap(), "what was ended is not begun anew");
        assert_eq!(Journey::read(&product).unwrap(), None);

        let elsewhere = Journey { to: v("2.0.0"), ahead: vec![v("1.5.0"), v("2.0.0")], ..begun.clone() };
        elsewhere.keep(&product).unwrap();
        assert!(!begun.clone().keep_on(&product, fails).unwrap());
        assert_eq!(Journey::read(&product).unwrap(), Some(elsewhere));

        let asked_again = Journey { tries: 0, ..begun.clone() };
        asked_again.keep(&product).unwrap();
        let mut old = Journey { tries: 3, ..begun };
        assert!(old.keep_on(&product, fails).unwrap());
        let kept = Journey { failed: Some("no network".to_owned()), ..asked_again };
        assert_eq!((Journey::read(&product).unwrap(), old), (Some(kept.clone()), kept));
    }
}
