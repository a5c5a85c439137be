//! How much is kept of what one could go back to: `[keep]`.

use std::path::Path;

use jiff::SignedDuration;
use serde::Deserialize;
use toml::Spanned;

use super::{SiteError, wrong};

/// How many sets are kept, and how long those beyond the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// At least one.
    pub sets: usize,
    /// `None`: for ever.
    pub age: Option<SignedDuration>,
}

/// What the site keeps of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// The packages of earlier releases.
    pub packages: Allowance,
    /// Backups.
    pub backups: Allowance,
}

impl Default for Keep {
    fn default() -> Self {
        KeepTable::default().or(KeepTable::default())
    }
}

/// What one file says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeepTable {
    packages: Option<Spanned<usize>>,
    packages_days: Option<Spanned<u16>>,
    backups: Option<Spanned<usize>>,
    backups_days: Option<Spanned<u16>>,
}

const PACKAGES: usize = 1;
const BACKUPS: usize = 3;

impl KeepTable {
    /// A set that nobody can go back to is none: zero is refused.
    ///
    /// # Errors
    /// [`SiteError::Wrong`]
    pub(super) fn check(self, path: &Path, text: &str) -> Result<Self, SiteError> {
        let counts = [&self.packages, &self.backups].into_iter().flatten();
        let none = counts.filter(|count| *count.get_ref() == 0).map(Spanned::span).next();
        let days = [&self.packages_days, &self.backups_days].into_iter().flatten();
        let no_day = days.filter(|days| *days.get_ref() == 0).map(Spanned::span).next();
        match (none, no_day) {
            (Some(span), _) => {
                let problem = "the newest is always kept, so it is at least 1";
                Err(wrong(path, text, span, problem.to_owned()))
            }
            (_, Some(span)) => Err(wrong(path, text, span, "it is at least 1 day".to_owned())),
            _ => Ok(self),
        }
    }

    /// What this file says, and else that one, and else the default.
    pub(super) fn or(self, other: Self) -> Keep {
        let count = |own: Option<Spanned<usize>>, other: Option<Spanned<usize>>, default| {
            own.or(other).map_or(default, Spanned::into_inner)
        };
        let age = |own: Option<Spanned<u16>>, other: Option<Spanned<u16>>| {
            own.or(other).map(|days| SignedDuration::from_hours(24 * i64::from(days.into_inner())))
        };
        Keep {
            packages: Allowance {
                sets: count(self.packages, other.packages, PACKAGES),
                age: age(self.packages_days, other.packages_days),
            },
            backups: Allowance {
                sets: count(self.backups, other.backups, BACKUPS),
                age: age(self.backups_days, other.backups_days),
            },
        }
    }
}
