//! Who says to have signed a package: for the message when it is not the key that was expected.

use std::collections::BTreeSet;
use std::path::Path;

use consign_metadata::anchor::Fingerprint;
use consign_metadata::openpgp::{Keyring, VerifyError};
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::{Packet, PacketPile};

use super::PublishError;
use crate::package::{PackageError, SignedPackage, unverified_signature};

/// Opens a package that must be signed by one of the expected keys.
///
/// # Errors
/// [`PublishError::ForeignKey`], [`PublishError::Package`]
pub fn open(
    path: &Path,
    keyring: &Keyring,
    expected: &BTreeSet<Fingerprint>,
    role: &str,
) -> Result<SignedPackage, PublishError> {
    let bad = |cause: &PackageError| {
        let PackageError::Unusable { cause, .. } = cause else { return false };
        matches!(cause.signature(), Some(VerifyError::Signature { .. }))
    };
    SignedPackage::open(path, keyring).map_err(|cause| {
        let found = issuers(path);
        // With a bad signature of the right key the package was tampered with, which is said by the cause.
        if bad(&cause) && !found.is_empty() && found.is_disjoint(expected) {
            let (path, role, expected) = (path.display().to_string(), role.to_owned(), expected.clone());
            return PublishError::ForeignKey { path, role, found, expected };
        }
        cause.into()
    })
}

/// Unverified; nothing but a message may rest on it.
fn issuers(path: &Path) -> BTreeSet<Fingerprint> {
    let Some(pile) = unverified_signature(path).and_then(|bytes| PacketPile::from_bytes(&bytes).ok()) else {
        return BTreeSet::new();
    };
    let signatures = pile.into_children().filter_map(|packet| match packet {
        Packet::Signature(signature) => Some(signature),
        _ => None,
    });
    let issuers = signatures.flat_map(|s| s.issuer_fingerprints().map(|f| f.to_hex()).collect::<Vec<_>>());
    issuers.filter_map(|hex| Fingerprint::try_from(hex).ok()).collect()
}
