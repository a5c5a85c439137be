//! From signed bytes to verified bytes. Nothing of a carrier is parsed before its signature is good.
//!
//! A signature counts when it is good by Sequoia's standard policy *and* its key has been given the
//! role. Signatures of other keys are ignored, as apt does, so that two keys may sign during a rotation.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::time::SystemTime;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use sequoia_openpgp as openpgp;
use sequoia_openpgp::cert::CertParser;
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::parse::stream::{
    DetachedVerifier, DetachedVerifierBuilder, MessageLayer, MessageStructure, VerificationHelper, VerifierBuilder,
};
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::types::RevocationStatus;
use sequoia_openpgp::{Cert, Packet, PacketPile};

use crate::anchor::{Fingerprint, WindowsPins};
use crate::digest::Sha256;

/// Why bytes were not accepted.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The certificate is no OpenPGP certificate.
    #[error("is not an OpenPGP certificate: {0}")]
    Certificate(String),
    /// A certificate of somebody else.
    #[error("is another one: its primary key is {found}, not {primary}")]
    Another {
        /// Its primary key, in hexadecimal digits.
        found: String,
        /// The one that was expected.
        primary: Fingerprint,
    },
    /// Not a signed message, or no good signature of an accepted key.
    #[error("carries no good signature of a key with the role {role:?}: {cause}")]
    Signature {
        /// What the keys were accepted for.
        role: &'static str,
        /// Every reason found.
        cause: String,
    },
    /// More bytes than a document of this kind may have.
    #[error("is larger than {0} bytes")]
    TooLarge(u64),
    /// The bytes could not be read.
    #[error("cannot be read: {0}")]
    Read(io::Error),
}

/// Certificates, and those of their keys that were given a role.
#[derive(Debug, Clone)]
pub struct Keyring {
    certificates: Vec<Cert>,
    accepted: BTreeSet<Fingerprint>,
    role: &'static str,
    time: Option<SystemTime>,
    windows: Option<WindowsPins>,
}

/// Bytes that carry a good signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What was signed: the only bytes that may be parsed.
    pub bytes: Vec<u8>,
    /// Their digest.
    pub digest: Sha256,
    /// The key that signed.
    pub signer: Fingerprint,
}

impl Keyring {
    /// Reads one or more certificates, armored or binary.
    ///
    /// # Errors
    /// [`VerifyError::Certificate`]
    pub fn new(certificates: &[u8], accepted: BTreeSet<Fingerprint>, role: &'static str) -> Result<Self, VerifyError> {
        let bad = |e: openpgp::anyhow::Error| VerifyError::Certificate(e.to_string());
        let certificates =
            CertParser::from_bytes(certificates).map_err(bad)?.collect::<Result<Vec<_>, _>>().map_err(bad)?;
        if certificates.is_empty() {
            return Err(VerifyError::Certificate("there is none".to_owned()));
        }
        Ok(Self { certificates, accepted, role, time: None, windows: None })
    }

    /// Packages for Windows must be signed by these, too.
    #[must_use]
    pub fn with_windows(self, windows: Option<WindowsPins>) -> Self {
        Self { windows, ..self }
    }

    /// By whom packages for Windows must be signed, too.
    pub fn windows(&self) -> Option<&WindowsPins> {
        self.windows.as_ref()
    }

    /// Only the keys that belong to this primary key: whoever names a vendor by its primary key means them.
    #[must_use]
    pub fn of_primary(mut self, primary: &Fingerprint) -> Self {
        self.certificates.retain(|certificate| certificate.fingerprint().to_hex() == primary.as_str());
        self
    }

    /// Judges signatures as of another time than now.
    #[must_use]
    pub fn as_of(mut self, time: SystemTime) -> Self {
        self.time = Some(time);
        self
    }

