//! PKCS#7 signed messages with one signer (RFC 5652), as Authenticode and time stamps use them.

use cms::content_info::ContentInfo;
use cms::signed_data::{EncapsulatedContentInfo, SignerIdentifier, SignerInfo, SignerInfos};
use const_oid::ObjectIdentifier;
use der::asn1::OctetString;
use der::{Any, Decode, Encode, Reader, SliceReader, Tag, Tagged};
use x509_cert::Certificate;
use x509_cert::attr::Attributes;

use super::AuthenticodeError;
use super::key::{self, Hash};

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
/// The field of a message with the certificates.
const CERTIFICATES: u8 = 0;
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");

/// A signed message, of which nothing is verified yet.
pub struct Message {
    content: EncapsulatedContentInfo,
    info: SignerInfo,
    certificates: Vec<Certificate>,
}

impl Message {
    /// Reads one.
    pub fn parse(bytes: &[u8]) -> Result<Self, AuthenticodeError> {
        // The stream may be longer than the message.
        let mut reader = der::SliceReader::new(bytes)?;
        Self::of(ContentInfo::decode(&mut reader)?)
    }

    /// Of what an attribute holds.
    pub fn of(info: ContentInfo) -> Result<Self, AuthenticodeError> {
        if info.content_type != SIGNED_DATA {
            return Err(AuthenticodeError::Bad("it is no signed message".to_owned()));
        }
        let mut reader = SliceReader::new(info.content.value())?;
        let _version = u8::decode(&mut reader)?;
        let _algorithms = Any::decode(&mut reader)?;
        let content = EncapsulatedContentInfo::decode(&mut reader)?;
        let mut certificates = Vec::new();
        // Certificates, and lists of those that were revoked, which nobody needs who pins.
        while reader.peek_tag()?.is_context_specific() {
            let set = Any::decode(&mut reader)?;
            if set.tag().number().value() == CERTIFICATES {
                certificates = certificates_in(set.value())?;
            }
        }
        let signers = SignerInfos::decode(&mut reader)?;
        let [info] = signers.0.as_slice() else {
            return Err(AuthenticodeError::Bad("it has not exactly one signer".to_owned()));
        };
        Ok(Self { info: info.clone(), certificates, content })
    }

    /// What was signed, if it is of this kind: its octets without the tag around them.
    pub fn content(&self, kind: ObjectIdentifier) -> Result<Vec<u8>, AuthenticodeError> {
        match &self.content.econtent {
            Some(any) if self.content.econtent_type == kind => Ok(any.value().to_vec()),
            _ => Err(AuthenticodeError::Bad("it signs something else".to_owned())),
        }
    }

    /// The certificates that travel with it.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The bytes of the signature itself.
    pub fn signature(&self) -> &[u8] {
        self.info.signature.as_bytes()
    }

    /// An attribute that is not signed.
    pub fn unsigned_attribute(&self, kind: ObjectIdentifier) -> Option<&Any> {
        attribute(self.info.unsigned_attrs.as_ref()?, kind)
    }

    /// Verifies that the key of the named certificate signed the content.
    pub fn signer(&self, content: &[u8], kind: ObjectIdentifier) -> Result<&Certificate, AuthenticodeError> {
        let bad = |what: &str| AuthenticodeError::Bad(what.to_owned());
        let SignerIdentifier::IssuerAndSerialNumber(id) = &self.info.sid else {
            return Err(bad("it names its signer in a way that is not accepted"));
        };
        let is_it = |certificate: &&Certificate| {
            let tbs = &certificate.tbs_certificate;
            tbs.issuer == id.issuer && tbs.serial_number == id.serial_number
        };
        let certificate = self.certificates.iter().find(is_it).ok_or_else(|| bad("it lacks its certificate"))?;
        let hash = Hash::of(&self.info.digest_alg.oid)?;
        let attributes = self.info.signed_attrs.as_ref().ok_or_else(|| bad("it has no signed attributes"))?;
        let of_kind = attribute(attributes, CONTENT_TYPE).and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
        if of_kind != Some(kind) {
            return Err(bad("it says to sign something else"));
        }
        let digest = attribute(attributes, MESSAGE_DIGEST).and_then(|any| any.decode_as::<OctetString>().ok());
        if digest.is_none_or(|digest| digest.as_bytes() != hash.digest(content)) {
            return Err(bad("its digest is not that of what it signs"));
        }
        let signed = attributes.to_der()?;
        key::verify(&certificate.tbs_certificate.subject_public_key_info, hash, &signed, self.signature())?;
        Ok(certificate)
    }
}

/// As a list and not as a set: osslsigncode puts one twice into time stamps of its own, which no set has.
fn certificates_in(set: &[u8]) -> Result<Vec<Certificate>, AuthenticodeError> {
    let (mut reader, mut certificates) = (SliceReader::new(set)?, Vec::new());
    while !reader.is_finished() {
        match reader.peek_tag()? {
            Tag::Sequence => certificates.push(Certificate::decode(&mut reader)?),
            _ => drop(Any::decode(&mut reader)?),
        }
    }
    Ok(certificates)
}

/// The only value of an attribute.
fn attribute(attributes: &Attributes, kind: ObjectIdentifier) -> Option<&Any> {
    let mut all = attributes.iter().filter(|attribute| attribute.oid == kind);
    match (all.next(), all.next()) {
        (Some(one), None) if one.values.len() == 1 => one.values.get(0),
        _ => None,
    }
}
