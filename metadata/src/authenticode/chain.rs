//! From the certificate that signed to one that is pinned.

use const_oid::ObjectIdentifier;
use der::{Decode, Encode};
use jiff::Timestamp;
use x509_cert::Certificate;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage};

use super::AuthenticodeError;
use super::key::{self, Hash};

/// No chain is longer.
const LONGEST: usize = 8;
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");

/// Finds a way to a pinned certificate on which every certificate was valid at a time.
pub fn to_a_pin(
    leaf: &Certificate,
    others: &[Certificate],
    pins: &[Certificate],
    purpose: ObjectIdentifier,
    at: Timestamp,
) -> Result<(), AuthenticodeError> {
    let signer = leaf.tbs_certificate.subject.to_string();
    let usage = extension::<ExtendedKeyUsage>(leaf, EXTENDED_KEY_USAGE);
    if usage.is_none_or(|usage| !usage.0.contains(&purpose)) {
        let said = format!("the certificate of {signer} has not the use {}", words_of(purpose));
        return Err(AuthenticodeError::Bad(said));
    }
    let mut current = leaf;
    for _ in 0..LONGEST {
        if let Some(reason) = invalid(current, at) {
            return Err(AuthenticodeError::Expired { signer, reason });
        }
        if pins.contains(current) {
            return Ok(());
        }
        let above = pins.iter().chain(others).find(|above| vouches(above, current));
        current = above.ok_or_else(|| AuthenticodeError::Stranger { signer: signer.clone() })?;
    }
    Err(AuthenticodeError::Stranger { signer })
}

/// A use as people say it, and as openssl wants it.
fn words_of(purpose: ObjectIdentifier) -> &'static str {
    if purpose == super::CODE_SIGNING {
        "\"code signing\" (extendedKeyUsage=codeSigning)"
    } else {
        "\"time stamping\" (extendedKeyUsage=critical,timeStamping)"
    }
}

/// Whether a certificate is one of an authority, and signed another one.
fn vouches(above: &Certificate, below: &Certificate) -> bool {
    let is_authority = extension::<BasicConstraints>(above, BASIC_CONSTRAINTS).is_some_and(|basic| basic.ca);
    let signed = || -> Result<(), AuthenticodeError> {
        let hash = Hash::of(&below.signature_algorithm.oid)?;
        let (key, tbs) = (&above.tbs_certificate.subject_public_key_info, below.tbs_certificate.to_der()?);
        key::verify(key, hash, &tbs, below.signature.raw_bytes())
    };
    is_authority && above.tbs_certificate.subject == below.tbs_certificate.issuer && above != below && signed().is_ok()
}

fn invalid(certificate: &Certificate, at: Timestamp) -> Option<String> {
    let validity = &certificate.tbs_certificate.validity;
    let seconds = |time: x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    let (from, to) = (seconds(validity.not_before), seconds(validity.not_after));
    let subject = &certificate.tbs_certificate.subject;
    let shown = |seconds: i64| Timestamp::from_second(seconds).map(|time| time.to_string()).unwrap_or_default();
    match at.as_second() {
        at if at < from => Some(format!("the certificate of {subject} is valid from {} on", shown(from))),
        at if at > to => Some(format!("the certificate of {subject} expired on {}", shown(to))),
        _ => None,
    }
}

fn extension<'a, T: Decode<'a>>(certificate: &'a Certificate, kind: ObjectIdentifier) -> Option<T> {
    let all = certificate.tbs_certificate.extensions.as_ref()?;
    let found = all.iter().find(|extension| extension.extn_id == kind)?;
    T::from_der(found.extn_value.as_bytes()).ok()
}
