//! A vendor's keys as they are made: a primary that only certifies, and one signing subkey per role.
//!
//! Self-signatures carry no critical bits. rpm 4.18 refuses to import a certificate whose key expiration,
//! primary user id or embedded signature is marked critical, which is what OpenPGP libraries do by default.

use std::time::{Duration, SystemTime};

use consign_metadata::anchor::Fingerprint;
use consign_metadata::document::Role;
use sequoia_openpgp as openpgp;

use openpgp::packet::key::{Key4, KeyRole, PrimaryRole, SecretParts, SubordinateRole};
use openpgp::packet::signature::SignatureBuilder;
use openpgp::packet::signature::subpacket::Subpacket;
use openpgp::packet::{Key, Signature, UserID};
use openpgp::types::{Curve, HashAlgorithm, KeyFlags, SignatureType};
use openpgp::{Cert, Packet};

/// Which kind of keys to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Algorithm {
    /// RSA with 4096 bits: accepted by every apt, dnf and rpm in use.
    #[default]
    Rsa4096,
    /// Ed25519: small and fast; rpm on Enterprise Linux 7 and 8 does not know it.
    Ed25519,
}

/// What keys to make.
#[derive(Debug, Clone)]
pub struct KeyRequest {
    /// Name and address that the certificate shows.
    pub user_id: String,
    /// The kind of all three keys.
    pub algorithm: Algorithm,
    /// How long the signing subkeys are good.
    pub valid_for: Duration,
    /// When the keys come into being.
    pub now: SystemTime,
}

/// A vendor's keys, secret parts included and not yet protected.
pub struct VendorKeys {
    pub(super) cert: Cert,
    package: Fingerprint,
    index: Fingerprint,
}

// Secrets have no place in a log.
impl std::fmt::Debug for VendorKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("VendorKeys").field(&self.cert.fingerprint()).finish()
    }
}

impl VendorKeys {
    /// Makes the keys. RSA takes some seconds.
    ///
    /// # Errors
    /// Those of the OpenPGP library.
    pub fn generate(request: &KeyRequest) -> openpgp::Result<Self> {
        let primary: Key<SecretParts, PrimaryRole> = request.key()?;
        let user_id = UserID::from(request.user_id.as_str());
        let certified = request.certify(&primary, &user_id)?;
        let mut packets: Vec<Packet> = vec![primary.clone().into(), user_id.into(), certified.into()];
        let mut subkey = || -> openpgp::Result<Fingerprint> {
            let subkey: Key<SecretParts, SubordinateRole> = request.key()?;
            let binding = request.bind(&primary, &subkey)?;
            let name = fingerprint(&subkey.fingerprint());
            packets.extend([subkey.into(), binding.into()]);
            Ok(name)
        };
        let (package, index) = (subkey()?, subkey()?);
        Ok(Self { cert: Cert::try_from(packets)?, package, index })
    }

    /// The key of a role.
    pub fn key_of(&self, role: Role) -> &Fingerprint {
        match role {
            Role::Package => &self.package,
            Role::Index => &self.index,
        }
    }

    /// The primary key.
    pub fn primary(&self) -> Fingerprint {
        fingerprint(&self.cert.fingerprint())
    }
}

/// Our form of an OpenPGP fingerprint.
pub(super) fn fingerprint(key: &openpgp::Fingerprint) -> Fingerprint {
    key.to_hex().try_into().expect("a v4 or v6 fingerprint has 40 or 64 digits")
}

impl KeyRequest {
    pub(super) fn key<R: KeyRole>(&self) -> openpgp::Result<Key<SecretParts, R>> {
        let mut key = match self.algorithm {
            Algorithm::Rsa4096 => Key4::generate_rsa(4096)?,
            Algorithm::Ed25519 => Key4::generate_ecc(true, Curve::Ed25519)?,
        };
        key.set_creation_time(self.now)?;
        Ok(key.into())
    }

    pub(super) fn self_signature(&self, kind: SignatureType) -> openpgp::Result<SignatureBuilder> {
        SignatureBuilder::new(kind).set_hash_algo(HashAlgorithm::SHA512).set_signature_creation_time(self.now)
    }

    fn certify(&self, primary: &Key<SecretParts, PrimaryRole>, user_id: &UserID) -> openpgp::Result<Signature> {
        let builder = self
            .self_signature(SignatureType::PositiveCertification)?
            .set_key_flags(KeyFlags::empty().set_certification())?
            .set_preferred_hash_algorithms(vec![HashAlgorithm::SHA512, HashAlgorithm::SHA256])?
            .set_primary_userid(true)?;
        let mut signer = primary.clone().into_keypair()?;
        uncritical(builder)?.sign_userid_binding(&mut signer, primary.parts_as_public(), user_id)
    }

    pub(super) fn bind(
        &self,
        primary: &Key<SecretParts, PrimaryRole>,
        subkey: &Key<SecretParts, SubordinateRole>,
    ) -> openpgp::Result<Signature> {
        let mut subkey_signer = subkey.clone().into_keypair()?;
        let back_signature = uncritical(self.self_signature(SignatureType::PrimaryKeyBinding)?)?
            .sign_primary_key_binding(&mut subkey_signer, primary, subkey)?;
        let builder = self
            .self_signature(SignatureType::SubkeyBinding)?
            .set_key_flags(KeyFlags::empty().set_signing())?
            .set_key_validity_period(self.valid_for)?
            .set_embedded_signature(back_signature)?;
        let mut signer = primary.clone().into_keypair()?;
        uncritical(builder)?.sign_subkey_binding(&mut signer, primary.parts_as_public(), subkey)
    }
}

pub(super) fn uncritical(builder: SignatureBuilder) -> openpgp::Result<SignatureBuilder> {
    builder.modify_hashed_area(|mut area| {
        let critical: Vec<_> = area.iter().filter(|packet| packet.critical()).cloned().collect();
        for packet in critical {
            area.replace(Subpacket::new(packet.value().clone(), false)?)?;
        }
        Ok(area)
    })
}
