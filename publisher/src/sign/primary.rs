//! The primary key, taken out of its safe: it alone says which subkeys there are and until when they
//! are good.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, SystemTime};

use consign_metadata::anchor::Fingerprint;
use sequoia_openpgp as openpgp;

use openpgp::packet::key::{PrimaryRole, PublicParts, SecretParts, SubordinateRole};
use openpgp::packet::signature::SignatureBuilder;
use openpgp::packet::{Key, Signature};
use openpgp::parse::Parse;
use openpgp::policy::StandardPolicy;
use openpgp::types::{HashAlgorithm, KeyFlags, PublicKeyAlgorithm, SignatureType};
use openpgp::{Cert, Packet};

use super::key_file::is_stub;
use super::vendor_keys::{fingerprint, uncritical};
use super::{Algorithm, KeyFileError, KeyRequest, Passphrase};
use crate::file::OnFile;

/// The secret of a primary key, unlocked.
pub struct Primary {
    key: Key<SecretParts, PrimaryRole>,
    passphrase: Option<Passphrase>,
}

// Secrets have no place in a log.
impl std::fmt::Debug for Primary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Primary").field(&self.key.fingerprint()).finish()
    }
}

impl Primary {
    /// Reads a primary key from its file. `ask` is called only if it is locked.
    ///
    /// # Errors
    /// [`KeyFileError`]
    pub fn open(path: &Path, ask: impl FnOnce() -> Result<Passphrase, String>) -> Result<Self, KeyFileError> {
        let bytes = std::fs::read(path).on("read", path)?;
        let cert = Cert::from_bytes(&bytes).map_err(KeyFileError::openpgp(path))?;
        Self::of(&cert, path, ask)
    }

    pub(super) fn of(
        cert: &Cert,
        path: &Path,
        ask: impl FnOnce() -> Result<Passphrase, String>,
    ) -> Result<Self, KeyFileError> {
        if !cert.is_tsk() {
            return Err(KeyFileError::Public { path: path.to_owned() });
        }
        let locked = |reason: String| KeyFileError::Locked { path: path.to_owned(), reason };
        let key = cert.primary_key().key().clone().parts_into_secret().ok().filter(|key| !is_stub(key));
        let key = key.ok_or_else(|| KeyFileError::Unusable {
            path: path.to_owned(),
            reason: "it holds no secret of a primary key".to_owned(),
        })?;
        if key.has_unencrypted_secret() {
            return Ok(Self { key, passphrase: None });
        }
        let passphrase = ask().map_err(locked)?;
        let key = key.decrypt_secret(&passphrase).map_err(|_| locked("the passphrase is wrong".to_owned()))?;
        Ok(Self { key, passphrase: Some(passphrase) })
    }

    /// Which primary it is.
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint(&self.key.fingerprint())
    }

    /// Makes a signing subkey of the primary's own kind, protected as the primary is, and adds it to a
    /// certificate.
    pub(super) fn add_subkey(
        &self,
        cert: Cert,
        valid_for: Duration,
        now: SystemTime,
    ) -> openpgp::Result<(Cert, Fingerprint)> {
        let request = KeyRequest { user_id: String::new(), algorithm: self.algorithm(), valid_for, now };
        let subkey: Key<SecretParts, SubordinateRole> = request.key()?;
        let binding = request.bind(&self.key, &subkey)?;
        let name = fingerprint(&subkey.fingerprint());
        let subkey = match &self.passphrase {
            Some(passphrase) => subkey.encrypt_secret(passphrase)?,
            None => subkey,
        };
        Ok((cert.insert_packets([Packet::from(subkey), binding.into()])?.0, name))
    }

    fn algorithm(&self) -> Algorithm {
        match self.key.pk_algo() {
            PublicKeyAlgorithm::EdDSA => Algorithm::Ed25519,
            _ => Algorithm::Rsa4096,
        }
    }

    /// Lets keys of a certificate live until then; the primary too, if its life is limited. What was
    /// said before stays in the certificate, so that older signatures are judged as they were.
    pub(super) fn extend(
        &self,
        cert: Cert,
        keys: &BTreeSet<Fingerprint>,
        until: SystemTime,
        now: SystemTime,
    ) -> openpgp::Result<Cert> {
        let policy = StandardPolicy::new();
        let mut packets: Vec<Packet> = Vec::new();
        let valid = cert.with_policy(&policy, None)?;
        for subkey in valid.keys().subkeys().filter(|key| keys.contains(&fingerprint(&key.key().fingerprint()))) {
            let key: &Key<PublicParts, SubordinateRole> = subkey.key();
            let back_signature = subkey.binding_signature().embedded_signatures().next().cloned();
            let mut builder = SignatureBuilder::new(SignatureType::SubkeyBinding)
                .set_key_flags(KeyFlags::empty().set_signing())?
                .set_key_validity_period(life(key.creation_time(), until))?;
            if let Some(signature) = back_signature {
                builder = builder.set_embedded_signature(signature)?;
            }
            let time = after(subkey.binding_signature(), now);
            let signature = prepared(builder, time)?.sign_subkey_binding(
                &mut self.key.clone().into_keypair()?,
                self.key.parts_as_public(),
                key,
            )?;
            packets.push(signature.into());
        }
        if valid.primary_key().key_expiration_time().is_some() {
            packets.extend(self.extend_primary(&valid, until, now)?);
        }
        Ok(cert.insert_packets(packets)?.0)
    }

    fn extend_primary(
        &self,
        valid: &openpgp::cert::ValidCert<'_>,
        until: SystemTime,
        now: SystemTime,
    ) -> openpgp::Result<Vec<Packet>> {
        let mut packets = Vec::new();
        let validity = life(self.key.creation_time(), until);
        for user_id in valid.userids() {
            let builder = SignatureBuilder::from(user_id.binding_signature().clone());
            let time = after(user_id.binding_signature(), now);
            let builder = prepared(builder.set_key_validity_period(validity)?, time)?;
            let mut signer = self.key.clone().into_keypair()?;
            packets
                .push(builder.sign_userid_binding(&mut signer, self.key.parts_as_public(), user_id.userid())?.into());
        }
        if let Ok(direct) = valid.direct_key_signature() {
            let builder = SignatureBuilder::from(direct.clone()).set_key_validity_period(validity)?;
            let mut signer = self.key.clone().into_keypair()?;
            let time = after(direct, now);
            let signature = prepared(builder, time)?.sign_direct_key(&mut signer, self.key.parts_as_public())?;
            packets.push(signature.into());
        }
        Ok(packets)
    }
}

/// Of two self-signatures of one second, readers may follow either: the later is dated a second later.
fn after(signature: &Signature, now: SystemTime) -> SystemTime {
    let before = signature.signature_creation_time().unwrap_or(now);
    now.max(before + Duration::from_secs(1))
}

fn life(created: SystemTime, until: SystemTime) -> Option<Duration> {
    Some(until.duration_since(created).unwrap_or_default())
}

fn prepared(builder: SignatureBuilder, now: SystemTime) -> openpgp::Result<SignatureBuilder> {
    uncritical(builder.set_hash_algo(HashAlgorithm::SHA512).set_signature_creation_time(now)?)
}
