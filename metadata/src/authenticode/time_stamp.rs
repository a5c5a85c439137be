//! When something was signed, as an authority says it (RFC 3161).

use cms::content_info::ContentInfo;
use const_oid::ObjectIdentifier;
use der::asn1::{Int, OctetString};
use der::{Any, Decode, Encode, Reader, SliceReader};
use jiff::Timestamp;
use spki::AlgorithmIdentifierOwned;
use x509_cert::Certificate;

use super::key::Hash;
use super::message::Message;
use super::{AuthenticodeError, chain};

const ATTRIBUTE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.3.3.1");
const INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
/// Extended key usage: time stamps.
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");

/// The time of a stamp whose authority is pinned; `None` where there is no stamp, or nobody is pinned for it.
/// A stamp that is there and wrong is refused.
pub fn verified(
    message: &Message,
    pins: &[Certificate],
    now: Timestamp,
) -> Result<Option<Timestamp>, AuthenticodeError> {
    let Some(attribute) = message.unsigned_attribute(ATTRIBUTE).filter(|_| !pins.is_empty()) else { return Ok(None) };
    let stamp = Message::of(ContentInfo::from_der(&attribute.to_der()?)?)?;
    let content = stamp.content(INFO)?;
    let (hash, imprint, time) = info(&content)?;
    if hash.digest(message.signature()) != imprint {
        return Err(AuthenticodeError::Bad("its time stamp is that of another signature".to_owned()));
    }
    let leaf = stamp.signer(&content, INFO)?;
    if time > now {
        return Err(AuthenticodeError::Bad(format!("its time stamp says {time}, which is in the future")));
    }
    chain::to_a_pin(leaf, stamp.certificates(), pins, TIME_STAMPING, time)?;
    Ok(Some(time))
}

/// What was stamped, and when.
fn info(content: &[u8]) -> Result<(Hash, Vec<u8>, Timestamp), AuthenticodeError> {
    let mut outer = SliceReader::new(content)?;
    let mut found = None;
    outer.sequence(|reader| {
        let _version = Int::decode(reader)?;
        let _policy = ObjectIdentifier::decode(reader)?;
        let imprint = reader.sequence(|reader| {
            Ok::<_, der::Error>((AlgorithmIdentifierOwned::decode(reader)?, OctetString::decode(reader)?))
        })?;
        let _serial = Int::decode(reader)?;
        // With fractions of a second, where the authority likes them.
        found = Some((imprint, Any::decode(reader)?));
        while !reader.is_finished() {
            let _rest = Any::decode(reader)?;
        }
        Ok::<_, der::Error>(())
    })?;
    let ((algorithm, imprint), time) = found.ok_or_else(|| bad("it has a time stamp that is none"))?;
    let text = std::str::from_utf8(time.value()).map_err(|_| bad("its time stamp has no time"))?;
    let time = text.get(..14).and_then(generalized).ok_or_else(|| bad("its time stamp has no time"))?;
    Ok((Hash::of(&algorithm.oid)?, imprint.into_bytes(), time))
}

/// `20260102030405`, in UTC.
fn generalized(digits: &str) -> Option<Timestamp> {
    let part = |from: usize, to: usize| digits.get(from..to);
    let (date, hour, minute) = (part(0, 8)?, part(8, 10)?, part(10, 12)?);
    let (year, month, day) = (date.get(..4)?, date.get(4..6)?, date.get(6..8)?);
    format!("{year}-{month}-{day}T{hour}:{minute}:{}Z", part(12, 14)?).parse().ok()
}

fn bad(what: &str) -> AuthenticodeError {
    AuthenticodeError::Bad(what.to_owned())
}
