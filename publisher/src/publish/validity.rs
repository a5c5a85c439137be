//! From when until when a publication may be believed, and whether its keys last as long.

use std::collections::BTreeSet;

use consign_metadata::anchor::Fingerprint;
use consign_metadata::openpgp::VerifyError;
use jiff::{SignedDuration, Timestamp};
use sequoia_openpgp::Cert;
use sequoia_openpgp::parse::Parse;

use super::PublishError;
use crate::repository::Validity;
use crate::sign::expiry;
use crate::trust::Trust;

/// How far into the future a client accepts an index (`Acquire::Max-FutureTime`).
const FUTURE: SignedDuration = SignedDuration::from_secs(10);

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
/// [`PublishError::KeyExpired`], [`PublishError::KeyRevoked`]
pub fn keys(trust: &Trust, signers: &BTreeSet<Fingerprint>, now: Timestamp) -> Result<Vec<String>, PublishError> {
    let bad = |e: sequoia_openpgp::anyhow::Error| {
        let cause = VerifyError::Certificate(format!("{e:#}"));
        PublishError::Certificate { whose: "the vendor".to_owned(), cause }
    };
    let cert = Cert::from_bytes(&trust.certificate).map_err(bad)?;
    let lives = expiry::lives(&cert).map_err(bad)?;
    for (key, life) in lives.iter().filter(|(key, _)| **key == trust.roles.primary || signers.contains(*key)) {
        if life.revoked {
            return Err(PublishError::KeyRevoked { key: key.clone() });
        }
        if let Some(on) = life.expires.filter(|on| *on <= now) {
            return Err(PublishError::KeyExpired { key: key.clone(), on });
        }
    }
    Ok(expiry::warnings(&lives, &trust.roles, signers, now))
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
