//! Keys that every verifier in use accepts, and files that hold no more than they must.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use consign::sign::{Algorithm, KeyFile, KeyRoles, OpenPgpSigner, VendorKeys, write_keys};
use consign_metadata::document::Role;
use consign_metadata::openpgp::Keyring;

use crate::sample::{Keys, output_of, run, text};

/// The signed files of a folder, made with the index key as a repository would.
fn sign_text(keys: &Keys, folder: &Path) {
    let index = keys.index();
    fs::write(folder.join("Release"), "Origin: Acme\nSuite: stable\n").unwrap();
    let release = fs::read(folder.join("Release")).unwrap();
    fs::write(folder.join("InRelease"), index.cleartext(&release).unwrap()).unwrap();
    fs::write(folder.join("Release.gpg"), index.detached(&mut &release[..]).unwrap()).unwrap();
}

fn accepted_by_all(algorithm: Algorithm) {
    let keys = Keys::new(algorithm);
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    sign_text(&keys, folder.path());
    let (certificate, armored) = (text(&keys.files.certificate), text(&keys.files.certificate_armored));

    output_of("gpgv", &["--keyring", certificate, &at("InRelease")]);
    output_of("gpgv", &["--keyring", certificate, &at("Release.gpg"), &at("Release")]);
    output_of("sqv", &["--keyring", certificate, &at("Release.gpg"), &at("Release")]);
    output_of("rpmkeys", &["--dbpath", &at("rpmdb"), "--import", armored]);

    let home = at("gnupg");
    fs::create_dir(&home).unwrap();
    fs::set_permissions(&home, PermissionsExt::from_mode(0o700)).unwrap();
    for file in [armored, text(&keys.files.primary_secret), text(&keys.files.package_secret)] {
        output_of("gpg", &["--homedir", &home, "--batch", "--import", file]);
    }
    let listed = output_of("gpg", &["--homedir", &home, "--batch", "--with-colons", "--list-secret-keys"]);
    assert!(listed.contains(keys.package().fingerprint().as_str()), "{listed}");
    run("gpgconf", &["--homedir", &home, "--kill", "all"]);
}

#[test]
fn rsa_keys_are_accepted_by_gpg_sqv_and_rpm() {
    accepted_by_all(Algorithm::Rsa4096);
}

#[test]
fn ed25519_keys_are_accepted_by_gpg_sqv_and_rpm() {
    accepted_by_all(Algorithm::Ed25519);
}

