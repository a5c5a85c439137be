//! Who says to have signed a package: for the message when it is not the key that was expected.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use consign_metadata::anchor::Fingerprint;
use consign_metadata::deb::DebError;
use consign_metadata::openpgp::{Keyring, VerifyError};
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::{Packet, PacketPile};

use super::PublishError;
use crate::package::{PackageError, SignedPackage};

const MAXIMUM_SIGNATURE: u64 = 64 * 1024;

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
        matches!(cause, PackageError::Unusable { cause: DebError::Signature(VerifyError::Signature { .. }), .. })
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
    let Some(pile) = signature(path).and_then(|bytes| PacketPile::from_bytes(&bytes).ok()) else {
        return BTreeSet::new();
    };
    let signatures = pile.into_children().filter_map(|packet| match packet {
        Packet::Signature(signature) => Some(signature),
        _ => None,
    });
    let issuers = signatures.flat_map(|s| s.issuer_fingerprints().map(|f| f.to_hex()).collect::<Vec<_>>());
    issuers.filter_map(|hex| Fingerprint::try_from(hex).ok()).collect()
}

fn signature(path: &Path) -> Option<Vec<u8>> {
    let mut archive = ar::Archive::new(File::open(path).ok()?);
    while let Some(Ok(member)) = archive.next_entry() {
        if member.header().identifier() == b"_gpgorigin" {
            let mut bytes = Vec::new();
            member.take(MAXIMUM_SIGNATURE).read_to_end(&mut bytes).ok()?;
            return Some(bytes);
        }
    }
    None
}
