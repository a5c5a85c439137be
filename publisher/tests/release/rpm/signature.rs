//! Signatures as rpm and our own reader judge them.

use std::fs;

use consign::package::{PackageError, SignedPackage};
use consign::sign::{Algorithm, OpenPgpSigner};
use consign_metadata::openpgp::Keyring;
use consign_metadata::rpm::RpmLayout;

use super::{Database, Example, flipped};
use crate::sample::Keys;

fn keyring(keys: &Keys) -> Keyring {
    let signer = keys.package();
    Keyring::new(&signer.certificate(), [signer.fingerprint()].into(), "package").unwrap()
}

fn accepted(algorithm: Algorithm) {
    let (keys, example) = (Keys::new(algorithm), Example::without_plan());
    let package = example.signed(&keys.package());
    let (good, said) = Database::trusting(&keys.files.certificate_armored).check(package.path());
    assert!(good && said.contains("signatures OK"), "{said}");
    assert_eq!(package.signer(), &keys.package().fingerprint());
    let opened = SignedPackage::open(package.path(), &keyring(&keys)).unwrap();
    assert_eq!((opened.version(), opened.architecture()), ("1.2.0~rc.1-1", "x86_64"));
    assert_eq!(opened.content_digest(), example.unsigned().content_digest());
}

#[test]
fn rpm_accepts_a_signature_by_an_rsa_key() {
    accepted(Algorithm::Rsa4096);
}

#[test]
fn rpm_accepts_a_signature_by_an_ed25519_key() {
    accepted(Algorithm::Ed25519);
}

#[test]
fn nobody_accepts_a_package_that_was_changed_or_is_signed_by_another() {
    let (keys, example) = (Keys::new(Algorithm::Ed25519), Example::without_plan());
    let database = Database::trusting(&keys.files.certificate_armored);
    let package = example.signed(&keys.package());
    let layout = RpmLayout::read(&mut fs::File::open(package.path()).unwrap()).unwrap();
    let (header, payload) = (layout.header_range(), layout.payload_range());
    for (at, what) in [(header.end - 40, "signature"), (payload.end - 9, "its payload is not the one that was signed")]
    {
        let changed = flipped(package.path(), at);
        let (good, said) = database.check(&changed);
        assert!(!good && said.contains("NOT OK"), "{said}");
        let error = SignedPackage::open(&changed, &keyring(&keys)).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
    let (good, said) = Database::new().check(package.path());
    assert!(!good && said.contains("SIGNATURES NOT OK"), "{said}");
    let stranger = SignedPackage::open(package.path(), &keyring(&Keys::new(Algorithm::Ed25519))).unwrap_err();
    let PackageError::Unusable { cause, .. } = stranger else { panic!("{stranger}") };
    assert!(cause.signature().is_some(), "{cause}");
}

#[test]
fn an_unsigned_package_is_told_by_the_missing_word() {
    let (keys, example) = (Keys::new(Algorithm::Ed25519), Example::without_plan());
    let unsigned = example.unsigned();
    let (good, said) = Database::trusting(&keys.files.certificate_armored).check(unsigned.path());
    assert!(good && !said.contains("signatures") && said.contains("digests OK"), "{said}");
    let error = SignedPackage::open(unsigned.path(), &keyring(&keys)).unwrap_err();
    assert!(error.to_string().contains("is not signed"), "{error}");
}

#[test]
fn signing_changes_nothing_but_the_signature_header() {
    let (keys, example) = (Keys::new(Algorithm::Rsa4096), Example::without_plan());
    let unsigned = example.unsigned();
    let before = fs::read(unsigned.path()).unwrap();
    let package = unsigned.sign(&keys.package()).unwrap();
    let after = fs::read(package.path()).unwrap();
    let layout = RpmLayout::read(&mut fs::File::open(package.path()).unwrap()).unwrap();
    let header = usize::try_from(layout.header_range().start).unwrap();
    assert!(before[..96] == after[..96] && before[header..] == after[header..] && before.len() == after.len());
}
