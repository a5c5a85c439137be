//! Times and durations as people read them.

use consign_metadata::text::Language;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Date and time in the reader's zone.
pub fn full(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Time of day in the reader's zone.
pub fn clock(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string()
}

/// Whole seconds between two moments; a clock that was set back counts as none.
pub fn seconds(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).max(SignedDuration::ZERO).as_secs()).unwrap_or(0)
}

/// A duration with the two largest units that matter.
pub fn span(seconds: u64, language: Language) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest} s"),
        (0, _) => format!("{minutes} min {rest:02} s"),
        _ => say!(language, "{hours} h {minutes:02} min", "{hours} h {minutes:02} min"),
    }
}

/// How long an outage will probably be.
pub fn about(estimate: Option<u64>, language: Language) -> String {
    match estimate.map(|seconds| span(seconds, language)) {
        Some(span) => say!(
            language,
            "outage: about {span}, as the last upgrades on this host",
            "arrêt : environ {span}, comme les dernières mises à niveau de cet hôte"
        ),
        None => say!(
            language,
            "outage: not known, this host had no upgrade of it yet",
            "arrêt : durée inconnue, cet hôte n'a encore fait aucune mise à niveau de ce produit"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_units_at_most() {
        let spans = [0, 59, 61, 3600, 7380].map(|seconds| span(seconds, Language::En));
        assert_eq!(spans, ["0 s", "59 s", "1 min 01 s", "1 h 00 min", "2 h 03 min"]);
    }

    #[test]
    fn a_clock_that_was_set_back_gives_no_negative_time() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(seconds(at("2026-11-20T10:00:00Z"), at("2026-11-20T09:00:00Z")), 0);
    }
}