    /// Verifies an inline-signed message of at most `maximum` bytes.
    ///
    /// # Errors
    /// [`VerifyError`]
    pub fn verify_message(&self, message: &[u8], maximum: u64) -> Result<Verified, VerifyError> {
        if message.len() as u64 > maximum {
            return Err(VerifyError::TooLarge(maximum));
        }
        let policy = StandardPolicy::new();
        let mut verifier = VerifierBuilder::from_bytes(message)
            .and_then(|builder| builder.with_policy(&policy, self.time, Helper::of(self)))
            .map_err(|e| self.signature(&e))?;
        let mut bytes = Vec::new();
        // A compressed message may be far larger than its carrier.
        let read = (&mut verifier).take(maximum.saturating_add(1)).read_to_end(&mut bytes).map_err(|e| self.read(e))?;
        if read as u64 > maximum {
            return Err(VerifyError::TooLarge(maximum));
        }
        let signer = verifier.into_helper().signer.ok_or_else(|| self.no_signature())?;
        Ok(Verified { digest: Sha256::of(&bytes), bytes, signer })
    }

    /// Verifies a detached signature over bytes at hand.
    ///
    /// # Errors
    /// [`VerifyError`]
    pub fn verify_detached(&self, signature: &[u8], data: &[u8]) -> Result<Fingerprint, VerifyError> {
        self.detached(signature, |verifier| verifier.verify_bytes(data))
    }

    /// Verifies a detached signature over everything that a reader yields.
    ///
    /// # Errors
    /// [`VerifyError`]
    pub fn verify_detached_stream(
        &self,
        signature: &[u8],
        data: impl Read + Send + Sync,
    ) -> Result<Fingerprint, VerifyError> {
        self.detached(signature, |verifier| verifier.verify_reader(data))
    }

    fn detached<'a>(
        &'a self,
        signature: &[u8],
        verify: impl FnOnce(&mut DetachedVerifier<'_, Helper<'a>>) -> openpgp::Result<()>,
    ) -> Result<Fingerprint, VerifyError> {
        let unarmored = unarmored(signature);
        let policy = StandardPolicy::new();
        let mut verifier = DetachedVerifierBuilder::from_bytes(unarmored.as_deref().unwrap_or(signature))
            .and_then(|builder| builder.with_policy(&policy, self.time, Helper::of(self)))
            .map_err(|e| self.signature(&e))?;
        verify(&mut verifier).map_err(|e| self.signature(&e))?;
        verifier.into_helper().signer.ok_or_else(|| self.no_signature())
    }

    /// Until when the accepted keys are good, as far as their certificates say; `None` for ever. A key
    /// whose certificate is not good by the standard policy is left out.
    pub fn expiry(&self) -> BTreeMap<Fingerprint, Option<SystemTime>> {
        let policy = StandardPolicy::new();
        let valid = self.certificates.iter().filter_map(|cert| cert.with_policy(&policy, self.time).ok());
        valid
            .flat_map(|cert| {
                // A subkey is good no longer than the primary that vouches for it.
                let primary = cert.primary_key().key_expiration_time();
                cert.keys()
                    .filter_map(|key| {
                        let name = Fingerprint::try_from(key.key().fingerprint().to_hex()).ok()?;
                        let ends = [primary, key.key_expiration_time()].into_iter().flatten().min();
                        Some((name, ends))
                    })
                    .collect::<Vec<_>>()
            })
            .filter(|(key, _)| self.accepted.contains(key))
            .collect()
    }

    /// The keys that a message says it is signed by, when none of them is accepted here. Nothing of it is
    /// verified: it is good for telling a person which key is missing, and for nothing else.
    pub fn strangers(&self, message: &[u8]) -> BTreeSet<Fingerprint> {
        let Ok(pile) = PacketPile::from_bytes(message) else { return BTreeSet::new() };
        let signatures = pile.descendants().filter_map(|packet| match packet {
            Packet::Signature(signature) => Some(signature),
            _ => None,
        });
        let issuers: BTreeSet<Fingerprint> = signatures
            .flat_map(|signature| signature.issuer_fingerprints().map(|f| f.to_hex()).collect::<Vec<_>>())
            .filter_map(|hex| Fingerprint::try_from(hex).ok())
            .collect();
        if issuers.is_disjoint(&self.accepted) { issuers } else { BTreeSet::new() }
    }

    fn signature(&self, cause: &openpgp::anyhow::Error) -> VerifyError {
        VerifyError::Signature { role: self.role, cause: format!("{cause:#}") }
    }

    fn read(&self, error: io::Error) -> VerifyError {
        // Sequoia reports a bad signature through the reader.
        match error.get_ref() {
            Some(inner) => VerifyError::Signature { role: self.role, cause: inner.to_string() },
            None => VerifyError::Read(error),
        }
    }

    fn no_signature(&self) -> VerifyError {
        VerifyError::Signature { role: self.role, cause: "it is not signed".to_owned() }
    }
}

