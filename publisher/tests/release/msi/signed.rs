//! Packages signed for Windows: by osslsigncode and verified here, and the other way round.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use consign::package::SignedPackage;
use consign::package::msi::validate;
use consign::sign::FileSigner;
use consign::sign::windows::Command;
use consign_metadata::authenticode::{AuthenticodeError, Pins, Signer, verify};
use consign_metadata::msi::{CABINET, MsiFile, PLAN, SIGNATURES, name};
use jiff::{SignedDuration, Timestamp};

use super::authority::Authority;
use super::{Project, TIME};

fn build(project: &Project, signer: Arc<dyn FileSigner>) -> SignedPackage {
    let (time, folder) = (Timestamp::from_second(TIME).unwrap(), project.sample.path().join("dist"));
    let release = project.release().signed_for_windows(Some(signer));
    release.build(&project.signer(), time, &folder, &mut |_| {}).unwrap().remove(0).package
}

fn verified(path: &Path, pins: &Pins, now: Timestamp) -> Result<Signer, AuthenticodeError> {
    verify(&mut MsiFile::open(File::open(path).unwrap()).unwrap(), pins, now)
}

/// A copy in which the last byte of a stream is another.
fn tampered(path: &Path, stream: &str) -> PathBuf {
    let copy = path.with_extension("tampered.msi");
    fs::copy(path, &copy).unwrap();
    let mut bytes = bytes_of(&copy, stream);
    *bytes.last_mut().unwrap() ^= 1;
    replace(&copy, stream, &bytes);
    copy
}

