//! Signatures of RSA (PKCS#1 v1.5) and of ECDSA over P-256 and P-384, with SHA-2.

use const_oid::ObjectIdentifier;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use rsa::pkcs1::DecodeRsaPublicKey as _;
use rsa::{Pkcs1v15Sign, RsaPublicKey};
use sha2::Digest as _;
use spki::SubjectPublicKeyInfoOwned;

use super::AuthenticodeError;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ELLIPTIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
/// An RSA key below is broken by whoever has a cluster.
const MINIMUM_RSA: usize = 256;

/// A digest that is still good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// By its own identifier, or by that of a signature made with it.
const HASHES: [(&str, Hash); 9] = [
    ("2.16.840.1.101.3.4.2.1", Hash::Sha256),
    ("2.16.840.1.101.3.4.2.2", Hash::Sha384),
    ("2.16.840.1.101.3.4.2.3", Hash::Sha512),
    ("1.2.840.113549.1.1.11", Hash::Sha256),
    ("1.2.840.113549.1.1.12", Hash::Sha384),
    ("1.2.840.113549.1.1.13", Hash::Sha512),
    ("1.2.840.10045.4.3.2", Hash::Sha256),
    ("1.2.840.10045.4.3.3", Hash::Sha384),
    ("1.2.840.10045.4.3.4", Hash::Sha512),
];

impl Hash {
    /// The digest of an algorithm; SHA-1 and older ones are refused.
    pub fn of(algorithm: &ObjectIdentifier) -> Result<Self, AuthenticodeError> {
        let known = HASHES.iter().find(|(oid, _)| *oid == algorithm.to_string());
        known.map(|(_, hash)| *hash).ok_or_else(|| bad(format!("the algorithm {algorithm} is not accepted")))
    }

    /// The digest of bytes.
    pub fn digest(self, bytes: &[u8]) -> Vec<u8> {
        let mut hasher = Hasher::new(self);
        hasher.update(bytes);
        hasher.finish()
    }

    /// What stands before the digest in a signature of RSA (RFC 8017, 9.2).
    fn prefix(self) -> Box<[u8]> {
        let (last, length) = match self {
            Self::Sha256 => (1, 32),
            Self::Sha384 => (2, 48),
            Self::Sha512 => (3, 64),
        };
        let oid = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, last];
        [&[0x30, 17 + length, 0x30, 0x0d, 0x06, 0x09][..], &oid, &[0x05, 0x00, 0x04, length]].concat().into()
    }
}

/// A digest, as it grows.
pub enum Hasher {
    Sha256(sha2::Sha256),
    Sha384(sha2::Sha384),
    Sha512(sha2::Sha512),
}

impl Hasher {
    pub fn new(hash: Hash) -> Self {
        match hash {
            Hash::Sha256 => Self::Sha256(sha2::Sha256::new()),
            Hash::Sha384 => Self::Sha384(sha2::Sha384::new()),
            Hash::Sha512 => Self::Sha512(sha2::Sha512::new()),
        }
    }

    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Sha384(hasher) => hasher.update(bytes),
            Self::Sha512(hasher) => hasher.update(bytes),
        }
    }

    pub fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha256(hasher) => hasher.finalize().to_vec(),
            Self::Sha384(hasher) => hasher.finalize().to_vec(),
            Self::Sha512(hasher) => hasher.finalize().to_vec(),
        }
    }
}

/// Verifies a signature over bytes.
pub fn verify(
    key: &SubjectPublicKeyInfoOwned,
    hash: Hash,
    signed: &[u8],
    signature: &[u8],
) -> Result<(), AuthenticodeError> {
    let digest = hash.digest(signed);
    let not_its = || bad("it was not made with the key of its certificate".to_owned());
    let point = key.subject_public_key.raw_bytes();
    let curve = key.algorithm.parameters.as_ref().and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
    match (key.algorithm.oid, curve) {
        (RSA, _) => {
            use rsa::traits::PublicKeyParts as _;
            let key = RsaPublicKey::from_pkcs1_der(point).map_err(|cause| bad(cause.to_string()))?;
            if key.size() < MINIMUM_RSA {
                return Err(bad("its key is shorter than 2048 bits".to_owned()));
            }
            let scheme = Pkcs1v15Sign { hash_len: Some(digest.len()), prefix: hash.prefix() };
            key.verify(scheme, &digest, signature).map_err(|_| not_its())
        }
        (ELLIPTIC, Some(P256)) => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(|_| not_its())?;
            let signature = p256::ecdsa::Signature::from_der(signature).map_err(|_| not_its())?;
            key.verify_prehash(&digest, &signature).map_err(|_| not_its())
        }
        (ELLIPTIC, Some(P384)) => {
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(|_| not_its())?;
            let signature = p384::ecdsa::Signature::from_der(signature).map_err(|_| not_its())?;
            key.verify_prehash(&digest, &signature).map_err(|_| not_its())
        }
        (other, _) => Err(bad(format!("a key of the kind {other} is not accepted"))),
    }
}

fn bad(what: String) -> AuthenticodeError {
    AuthenticodeError::Bad(what)
}
