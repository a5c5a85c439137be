//! Who packs the media of a site: named once, by hand. From then on nothing of a medium is parsed that this one has
//! not signed.
//!
//! Label and manifest of every volume have a detached signature beside them, so that what is refused is refused as
//! bytes, and any volume by itself; `gpg --verify` reads them as well.

use std::collections::BTreeSet;
use std::path::Path;

use consign_metadata::anchor::Fingerprint;
use consign_metadata::openpgp::{Keyring, VerifyError};
use serde::{Deserialize, Serialize};

use super::drive::Drive;
use crate::mirror::archive::Record;
use crate::mirror::{Memory, MirrorError};
use crate::trust::{TrustError, armored, signing_keys};

/// What the name of a signature ends with, behind that of the file.
pub const SIGNATURE: &str = ".asc";
/// The largest signature that is read, in bytes.
const MAXIMUM: u64 = 64 * 1024;

/// Who packs the media of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Packer {
    /// The OpenPGP certificate, armored.
    certificate: String,
    /// Those of its keys that sign.
    keys: BTreeSet<Fingerprint>,
}

impl Packer {
    /// By a certificate: its keys with the role `package` where a table of roles is beside it, else all that sign.
    ///
    /// # Errors
    /// [`TrustError`]
    pub fn of(certificate: &Path) -> Result<Self, TrustError> {
        let (binary, keys) = signing_keys(certificate)?;
        let bad = |cause| TrustError::Certificate { place: certificate.display().to_string(), cause };
        let text = armored(&binary).map_err(bad)?;
        Ok(Self { certificate: String::from_utf8_lossy(&text).into_owned(), keys })
    }

    /// The one whose media a mirror takes; `None` where it takes those of anybody.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn of_mirror(folder: &Path) -> Result<Option<Self>, MirrorError> {
        match Memory::load(folder)? {
            Some(memory) => Ok(memory.packed_by),
            None => Ok(Record::load(folder)?.and_then(|record| record.packed_by)),
        }
    }

    /// Which of its keys has signed the bytes of a file of a medium.
    ///
    /// # Errors
    /// [`MirrorError::NotPacked`] where none has.
    pub fn signer_of(&self, file: &Path, bytes: &[u8]) -> Result<Fingerprint, MirrorError> {
        let bad = |reason: String| MirrorError::NotPacked { place: file.display().to_string(), reason };
        let mut beside = file.as_os_str().to_owned();
        beside.push(SIGNATURE);
        let signature = Drive::bytes(Path::new(&beside), MAXIMUM)?;
        let signature = signature.ok_or_else(|| bad("nobody has signed it".to_owned()))?;
        self.verified(&signature, bytes).map_err(|cause| {
            bad(match cause {
                // Its keys may have any role, or none: they are those that were named.
                VerifyError::Signature { cause, .. } => format!("no key of its packer has signed it: {cause}"),
                other => format!("it {other}"),
            })
        })
    }

    /// Those of its keys that sign.
    pub fn keys(&self) -> &BTreeSet<Fingerprint> {
        &self.keys
    }

    fn verified(&self, signature: &[u8], bytes: &[u8]) -> Result<Fingerprint, VerifyError> {
        Keyring::new(self.certificate.as_bytes(), self.keys.clone(), "packer")?.verify_detached(signature, bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use consign_metadata::document::Role;
    use sequoia_openpgp as openpgp;

    use openpgp::packet::signature::SignatureBuilder;
    use openpgp::parse::Parse;
    use openpgp::policy::StandardPolicy;
    use openpgp::serialize::SerializeInto;
    use openpgp::types::{HashAlgorithm, SignatureType};
    use openpgp::{Cert, Packet};

    use super::*;
    use crate::sign::{Algorithm, KeyRequest, VendorKeys, write_keys};

    const DAY: Duration = Duration::from_secs(86_400);

    /// A packer whose keys were good from 20 days ago on for 10 days, and a signature of its package key of another day.
    struct Elder {
        folder: tempfile::TempDir,
        keys: VendorKeys,
    }

    impl Elder {
        fn new() -> Self {
            let (user_id, algorithm) = ("packer".to_owned(), Algorithm::Ed25519);
            let now = SystemTime::now() - 20 * DAY;
            let keys = VendorKeys::generate(&KeyRequest { user_id, algorithm, valid_for: 10 * DAY, now }).unwrap();
            let folder = tempfile::tempdir().unwrap();
            write_keys(folder.path(), &"site".parse().unwrap(), &keys, None).unwrap();
            Self { folder, keys }
        }

        fn signed(&self, role: Role, days_ago: u32, bytes: &[u8]) -> Vec<u8> {
            let file = format!("{}.secret.pgp", role.as_str());
            let cert = Cert::from_file(self.folder.path().join(file)).unwrap();
            let time = SystemTime::now() - days_ago * DAY;
            let policy = StandardPolicy::new();
            let key = cert.keys().with_policy(&policy, time).for_signing().unencrypted_secret().next().unwrap();
            let mut signer = key.key().clone().into_keypair().unwrap();
            let builder = SignatureBuilder::new(SignatureType::Binary).set_hash_algo(HashAlgorithm::SHA512);
            let builder = builder.set_signature_creation_time(time).unwrap();
            Packet::from(builder.sign_message(&mut signer, bytes).unwrap()).to_vec().unwrap()
        }
    }

    #[test]
    fn what_was_packed_while_the_key_was_good_stays_so_and_what_is_dated_later_is_not() {
        let elder = Elder::new();
        let packer = Packer::of(&elder.folder.path().join("certificate.pgp")).unwrap();
        let signer = packer.verified(&elder.signed(Role::Package, 15, b"{}"), b"{}").unwrap();
        assert_eq!(&signer, elder.keys.key_of(Role::Package));
        let late = packer.verified(&elder.signed(Role::Package, 5, b"{}"), b"{}").unwrap_err();
        assert!(late.to_string().contains("role \"packer\"") && late.to_string().contains("not live"), "{late}");
        let other = packer.verified(&elder.signed(Role::Index, 15, b"{}"), b"{}").unwrap_err();
        assert!(other.to_string().contains("has not that role"), "{other}");
        assert!(packer.verified(&elder.signed(Role::Package, 15, b"{}"), b"{ }").is_err());
    }
}
