//! Lengths of time as people write them: `90s`, `30m`, `2h`, `30d`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

/// A length of time from the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl Span {
    /// Whole seconds, as plans hold them.
    pub fn seconds(self) -> u32 {
        u32::try_from(self.0.as_secs()).unwrap_or(u32::MAX)
    }
}

impl std::str::FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("{text:?} is not a length of time: a number with s, m, h or d is wanted, as in 30m");
        let unit = text.chars().last().ok_or_else(bad)?;
        let seconds_each = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86400,
            _ => return Err(bad()),
        };
        let digits = &text[..text.len() - 1];
        let number: u64 = digits.parse().map_err(|_| bad())?;
        if number == 0 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        let seconds = number.checked_mul(seconds_each).filter(|s| u32::try_from(*s).is_ok()).ok_or_else(bad)?;
        Ok(Self(Duration::from_secs(seconds)))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read() {
        assert_eq!("30m".parse(), Ok(Span(Duration::from_secs(1800))));
        assert_eq!("30d".parse::<Span>().unwrap().seconds(), 2_592_000);
        for bad in ["", "30", "m", "-1m", "1.5h", "0s", "99999999999d", "5µ"] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }
}