#[test]
fn a_signature_is_read_in_whatever_armor_it_comes() {
    let keys = Keys::new(Algorithm::Ed25519);
    let key = keys.package();
    let keyring = Keyring::new(&key.certificate(), [key.fingerprint()].into(), "package").unwrap();
    let armored = String::from_utf8(key.detached(&mut &b"signed"[..]).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (file, binary) = (folder.path().join("signature.asc"), folder.path().join("signature"));
    fs::write(&file, &armored).unwrap();
    output_of("gpg", &["--output", text(&binary), "--dearmor", text(&file)]);
    let without_checksum = armored.lines().filter(|line| !line.starts_with('=')).map(|line| line.to_owned() + "\n");
    for (form, signature) in [
        ("as it is written", armored.clone().into_bytes()),
        ("without its last end of a line", armored.trim_end().into()),
        ("with a comment", armored.replacen("\n\n", "\nComment: by hand\n\n", 1).into()),
        ("as an editor on Windows saves it", armored.replace('\n', "\r\n").into()),
        ("without a checksum", without_checksum.collect::<String>().into()),
        ("without armor", fs::read(&binary).unwrap()),
    ] {
        let signers = |data: &[u8]| {
            [keyring.verify_detached(&signature, data), keyring.verify_detached_stream(&signature, data)]
                .map(|signer| signer.ok())
        };
        assert_eq!(signers(b"signed"), [Some(key.fingerprint().clone()), Some(key.fingerprint().clone())], "{form}");
        assert_eq!(signers(b"signet"), [None, None], "{form}");
    }
    // Into the number that was computed with the secret key.
    let lines: Vec<_> = armored.lines().collect();
    let last = lines[lines.iter().position(|line| line.starts_with('=')).unwrap() - 1];
    let other = if last.starts_with('A') { "B" } else { "A" };
    let altered = armored.replace(last, &format!("{other}{}", &last[1..]));
    assert!(keyring.verify_detached(altered.as_bytes(), b"signed").is_err(), "{altered}");
}

#[test]
fn no_self_signature_is_critical_or_sha1() {
    let keys = Keys::new(Algorithm::Ed25519);
    let packets = output_of("gpg", &["--list-packets", text(&keys.files.certificate)]);
    assert!(!packets.contains("critical"), "{packets}");
    assert!(!packets.contains("digest algo 2,"), "{packets}");
    assert_eq!(packets.matches("digest algo 10").count(), 5, "{packets}");
}

#[test]
fn secrets_are_their_owners_alone_and_one_to_a_file() {
    let keys = Keys::new(Algorithm::Ed25519);
    for file in [&keys.files.primary_secret, &keys.files.package_secret, &keys.files.index_secret] {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let folder = keys.files.primary_secret.parent().unwrap();
    assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
    let (package, index) = (keys.package().fingerprint(), keys.index().fingerprint());
    assert_ne!(package, index);
    let roles = KeyRoles::beside(&keys.files.package_secret).unwrap().unwrap();
    assert_eq!((roles.of(&package), roles.of(&index)), (vec![Role::Package], vec![Role::Index]));
    // The primary certifies and signs nothing.
    let error = KeyFile::open(&keys.files.primary_secret, || Err(String::new())).unwrap_err();
    assert!(error.to_string().ends_with("it holds no secret key for signing"), "{error}");
}

fn ed25519() -> VendorKeys {
    VendorKeys::generate(&consign::sign::KeyRequest {
        user_id: "Acme".to_owned(),
        algorithm: Algorithm::Ed25519,
        valid_for: std::time::Duration::from_secs(86400),
        now: std::time::SystemTime::now() - std::time::Duration::from_secs(60),
    })
    .unwrap()
}

#[test]
fn keys_are_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let vendor = "acme".parse().unwrap();
    let files = write_keys(folder.path(), &vendor, &ed25519(), None).unwrap();
    let before = fs::read(&files.package_secret).unwrap();
    fs::remove_file(&files.primary_secret).unwrap();
    let error = write_keys(folder.path(), &vendor, &ed25519(), None).unwrap_err();
    assert!(error.to_string().ends_with("it exists, and keys are never overwritten"), "{error}");
    assert_eq!(fs::read(&files.package_secret).unwrap(), before);
    assert!(!files.primary_secret.exists());
}

#[test]
fn a_protected_key_opens_with_its_passphrase_only() {
    let folder = tempfile::tempdir().unwrap();
    let files = write_keys(folder.path(), &"acme".parse().unwrap(), &ed25519(), Some(&"open sesame".into())).unwrap();
    let wrong = KeyFile::open(&files.index_secret, || Ok("close sesame".into())).unwrap_err();
    assert!(wrong.to_string().ends_with("the passphrase is wrong"), "{wrong}");
    let key = KeyFile::open(&files.index_secret, || Ok("open sesame".into())).unwrap();
    assert!(!format!("{key:?}").contains("sesame"));
    let message = key.message(b"{}").unwrap();
    fs::write(folder.path().join("message"), message).unwrap();
    output_of("gpgv", &["--keyring", text(&files.certificate), text(&folder.path().join("message"))]);
}

#[test]
fn an_expired_key_does_not_sign() {
    let folder = tempfile::tempdir().unwrap();
    let request = consign::sign::KeyRequest {
        user_id: "Acme".to_owned(),
        algorithm: Algorithm::Ed25519,
        valid_for: std::time::Duration::from_secs(86400),
        now: std::time::SystemTime::now() - std::time::Duration::from_secs(2 * 86400),
    };
    let keys = VendorKeys::generate(&request).unwrap();
    let files = write_keys(folder.path(), &"acme".parse().unwrap(), &keys, None).unwrap();
    let error = KeyFile::open(&files.package_secret, || Err(String::new())).unwrap_err();
    let key = keys.key_of(Role::Package);
    assert!(error.to_string().contains(&format!("key {key} expired on ")), "{error}");
}
