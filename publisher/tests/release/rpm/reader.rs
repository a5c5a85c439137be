//! The reader on packages that are cut, damaged, or not what they say.

use std::fs;
use std::io::Cursor;

use consign::sign::{Algorithm, OpenPgpSigner};
use consign_metadata::openpgp::Keyring;
use consign_metadata::rpm::{RpmError, RpmLayout, VerifiedRpm};

use super::Example;
use crate::sample::Keys;

const NOTE: &str = "/usr/share/doc/acme-erp/notes/1.2.0.en.md";

/// A small signed package, and what opens it.
fn small() -> (Vec<u8>, Keyring) {
    let (keys, mut example) = (Keys::new(Algorithm::Ed25519), Example::without_plan());
    example.contents.payload.remove("/opt/acme/large");
    let signer = keys.package();
    let keyring = Keyring::new(&signer.certificate(), [signer.fingerprint()].into(), "package").unwrap();
    (fs::read(example.signed(&signer).path()).unwrap(), keyring)
}

fn verified(bytes: &[u8], keyring: &Keyring) -> Result<(RpmLayout, VerifiedRpm), RpmError> {
    let mut file = Cursor::new(bytes);
    let layout = RpmLayout::read(&mut file)?;
    let verified = layout.verify(&mut file, keyring)?;
    Ok((layout, verified))
}

#[test]
fn a_package_that_is_cut_is_refused_wherever_it_ends() {
    let (bytes, keyring) = small();
    let (layout, rpm) = verified(&bytes, &keyring).unwrap();
    let header_end = usize::try_from(layout.payload_range().start).unwrap();
    for length in 0..header_end {
        assert!(RpmLayout::read(&mut Cursor::new(&bytes[..length])).is_err(), "{length}");
    }
    for length in header_end..bytes.len() {
        let mut file = Cursor::new(&bytes[..length]);
        let cut = RpmLayout::read(&mut file).unwrap();
        assert!(cut.verify_payload(&mut file, &rpm.header).is_err(), "{length}");
        let _ = cut.first_entries(&mut file, &rpm.header, 1024, |_| true);
    }
}

#[test]
fn a_changed_byte_is_never_taken_for_what_was_signed() {
    let (bytes, keyring) = small();
    let (layout, rpm) = verified(&bytes, &keyring).unwrap();
    let whole = |bytes: &[u8]| layout.first_entries(&mut Cursor::new(bytes), &rpm.header, 1 << 20, |_| true);
    let good = whole(&bytes).unwrap();
    let start = usize::try_from(layout.payload_range().start).unwrap();
    for at in start..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x55;
        assert!(layout.verify_payload(&mut Cursor::new(&changed), &rpm.header).is_err(), "{at}");
        // What is read of it is what was signed, or nothing.
        if let Ok(files) = whole(&changed) {
            assert!(files.iter().all(|file| good.contains(file)), "{at}");
        }
    }
    for at in (96..start).step_by(7) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x55;
        if let Ok((_, read)) = verified(&changed, &keyring) {
            assert_eq!(read.header.paths(), rpm.header.paths(), "{at}");
        }
    }
}

#[test]
fn only_the_wanted_files_at_the_start_are_read_and_no_more_than_was_said() {
    let (bytes, keyring) = small();
    let (layout, rpm) = verified(&bytes, &keyring).unwrap();
    let read = |maximum, wanted: &str| {
        let wanted = |path: &str| path == wanted;
        layout.first_entries(&mut Cursor::new(&bytes), &rpm.header, maximum, wanted)
    };
    let first = read(7, NOTE).unwrap();
    assert_eq!((&*first[0].path, &*first[0].bytes, first.len()), (NOTE, &b"# Note\n"[..], 1));
    assert_eq!(read(1024, "/opt/acme/bin/erp").unwrap(), []);
    let error = read(6, NOTE).unwrap_err().to_string();
    assert!(error.contains("have more than 6 bytes"), "{error}");
}
