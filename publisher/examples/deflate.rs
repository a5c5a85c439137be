//! Deflates files as a cabinet does, and nothing else: what `scripts/bench msi` compares a build with.

#![allow(clippy::unwrap_used, reason = "a program for measurements")]

use std::io::{Read, Write};

use flate2::Compression;
use flate2::write::DeflateEncoder;

fn main() {
    let mut out = DeflateEncoder::new(std::io::sink(), Compression::best());
    let mut buffer = vec![0; 1 << 17];
    for path in std::env::args_os().skip(1) {
        let mut file = std::fs::File::open(path).unwrap();
        loop {
            match file.read(&mut buffer).unwrap() {
                0 => break,
                read => out.write_all(&buffer[..read]).unwrap(),
            }
        }
    }
    out.finish().unwrap();
}