/// The signing subkeys that a primary key vouches for now, by its certificate from anywhere. The certificate
/// proves itself: nothing is believed of it but what that primary has signed.
///
/// # Errors
/// [`VerifyError::Certificate`] when it is none, or not good any more; [`VerifyError::Another`] when it is of another
/// primary.
pub fn vouched_for(certificate: &[u8], primary: &Fingerprint) -> Result<BTreeSet<Fingerprint>, VerifyError> {
    let bad = |cause: String| VerifyError::Certificate(cause);
    let cert = Cert::from_bytes(certificate).map_err(|e| bad(format!("{e:#}")))?;
    let found = cert.fingerprint().to_hex();
    if found != primary.as_str() {
        return Err(VerifyError::Another { found, primary: primary.clone() });
    }
    let policy = StandardPolicy::new();
    let valid = cert.with_policy(&policy, None).map_err(|e| bad(format!("{e:#}")))?;
    valid.alive().map_err(|e| bad(format!("{e:#}")))?;
    if let RevocationStatus::Revoked(_) = valid.revocation_status() {
        return Err(bad("its primary key is revoked".to_owned()));
    }
    let subkeys = valid.keys().subkeys().alive().revoked(false).for_signing();
    Ok(subkeys.filter_map(|key| Fingerprint::try_from(key.key().fingerprint().to_hex()).ok()).collect())
}

/// A signature without its armor, as Consign writes it: any other one is left to Sequoia, whose reader takes a
/// buffer of 64 KiB for each of several small pieces, a tenth of what a signature costs.
fn unarmored(signature: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(signature).ok()?;
    let body = text.strip_prefix("-----BEGIN PGP SIGNATURE-----\n\n")?.trim_end();
    let body = body.strip_suffix("-----END PGP SIGNATURE-----")?;
    // What comes behind `=` is a checksum, which a reader need not look at (RFC 9580, section 6.1).
    let lines = body.lines().take_while(|line| !line.starts_with('='));
    BASE64_STANDARD.decode(lines.collect::<String>()).ok()
}

struct Helper<'a> {
    keyring: &'a Keyring,
    signer: Option<Fingerprint>,
}

impl<'a> Helper<'a> {
    fn of(keyring: &'a Keyring) -> Self {
        Self { keyring, signer: None }
    }
}

impl VerificationHelper for Helper<'_> {
    fn get_certs(&mut self, _ids: &[openpgp::KeyHandle]) -> openpgp::Result<Vec<Cert>> {
        Ok(self.keyring.certificates.clone())
    }

    fn check(&mut self, structure: MessageStructure<'_>) -> openpgp::Result<()> {
        let mut reasons = Vec::new();
        for layer in structure {
            let MessageLayer::SignatureGroup { results } = layer else { continue };
            for result in results {
                match result {
                    Ok(good) => {
                        let fingerprint = Fingerprint::try_from(good.ka.key().fingerprint().to_hex())
                            .map_err(openpgp::anyhow::Error::msg)?;
                        if self.keyring.accepted.contains(&fingerprint) {
                            self.signer = Some(fingerprint);
                        } else {
                            reasons.push(format!("key {fingerprint} has not that role"));
                        }
                    }
                    Err(bad) => reasons.push(bad.to_string()),
                }
            }
        }
        if self.signer.is_some() {
            return Ok(());
        }
        if reasons.is_empty() {
            reasons.push("it is not signed".to_owned());
        }
        Err(openpgp::anyhow::Error::msg(reasons.join("; ")))
    }
}
