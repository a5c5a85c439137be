//! What is written to the Event Log of Windows: a number that stays, and what stands for the parameters of its sentence
//! (`event_log.mc`). `docs/windows.md` lists the numbers.

use consign_metadata::text::Language;

use super::{notices, offers};
use crate::host::event_log::Level;
use crate::notice::Notice;
use crate::request::Offer;
use crate::tell::{News, Outcome, What};

/// The longest text that is written of one thing, in characters: half of what an entry takes.
const LONGEST: usize = 15_000;

/// The number of an entry. A number is never given to anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum Number {
    /// The service has started.
    Started = 1,
    /// It has ended, since it was to.
    Ended = 2,
    /// It has ended, since it could not work.
    Failed = 3,
    /// A product stops for its upgrade.
    OutageBegins = 10,
    /// It is back in its new version.
    Completed = 11,
    /// It is back in its old one.
    TakenBack = 12,
    /// It stays stopped until a person acts.
    OutageGoesOn = 13,
    /// A version may be installed.
    Offered = 20,
    /// A version is held back.
    Held = 21,
    /// A key expires.
    KeyExpires = 30,
    /// It has.
    KeyExpired = 31,
    /// A repository is signed by another key.
    KeyUnknown = 32,
    /// A repository cannot be read.
    Unreadable = 33,
    /// The site lets this host live without a vendor's feed.
    WithoutFeed = 34,
    /// A repository shows an older generation than this host knows.
    Older = 35,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its number.
    pub number: Number,
    /// What stands for `%1`, `%2`, … in its sentence.
    pub parameters: Vec<String>,
}

impl Number {
    /// Those that there are.
    pub const ALL: [Self; 15] = [
        Self::Started,
        Self::Ended,
        Self::Failed,
        Self::OutageBegins,
        Self::Completed,
        Self::TakenBack,
        Self::OutageGoesOn,
        Self::Offered,
        Self::Held,
        Self::KeyExpires,
        Self::KeyExpired,
        Self::KeyUnknown,
        Self::Unreadable,
        Self::WithoutFeed,
        Self::Older,
    ];

    /// How grave it is.
    pub fn level(self) -> Level {
        match self {
            Self::Failed | Self::OutageGoesOn | Self::KeyExpired | Self::KeyUnknown => Level::Error,
            Self::OutageBegins | Self::TakenBack | Self::Held | Self::KeyExpires | Self::Unreadable | Self::Older => {
                Level::Warning
            }
            Self::Started | Self::Ended | Self::Completed | Self::Offered | Self::WithoutFeed => Level::Information,
        }
    }
}

impl Entry {
    /// One of the service itself.
    pub fn of_service(number: Number, parameters: &[&str]) -> Self {
        Self::new(number, parameters.iter().map(|text| (*text).to_owned()).collect())
    }

    /// What has happened to an upgrade; `words` is what people at terminals are told.
    pub fn of_news(news: &News, words: Option<String>) -> Self {
        let number = match &news.what {
            What::OutageBegins { .. } => Number::OutageBegins,
            What::OutageOver { outcome: Outcome::Completed, .. } => Number::Completed,
            What::OutageOver { outcome: Outcome::TakenBack, .. } => Number::TakenBack,
            What::OutageGoesOn { .. } => Number::OutageGoesOn,
        };
        let from = news.from.as_ref().unwrap_or(&news.to);
        let named = [news.product.to_string(), from.to_string(), news.to.to_string()];
        Self::new(number, named.into_iter().chain([words.unwrap_or_default()]).collect())
    }

    /// What is offered of a product, if anything.
    pub fn of_offer(offer: &Offer, language: Language) -> Option<Self> {
        let offered = offer.offered.as_ref()?;
        let number = if offer.held.is_empty() { Number::Offered } else { Number::Held };
        let page = offers::page(std::slice::from_ref(offer), language).to_string();
        Some(Self::new(number, vec![offer.product.to_string(), offered.to_string(), page]))
    }

    /// What is to be heard of a vendor.
    pub fn of_notice(notice: &Notice, language: Language) -> Self {
        let number = match notice {
            Notice::KeyExpires { .. } => Number::KeyExpires,
            Notice::KeyExpired { .. } => Number::KeyExpired,
            Notice::KeyUnknown { .. } => Number::KeyUnknown,
            Notice::Unreadable { .. } => Number::Unreadable,
            Notice::WithoutFeed { .. } => Number::WithoutFeed,
            Notice::Older { .. } => Number::Older,
        };
        let page = notices::page(std::slice::from_ref(notice), language).to_string();
        Self::new(number, vec![notice.vendor().to_string(), page])
    }

    fn new(number: Number, parameters: Vec<String>) -> Self {
        let clipped = |text: String| text.trim_end().chars().take(LONGEST).collect();
        Self { number, parameters: parameters.into_iter().map(clipped).collect() }
    }
}

#[cfg(test)]
mod tests;
