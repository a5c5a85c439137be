//! A package that is larger than the numbers of the old tags: each file has less than 4 GiB, all together more.

use std::fs::File;
use std::process::{Command, Stdio};

use consign::package::SignedPackage;
use consign::sign::{Algorithm, OpenPgpSigner};
use consign::stage::{Attributes, Entry, Node, Source};
use consign_metadata::openpgp::Keyring;

use super::{Database, Example};
use crate::sample::{Keys, output_of, text};

/// Holes, which are zeroes in the package.
const EACH: u64 = 1280 * 1024 * 1024;

/// Five gigabytes take minutes: `CONSIGN_LONG=1` runs it with them, else a hundredth has to do.
#[test]
fn a_package_of_more_than_4_gib_is_written_and_read() {
    let is_long = std::env::var_os("CONSIGN_LONG").is_some();
    let size = if is_long { EACH } else { EACH / 100 };
    let mut example = Example::without_plan();
    for index in 0..4 {
        let path = example.path().join(format!("hole-{index}"));
        File::create(&path).unwrap().set_len(size).unwrap();
        let node = Node::File { source: Source::Path { path, size }, config: false };
        let entry = Entry { attributes: Attributes::root(0o644), node };
        example.contents.payload.add(&format!("/opt/acme/hole-{index}"), entry).unwrap();
    }
    let keys = Keys::new(Algorithm::Ed25519);
    let signed = example.signed(&keys.package());
    let query = |format: &str| output_of("rpm", &["-qp", "--nosignature", "--qf", format, text(signed.path())]);
    assert!(query("%{LONGSIZE}").parse::<u64>().unwrap() > 4 * size);
    assert!(query("%{LONGARCHIVESIZE}").parse::<u64>().unwrap() > 4 * size);
    assert_eq!(query("[%{LONGFILESIZES} ]").split(' ').filter(|n| **n == size.to_string()).count(), 4);
    assert_eq!(query("%{SIZE}") == "(none)", is_long, "a number that does not fit is in the other tag");
    let (good, said) = Database::trusting(&keys.files.certificate_armored).check(signed.path());
    assert!(good && said.contains("signatures"), "{said}");
    let keyring =
        Keyring::new(&keys.package().certificate(), [keys.package().fingerprint()].into(), "package").unwrap();
    assert_eq!(SignedPackage::open(signed.path(), &keyring).unwrap().file_digest(), signed.file_digest());
    // Unpacked by the real one, as far as the pipe: every byte goes through rpm's own reader.
    let unpack = format!("rpm2cpio {} | cpio --quiet --to-stdout -i '*hole-3' | wc -c", text(signed.path()));
    let unpacked = Command::new("sh").args(["-c", &unpack]).stderr(Stdio::null()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&unpacked.stdout).trim(), size.to_string());
}
