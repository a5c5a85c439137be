//! From when until when a publication may be believed, and whether its keys last as long.

use std::collections::BTreeSet;

use consign_metadata::anchor::Fingerprint;
use consign_metadata::openpgp::VerifyError;
use jiff::{SignedDuration, Timestamp};
use sequoia_openpgp::Cert;
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::policy::StandardPolicy;

use super::PublishError;
use crate::repository::Validity;

/// How far into the future a client accepts an index (`Acquire::Max-FutureTime`).
const FUTURE: SignedDuration = SignedDuration::from_secs(10);
/// When an expiring key begins to be mentioned.
const NOTICE: SignedDuration = SignedDuration::from_hours(60 * 24);

/// The dates of the next generation. Clients order generations by their date, which has whole seconds:
/// two of the same second are not ordered, so the later one is dated a second later.
///
/// # Errors
/// [`PublishError::Clock`]
pub fn next(now: Timestamp, last: Option<Timestamp>, valid_for: SignedDuration) -> Result<Validity, PublishError> {
    let seconds = |time: Timestamp| Timestamp::from_second(time.as_second()).unwrap_or(time);
    let after = last.and_then(|last| seconds(last).checked_add(SignedDuration::from_secs(1)).ok());
    let issued = after.map_or(seconds(now), |after| after.max(seconds(now)));
    match (last, now.checked_add(FUTURE)) {
        (Some(last), Ok(limit)) if issued > limit => Err(PublishError::Clock { now, last }),
        _ => Ok(Validity { issued, expires: seconds(issued.checked_add(valid_for).unwrap_or(Timestamp::MAX)) }),
    }
}

/// A warning for each key that expires soon.
///
/// # Errors
/// [`PublishError::KeyExpired`]
pub fn keys(certificate: &[u8], keys: &BTreeSet<Fingerprint>, now: Timestamp) -> Result<Vec<String>, PublishError> {
    let bad = |e: sequoia_openpgp::anyhow::Error| {
        let cause = VerifyError::Certificate(format!("{e:#}"));
        PublishError::Certificate { whose: "the vendor".to_owned(), cause }
    };
    let (cert, policy) = (Cert::from_bytes(certificate).map_err(bad)?, StandardPolicy::new());
    let mut warnings = Vec::new();
    for key in cert.with_policy(&policy, None).map_err(bad)?.keys() {
        let Ok(fingerprint) = Fingerprint::try_from(key.key().fingerprint().to_hex()) else { continue };
        let Some(expires) = key.key_expiration_time().and_then(|time| Timestamp::try_from(time).ok()) else { continue };
        if !keys.contains(&fingerprint) {
            continue;
        }
        if expires <= now {
            return Err(PublishError::KeyExpired { key: fingerprint, on: expires });
        }
        let left = expires.duration_since(now);
        if left < NOTICE {
            let days = left.as_hours() / 24;
            warnings.push(format!("key {fingerprint} expires in {days} days, on {}", expires.strftime("%Y-%m-%d")));
        }
    }
    Ok(warnings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn no_two_generations_have_the_same_date() {
        let day = SignedDuration::from_hours(24);
        let first = next(at("2026-10-21T10:00:00.9Z"), None, day).unwrap();
        assert_eq!(first.issued, at("2026-10-21T10:00:00Z"));
        assert_eq!(first.expires, at("2026-10-22T10:00:00Z"));
        let second = next(at("2026-10-21T10:00:00.95Z"), Some(first.issued), day).unwrap();
        assert_eq!(second.issued, at("2026-10-21T10:00:01Z"));
        let later = next(at("2026-10-21T11:00:00Z"), Some(second.issued), day).unwrap();
        assert_eq!(later.issued, at("2026-10-21T11:00:00Z"));
    }

    #[test]
    fn a_date_that_clients_would_refuse_is_refused() {
        let day = SignedDuration::from_hours(24);
        let now = at("2026-10-21T10:00:00Z");
        assert!(next(now, Some(at("2026-10-21T10:00:09Z")), day).is_ok());
        assert!(matches!(next(now, Some(at("2026-10-21T10:00:10Z")), day), Err(PublishError::Clock { .. })));
    }
}
