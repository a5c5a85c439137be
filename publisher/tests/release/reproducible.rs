//! The same content is the same package, whoever builds it, where and when.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use consign::package::{Packager, deb::Deb};
use consign::sign::Algorithm;
use jiff::Timestamp;

use crate::sample::{Keys, Sample, output_of, text};

#[test]
fn unsigned_bytes_depend_on_content_alone() {
    let unsigned = |shift: u64| {
        let sample = Sample::new();
        let program = sample.path().join("tree/bin/init");
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000 + shift);
        fs::File::open(&program).unwrap().set_modified(time).unwrap();
        let release = consign::build::Release::prepare(&sample.load()).unwrap();
        let time = Timestamp::from_second(1_700_000_000).unwrap();
        let package = Deb.build(&release.packages()[0], time, &sample.path().join("dist")).unwrap();
        fs::read(package.path()).unwrap()
    };
    assert_eq!(unsigned(0), unsigned(12345));
}

/// A release built by the command from a checkout under this umask, with a line more about the product.
fn built_under(umask: &str, zone: &str, keys: &Keys, line: &str) -> Sample {
    let sample = Sample::new();
    sample.replace("maintainer =", &format!("{line}maintainer ="));
    for (file, mode) in [("erp.conf", 0o644), ("tree/bin/init", 0o755), ("tree", 0o755), ("tree/bin", 0o755)] {
        let write = if umask == "002" { (mode & 0o444) >> 1 } else { 0 };
        fs::set_permissions(sample.path().join(file), PermissionsExt::from_mode(mode | write)).unwrap();
    }
    let line = format!(
        "umask {umask}; TZ={zone} SOURCE_DATE_EPOCH=1700000000 {} build --manifest {} --key {}",
        env!("CARGO_BIN_EXE_consign"),
        text(&sample.manifest_path()),
        text(&keys.files.package_secret)
    );
    let status = Command::new("sh").args(["-c", &line]).output().unwrap();
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
    sample
}

/// A signature has a random salt. So the signed plan differs, what is signed in its place is compared, and all
/// other bytes of the payload.
#[test]
fn the_command_builds_the_same_rpm_under_another_umask_and_time_zone() {
    let keys = Keys::new(Algorithm::Ed25519);
    let content = |umask: &str, zone: &str| {
        let sample = built_under(umask, zone, &keys, "formats = [\"rpm\"]\n");
        let package = sample.path().join("dist/acme-erp-1.1.0-1.noarch.rpm");
        let query = |format: &str| output_of("rpm", &["-qp", "--nosignature", "--qf", format, text(&package)]);
        let digest = query("%{COOKIE} %{BUILDTIME} %{BUILDHOST} %{LONGSIZE} %{LONGARCHIVESIZE}");
        assert!(digest.starts_with("consign-content-1 "), "{digest}");
        let files = query("[%{FILEMODES:perms} %{FILEUSERNAME} %{FILEMTIMES} %{FILENAMES}\n]");
        let (payload, plan) = without_plan(&package);
        ((digest, files, payload), plan)
    };
    // The numbers of a signature have no leading zeros (RFC 9580, 3.2), so that one in a hundred is shorter.
    let mut pairs = (0..20).map(|_| (content("022", "UTC"), content("002", "Asia/Tokyo")));
    let (first, other) = pairs.find(|(first, other)| first.1 == other.1).expect("signed plans of the same length");
    assert_eq!(first, other);
}

/// The bytes of a payload but those of the plan, and how many these are.
fn without_plan(package: &Path) -> (Vec<u8>, usize) {
    let unpacked = |more: &str| {
        let line = format!("rpm2cpio {} {more}", text(package));
        Command::new("sh").args(["-c", &line]).output().unwrap().stdout
    };
    let (payload, plan) = (unpacked(""), unpacked("| cpio --quiet --to-stdout -i '*/plans/*'"));
    assert!(plan.len() > 100);
    let at = payload.windows(plan.len()).position(|bytes| bytes == plan).unwrap();
    ([&payload[..at], &payload[at + plan.len()..]].concat(), plan.len())
}

#[test]
fn the_command_builds_the_same_members_under_another_umask_and_time_zone() {
    let keys = Keys::new(Algorithm::Ed25519);
    let members = |umask: &str, zone: &str| {
        let sample = built_under(umask, zone, &keys, "");
        let package = sample.path().join("dist/acme-erp_1.1.0-1_all.deb");
        let listing = output_of(
            "sh",
            &["-c", &format!("dpkg-deb --fsys-tarfile {} | tar tvf - --full-time --utc", text(&package))],
        );
        let content = output_of("dpkg-deb", &["--field", text(&package), "Consign-Content"]);
        let listing: Vec<_> = listing.lines().filter(|line| !line.contains("/plans/")).map(str::to_owned).collect();
        (listing, content)
    };
    assert_eq!(members("022", "UTC"), members("002", "Asia/Tokyo"));
}

#[test]
fn the_content_digest_ignores_signatures_and_time_and_nothing_else() {
    let keys = Keys::new(Algorithm::Ed25519);
    let sample = Sample::new();
    let first = sample.build(&keys.package()).package;
    let other_time = sample.build_at(&keys.package(), Timestamp::from_second(1_800_000_000).unwrap()).package;
    let other_key = sample.build(&Keys::new(Algorithm::Ed25519).package()).package;
    assert_ne!(first.file_digest(), other_time.file_digest());
    assert_eq!(first.content_digest(), other_time.content_digest());
    assert_eq!(first.content_digest(), other_key.content_digest());

    let digest = |sample: &Sample| sample.build(&keys.package()).package.content_digest();
    sample.write("erp.conf", "port = 8081\n");
    let edited = digest(&sample);
    fs::set_permissions(sample.path().join("tree/bin/init"), PermissionsExt::from_mode(0o750)).unwrap();
    let other_mode = digest(&sample);
    sample.write("notes/1.1.0.fr.md", "# 1.1.0\n\nAutre.\n");
    let other_note = digest(&sample);
    let digests = [first.content_digest(), edited, other_mode, other_note];
    for (index, digest) in digests.iter().enumerate() {
        assert!(!digests[..index].contains(digest), "{index}");
    }
}