fn bytes_of(path: &Path, stream: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let stored = format!("/{}", name::encode(stream));
    cfb::open(path).unwrap().open_stream(stored).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

fn replace(path: &Path, stream: &str, bytes: &[u8]) {
    let mut compound = cfb::open_rw(path).unwrap();
    compound.create_stream(format!("/{}", name::encode(stream))).unwrap().write_all(bytes).unwrap();
    compound.flush().unwrap();
}

#[test]
fn what_osslsigncode_signs_is_verified_here_and_by_it_and_stays_the_vendors() {
    let (project, authority) = (Project::new(), Authority::new());
    let msi = build(&project, Arc::new(authority.osslsigncode()));
    assert!(authority.verifies(msi.path()));
    // The vendor's own signature holds as well: what is built is opened with it.
    assert!(msi.plan().is_some());
    assert_eq!(validate(msi.path()), Ok(()));

    let now = Timestamp::now();
    for pin in ["root.pem", "signer.pem"] {
        let signer = verified(msi.path(), &authority.pins(pin), now).unwrap();
        assert_eq!((signer.subject.as_str(), signer.stamped), ("CN=Acme signer", None));
    }
    let stranger = verified(msi.path(), &Authority::new().pins("root.pem"), now).unwrap_err();
    assert!(matches!(stranger, AuthenticodeError::Stranger { .. }), "{stranger}");
    // Who may say the time may not sign programs.
    assert!(verified(msi.path(), &authority.pins("clock.pem"), now).is_err());

    for stream in [CABINET, PLAN, "!Property", "!_StringData"] {
        let copy = tampered(msi.path(), stream);
        let changed = verified(&copy, &authority.pins("root.pem"), now).unwrap_err();
        assert!(matches!(changed, AuthenticodeError::Changed), "{stream}: {changed}");
        assert!(!authority.verifies(&copy), "{stream}");
    }
}

#[test]
fn an_expired_certificate_is_refused_unless_a_time_stamp_says_that_it_was_good() {
    let (project, authority) = (Project::new(), Authority::new());
    let unsigned = project.msi();
    let folder = project.sample.path();
    let (plain, stamped) = (folder.join("plain.msi"), folder.join("stamped.msi"));
    authority.sign(unsigned.path(), &plain, &["-add-msi-dse"]);
    let now = Timestamp::now();
    let (certificates, key) = (authority.path("clock.pem"), authority.path("clock.key"));
    let (time, certificates, key) =
        ((now.as_second() + 60).to_string(), certificates.display().to_string(), key.display().to_string());
    authority.sign(unsigned.path(), &stamped, &["-TSA-certs", &certificates, "-TSA-key", &key, "-TSA-time", &time]);

    let pins = authority.pins("root.pem");
    let later = now + SignedDuration::from_hours(24 * 400);
    let expired = |path: &Path, pins: &Pins| match verified(path, pins, later) {
        Err(AuthenticodeError::Expired { reason, .. }) => assert!(reason.contains("expired on"), "{reason}"),
        other => panic!("{other:?}"),
    };
    expired(&plain, &pins);
    // A stamp by nobody who is pinned says nothing.
    expired(&stamped, &pins);
    let root = fs::read(authority.path("root.pem")).unwrap();
    let with_clock = pins.clone().with_time_stampers(&root).unwrap();
    let signer = verified(&stamped, &with_clock, later).unwrap();
    assert_eq!(signer.stamped.unwrap().as_second(), now.as_second() + 60);
    expired(&plain, &with_clock);
    // A stamp from the future is none.
    assert!(verified(&stamped, &with_clock, now).is_err());
}

#[test]
fn a_certificate_that_has_expired_signs_no_package() {
    let (project, authority) = (Project::new(), Authority::expired());
    let release = project.release().signed_for_windows(Some(Arc::new(authority.osslsigncode())));
    let dist = project.sample.path().join("dist");
    let refused = release.build(&project.signer(), Timestamp::UNIX_EPOCH, &dist, &mut |_| {}).unwrap_err().to_string();
    assert!(refused.starts_with("cannot sign for Windows") && refused.contains("expired on"), "{refused}");
    assert_eq!(fs::read_dir(&dist).unwrap().count(), 0);
}

/// The attribute that holds a time stamp, as bytes: it and what follows is not signed.
const STAMP: [u8; 12] = [0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x03, 0x03, 0x01];

/// A signature before its time stamp, and that stamp.
fn halves(path: &Path) -> (Vec<u8>, Vec<u8>) {
    let mut bytes = bytes_of(path, SIGNATURES[0]);
    let at = bytes.windows(STAMP.len()).position(|bytes| bytes == STAMP).unwrap();
    let stamp = bytes.split_off(at);
    (bytes, stamp)
}

#[test]
fn a_time_stamp_of_another_signature_says_nothing_of_this_one() {
    let (project, authority) = (Project::new(), Authority::new());
    let first = project.msi();
    let folder = project.sample.path();
    let [stamped, other] = ["stamped.msi", "other.msi"].map(|name| folder.join(name));
    let unsigned = folder.join("unsigned.msi");
    fs::copy(first.path(), &unsigned).unwrap();
    project.sample.write("win/erp.exe", "MZ, as it is later\n");
    let second = project.msi();
    let [time, certificates, key] = [
        (Timestamp::now().as_second() + 60).to_string(),
        authority.path("clock.pem").display().to_string(),
        authority.path("clock.key").display().to_string(),
    ];
    let stamp = |input: &Path, output: &Path| {
        let _ = fs::remove_file(output);
        authority.sign(input, output, &["-TSA-certs", &certificates, "-TSA-key", &key, "-TSA-time", &time]);
    };
    // Their numbers are random, and either may be a shorter one: only two of one length fit into one message.
    let grafted = (0..50).find_map(|_| {
        stamp(&unsigned, &stamped);
        stamp(second.path(), &other);
        let ((signature, own), (_, foreign)) = (halves(&other), halves(&stamped));
        (own.len() == foreign.len()).then(|| [signature, foreign].concat())
    });
    let root = fs::read(authority.path("root.pem")).unwrap();
    let pins = authority.pins("root.pem").with_time_stampers(&root).unwrap();
    let later = Timestamp::now() + SignedDuration::from_hours(24 * 400);
    verified(&other, &pins, later).unwrap();
    replace(&other, SIGNATURES[0], &grafted.unwrap());
    let refused = verified(&other, &pins, later).unwrap_err().to_string();
    assert!(refused.contains("its time stamp is that of another signature"), "{refused}");
}

/// A token of software, opened by its number.
const TOKEN: &str = r#"
set -e
mkdir tokens
echo "directories.tokendir = $PWD/tokens" >softhsm.conf
softhsm2-util --init-token --free --label acme --pin 1234 --so-pin 5678
openssl pkcs8 -topk8 -nocrypt -in signer.key -out signer.p8
softhsm2-util --import signer.p8 --token acme --label code --id 01 --pin 1234
"#;

#[test]
fn a_key_on_a_token_signs_and_its_number_is_no_argument() {
    let (project, authority) = (Project::new(), Authority::new());
    let configuration = authority.path("softhsm.conf");
    let mut shell = std::process::Command::new("sh");
    shell.current_dir(authority.path("")).env("SOFTHSM2_CONF", &configuration).args(["-c", TOKEN]);
    let made = shell.output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    fs::copy(authority.path("chain.pem"), project.sample.path().join("chain.pem")).unwrap();
    project.sample.replace("[notes]", "[windows]\ncertificate = \"chain.pem\"\n[notes]");
    let build = |number: &str| {
        let mut consign = std::process::Command::new(env!("CARGO_BIN_EXE_consign"));
        consign.args(["build", "--manifest"]).arg(project.sample.manifest_path());
        consign.arg("--key").arg(&project.keys.files.package_secret);
        consign.args(["--windows-key", "pkcs11:token=acme;object=code;type=private"]);
        consign.args(["--windows-pkcs11-module", "/usr/lib/softhsm/libsofthsm2.so"]);
        consign.env("SOFTHSM2_CONF", &configuration).env("CONSIGN_WINDOWS_PASSPHRASE", number).output().unwrap()
    };
    let wrong = build("4321");
    assert!(!wrong.status.success() && String::from_utf8_lossy(&wrong.stderr).contains("cannot sign for Windows"));
    let built = build("1234");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    assert!(authority.verifies(&project.sample.path().join("dist/acme-erp-1.1.0-1.x64.msi")));
}

#[test]
fn streams_are_ordered_as_osslsigncode_orders_them_with_and_without_their_names() {
    let (authority, folder) =
        (Authority::with("-newkey ec -pkeyopt ec_paramgen_curve:P-256"), tempfile::tempdir().unwrap());
    let plain = folder.path().join("plain.msi");
    let mut compound = cfb::CompoundFile::create_with_version(cfb::Version::V3, File::create(&plain).unwrap()).unwrap();
    compound.set_storage_clsid("/", consign_metadata::msi::CLASS.parse().unwrap()).unwrap();
    for (stream, bytes) in [("abcd", &b"second"[..]), ("ab", b"first"), ("abc", b"third"), ("!File", &[7; 9000])] {
        compound.create_stream(format!("/{}", name::encode(stream))).unwrap().write_all(bytes).unwrap();
    }
    drop(compound);
    for (index, more) in [&[][..], &["-add-msi-dse"]].into_iter().enumerate() {
        let signed = folder.path().join(format!("{index}.msi"));
        authority.sign(&plain, &signed, more);
        verified(&signed, &authority.pins("root.pem"), Timestamp::now()).unwrap();
    }
}

#[test]
fn a_command_of_the_vendors_signs_a_copy_in_place_and_by_nobody_else() {
    let (project, authority) = (Project::new(), Authority::with("-newkey ec -pkeyopt ec_paramgen_curve:P-384"));
    let script = project.sample.path().join("sign.sh");
    project.sample.write(
        "sign.sh",
        "set -e\nosslsigncode sign -h sha384 -certs \"$1/chain.pem\" -key \"$1/signer.key\" -in \"$2\" -out \"$2.signed\"\nmv \"$2.signed\" \"$2\"\n",
    );
    let folder = authority.path("").display().to_string();
    let words = vec!["sh".to_owned(), script.display().to_string(), folder, "{output}".to_owned()];
    let msi = build(&project, Arc::new(Command::new(words.clone(), authority.pins("signer.pem")).unwrap()));
    assert!(authority.verifies(msi.path()));

    let command = Command::new(words, Authority::new().pins("root.pem")).unwrap();
    let release = project.release().signed_for_windows(Some(Arc::new(command)));
    let dist = project.sample.path().join("other");
    let refused = release.build(&project.signer(), Timestamp::UNIX_EPOCH, &dist, &mut |_| {}).unwrap_err();
    assert!(refused.to_string().contains("no pinned certificate vouches"), "{refused}");
    assert_eq!(fs::read_dir(&dist).unwrap().count(), 0);
    assert!(Command::new(vec!["true".to_owned()], Pins::default()).is_err());
}

#[test]
fn the_command_signs_with_a_key_and_says_when_nobody_does() {
    let (project, authority) = (Project::new(), Authority::new());
    let build = |more: &[&str]| {
        let mut consign = std::process::Command::new(env!("CARGO_BIN_EXE_consign"));
        consign.env_remove("CONSIGN_WINDOWS_KEY").env_remove("CONSIGN_WINDOWS_PASSPHRASE");
        consign.args(["build", "--manifest"]).arg(project.sample.manifest_path());
        let output = consign.arg("--key").arg(&project.keys.files.package_secret).args(more).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (status, said) = build(&[]);
    assert!(status == 0 && said.contains("none that Windows looks at"), "{said}");
    let key = authority.path("signer.key").display().to_string();
    let (status, said) = build(&["--windows-key", &key]);
    assert!(status == 2 && said.contains("[windows] certificate"), "{said}");

    fs::copy(authority.path("chain.pem"), project.sample.path().join("chain.pem")).unwrap();
    project.sample.replace("[notes]", "[windows]\ncertificate = \"chain.pem\"\n[notes]");
    let (status, said) = build(&[]);
    assert!(status == 0 && said.contains("consign publish refuses them as they are"), "{said}");
    assert!(said.contains("\nhelp: say which key signs, with --windows-key or CONSIGN_WINDOWS_KEY"), "{said}");
    let (status, said) = build(&["--windows-key", &key]);
    assert!(status == 0 && !said.contains("signs") && !said.contains("signature"), "{said}");
    assert!(authority.verifies(&project.sample.path().join("dist/acme-erp-1.1.0-1.x64.msi")));
    // A key that is not that of the certificate signs nothing.
    let (status, said) = build(&["--windows-key", &authority.path("clock.key").display().to_string()]);
    assert!(status == 1 && said.contains("cannot sign for Windows"), "{said}");
    let (status, said) = build(&["--windows-key", "pkcs11:token=cs"]);
    assert!(status == 2 && said.contains("--windows-pkcs11-module"), "{said}");
}

#[test]
fn a_key_with_a_passphrase_is_opened_without_an_argument() {
    let (project, authority) = (Project::new(), Authority::new());
    let protected = authority.path("protected.key");
    crate::sample::output_of(
        "openssl",
        &[
            "rsa",
            "-aes256",
            "-passout",
            "pass:open sesame",
            "-in",
            crate::sample::text(&authority.path("signer.key")),
            "-out",
            crate::sample::text(&protected),
        ],
    );
    let signer = |passphrase: &str| {
        let mut signer = authority.osslsigncode();
        signer.key = consign::sign::windows::Key::File(protected.clone());
        signer.passphrase = Some(passphrase.to_owned());
        signer
    };
    build(&project, Arc::new(signer("open sesame")));
    let release = project.release().signed_for_windows(Some(Arc::new(signer("wrong"))));
    let dist = project.sample.path().join("other");
    let refused = release.build(&project.signer(), Timestamp::UNIX_EPOCH, &dist, &mut |_| {}).unwrap_err().to_string();
    assert!(refused.starts_with("cannot sign for Windows: osslsigncode failed"), "{refused}");
}
