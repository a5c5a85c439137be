//! Authenticode: the signature of a package that Windows shows and looks at, verified without Windows.
//!
//! It is PKCS#7 (`SignedData`) over a digest of the streams of the package. Trust is not that of a store of
//! the system's, which holds hundreds of authorities: the certificate that signed, or one above it, has to be
//! **pinned**. Where a time stamp by a pinned authority says when it was signed, certificates need have been
//! valid then only; else they must be valid now.
//!
//! - `digest`: what is signed of a package
//! - `message`: the PKCS#7 around it
//! - `chain`: from the certificate that signed to one that is pinned
//! - `time_stamp`: when it was signed, as RFC 3161 says it
//! - `key`: signatures of RSA and of the curves P-256 and P-384

mod chain;
mod digest;
mod key;
mod message;
mod time_stamp;

use std::io::{self, Read, Seek};

use const_oid::ObjectIdentifier;
use der::asn1::OctetString;
use der::{Decode, DecodePem, Encode, Reader, SliceReader};
use jiff::Timestamp;
use spki::AlgorithmIdentifierOwned;
use x509_cert::Certificate;

use crate::digest::Sha256;
use crate::msi::{MsiError, MsiFile, SIGNATURES};

use key::Hash;
use message::Message;

/// Larger signatures are none.
const MAXIMUM: u64 = 1024 * 1024;
/// `SPC_INDIRECT_DATA`: a digest of something that is not in the message.
const INDIRECT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.4");
/// Extended key usage: programs.
const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");

/// Why a package is not signed as it should be.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticodeError {
    /// There is no signature.
    #[error("is not signed for Windows")]
    Unsigned,
    /// The content is another one than was signed.
    #[error("was changed after it was signed for Windows")]
    Changed,
    /// The signature is not understood, or was not made by the key that it names.
    #[error("has a bad signature for Windows: {0}")]
    Bad(String),
    /// Nobody who is pinned vouches for who signed.
    #[error("was signed for Windows by {signer}, for whom no pinned certificate vouches")]
    Stranger {
        /// The subject of the certificate that signed.
        signer: String,
    },
    /// A certificate was not valid when it was signed.
    #[error("was signed for Windows by {signer}, and {reason}")]
    Expired {
        /// The subject of the certificate that signed.
        signer: String,
        /// Which certificate, and when it was valid.
        reason: String,
    },
    /// The package cannot be read.
    #[error(transparent)]
    Package(#[from] MsiError),
}

impl From<der::Error> for AuthenticodeError {
    fn from(cause: der::Error) -> Self {
        Self::Bad(cause.to_string())
    }
}

impl From<io::Error> for AuthenticodeError {
    fn from(cause: io::Error) -> Self {
        Self::Package(cause.into())
    }
}

/// The certificates that signatures must come from.
#[derive(Debug, Clone, Default)]
pub struct Pins {
    signers: Vec<Certificate>,
    time_stampers: Vec<Certificate>,
}

impl Pins {
    /// Those that sign packages, or vouch for who does: PEM, one or several.
    ///
    /// # Errors
    /// [`AuthenticodeError::Bad`] where there is none, or one that is not understood.
    pub fn of(pem: &[u8]) -> Result<Self, AuthenticodeError> {
        Ok(Self { signers: certificates(pem)?, time_stampers: Vec::new() })
    }

    /// Those that vouch for who says when something was signed. Without them time stamps say nothing.
    ///
    /// # Errors
    /// [`AuthenticodeError::Bad`]
    pub fn with_time_stampers(self, pem: &[u8]) -> Result<Self, AuthenticodeError> {
        Ok(Self { time_stampers: certificates(pem)?, ..self })
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, AuthenticodeError> {
    let text =
        std::str::from_utf8(pem).map_err(|_| AuthenticodeError::Bad("the pinned certificate is not PEM".into()))?;
    let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
    let blocks = text.split(begin).skip(1).filter_map(|rest| rest.split_once(end)).map(|(block, _)| block);
    let read = |block: &str| Certificate::from_pem(format!("{begin}{block}{end}\n"));
    let all = blocks.map(read).collect::<Result<Vec<_>, _>>()?;
    match all.is_empty() {
        true => Err(AuthenticodeError::Bad("there is no pinned certificate".to_owned())),
        false => Ok(all),
    }
}

/// Who signed a package for Windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The subject of its certificate.
    pub subject: String,
    /// SHA-256 of its certificate.
    pub certificate: Sha256,
    /// When it was signed, where a pinned authority says so.
    pub stamped: Option<Timestamp>,
}

/// Verifies that a package is as it was signed, by somebody for whom a pinned certificate vouches.
///
/// # Errors
/// [`AuthenticodeError`]
pub fn verify<F: Read + Seek>(
    package: &mut MsiFile<F>,
    pins: &Pins,
    now: Timestamp,
) -> Result<Signer, AuthenticodeError> {
    let signature = package.bytes(SIGNATURES[0], MAXIMUM)?.ok_or(AuthenticodeError::Unsigned)?;
    let message = Message::parse(&signature)?;
    let content = message.content(INDIRECT)?;
    let (hash, signed) = indirect(&content)?;
    if digest::of(package, hash)? != signed {
        return Err(AuthenticodeError::Changed);
    }
    let leaf = message.signer(&content, INDIRECT)?;
    let subject = leaf.tbs_certificate.subject.to_string();
    let stamped = time_stamp::verified(&message, &pins.time_stampers, now)?;
    chain::to_a_pin(leaf, message.certificates(), &pins.signers, CODE_SIGNING, stamped.unwrap_or(now))?;
    Ok(Signer { subject, certificate: Sha256::of(&leaf.to_der()?), stamped })
}

/// The digest that a message vouches for.
fn indirect(content: &[u8]) -> Result<(Hash, Vec<u8>), AuthenticodeError> {
    let mut reader = SliceReader::new(content)?;
    let _what: der::Any = reader.decode()?;
    let (algorithm, digest) = reader.sequence(|reader| {
        Ok::<_, der::Error>((AlgorithmIdentifierOwned::decode(reader)?, OctetString::decode(reader)?))
    })?;
    Ok((Hash::of(&algorithm.oid)?, digest.into_bytes()))
}
