//! The memory that a build takes does not grow with the package.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use consign::sign::Algorithm;

use crate::msi::WINDOWS;
use crate::packagers;
use crate::sample::{Keys, Sample, text};
use crate::wrap::Foreign;

const PAYLOAD: u64 = 300 * 1024 * 1024;
const LIMIT_KIB: u64 = 48 * 1024;

/// Bytes that do not compress, and are the same each time.
fn write_noise(file: File, length: u64) {
    let mut out = BufWriter::with_capacity(1 << 20, file);
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    for _ in 0..length / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.write_all(&state.to_le_bytes()).unwrap();
    }
    out.flush().unwrap();
}

/// Runs `consign` and tells the most memory that it took, in KiB.
fn peak(arguments: &str, status: &Path) -> u64 {
    // The program's own count of its memory, taken when it ends.
    let line = format!(
        "{} {arguments} & pid=$!; while kill -0 $pid 2>/dev/null; do \
         grep VmHWM /proc/$pid/status > {status}.new 2>/dev/null && mv {status}.new {status}; \
         read -t 0.05 _ < /dev/zero || :; done; wait $pid",
        env!("CARGO_BIN_EXE_consign"),
        status = text(status),
    );
    let output = Command::new("bash").args(["-c", &line]).output().unwrap();
    assert_eq!(output.status.into_raw(), 0, "{}", String::from_utf8_lossy(&output.stderr));
    let peak = std::fs::read_to_string(status).unwrap();
    peak.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Compressing takes its time: a tenth has to do, and the hole, where nobody asks for all of it.
fn of_an_rpm() -> u64 {
    if std::env::var_os("CONSIGN_LONG").is_some() { PAYLOAD / 3 } else { PAYLOAD / 30 }
}

/// Compressed on several cores, each of which holds some tens of megabytes, but never the payload.
#[test]
fn the_payload_of_an_rpm_that_others_built_is_streamed_through() {
    let foreign = Foreign::new();
    let folder = foreign.folder.path();
    let noise = of_an_rpm();
    write_noise(File::create(folder.join("noise")).unwrap(), noise);
    let package = packagers::rpmbuild("1.1.0", 1, folder, |spec| {
        let spec = spec.replacen("Name:", "%global _binary_payload w1.gzdio\nName:", 1);
        let install = "install -D %{_sourcedir}/noise %{buildroot}/opt/acme-ledger/noise\n\
                       truncate -s 200M %{buildroot}/opt/acme-ledger/hole\n%pre -p";
        spec.replacen("%pre -p", install, 1)
    });
    let (manifest, keys) = (foreign.at("consign.toml"), &foreign.keys.files.package_secret);
    let arguments = format!("wrap --manifest {} --key {} {}", text(&manifest), text(keys), text(&package));
    let peak = peak(&format!("{arguments} --output {}", text(&foreign.at("out"))), &foreign.at("status"));
    assert!(foreign.at("out/acme-ledger-1.1.0-1.noarch.rpm").metadata().unwrap().len() > noise);
    assert!(peak < PAYLOAD / 1024 / 2, "{peak} KiB");
}

/// A release with files that are large, part of them a hole, which a package holds as zeroes.
fn large(noise: u64) -> Sample {
    let sample = Sample::new();
    write_noise(File::create(sample.path().join("tree/large")).unwrap(), noise);
    File::create(sample.path().join("tree/hole")).unwrap().set_len(PAYLOAD - noise).unwrap();
    sample
}

fn peak_of_build(sample: &Sample) -> u64 {
    let keys = Keys::new(Algorithm::Ed25519);
    let (manifest, key) = (sample.manifest_path(), &keys.files.package_secret);
    peak(&format!("build --manifest {} --key {}", text(&manifest), text(key)), &sample.path().join("status"))
}

#[test]
fn a_large_payload_is_streamed() {
    let noise = PAYLOAD / 3;
    let sample = large(noise);
    let peak = peak_of_build(&sample);
    let package = sample.path().join("dist/acme-erp_1.1.0-1_all.deb");
    assert!(package.metadata().unwrap().len() > noise);
    assert!(peak < LIMIT_KIB, "{peak} KiB");
}

/// Compressed on several cores, as above.
#[test]
fn a_large_payload_of_an_rpm_is_streamed() {
    let noise = of_an_rpm();
    let sample = large(noise);
    sample.replace("maintainer =", "formats = [\"rpm\"]\nmaintainer =");
    let peak = peak_of_build(&sample);
    let package = sample.path().join("dist/acme-erp-1.1.0-1.noarch.rpm");
    assert!(package.metadata().unwrap().len() > noise);
    assert!(peak < PAYLOAD / 1024 / 2, "{peak} KiB");
}

/// A release for Windows: packed, read back, and read again when it is signed.
#[test]
fn a_large_payload_of_an_msi_is_streamed() {
    let noise = of_an_rpm();
    let sample = Sample::new();
    sample.write("win/erp.exe", "MZ, as it were\n");
    sample.replace("[options.edition]", &format!("{WINDOWS}\n[options.edition]"));
    sample.replace("maintainer =", "formats = [\"msi\"]\nmaintainer =");
    write_noise(File::create(sample.path().join("win/large")).unwrap(), noise);
    File::create(sample.path().join("win/hole")).unwrap().set_len(PAYLOAD / 2 - noise).unwrap();
    let peak = peak_of_build(&sample);
    let package = sample.path().join("dist/acme-erp-1.1.0-1.x64.msi");
    assert!(package.metadata().unwrap().len() > noise);
    assert!(peak < LIMIT_KIB, "{peak} KiB");
}
