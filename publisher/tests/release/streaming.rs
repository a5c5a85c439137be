//! The memory that a build takes does not grow with the package.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use consign::sign::Algorithm;

use crate::sample::{Keys, Sample, text};

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

#[test]
fn a_large_payload_is_streamed() {
    let sample = Sample::new();
    write_noise(File::create(sample.path().join("tree/large")).unwrap(), PAYLOAD / 3);
    // The rest is a hole, which the package holds as zeroes.
    File::create(sample.path().join("tree/hole")).unwrap().set_len(PAYLOAD / 3 * 2).unwrap();
    let keys = Keys::new(Algorithm::Ed25519);
    let status = sample.path().join("status");
    // The program's own count of its memory, taken when it ends.
    let line = format!(
        "{} build --manifest {} --key {} & pid=$!; while kill -0 $pid 2>/dev/null; do \
         grep VmHWM /proc/$pid/status > {status}.new 2>/dev/null && mv {status}.new {status}; \
         read -t 0.05 _ < /dev/zero || :; done; wait $pid",
        env!("CARGO_BIN_EXE_consign"),
        text(&sample.manifest_path()),
        text(&keys.files.package_secret),
        status = text(&status),
    );
    let output = Command::new("bash").args(["-c", &line]).output().unwrap();
    assert_eq!(output.status.into_raw(), 0, "{}", String::from_utf8_lossy(&output.stderr));
    let package = sample.path().join("dist/acme-erp_1.1.0-1_all.deb");
    assert!(package.metadata().unwrap().len() > PAYLOAD / 3);
    let peak = std::fs::read_to_string(status).unwrap();
    let peak: u64 = peak.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(peak < LIMIT_KIB, "{peak} KiB");
}
