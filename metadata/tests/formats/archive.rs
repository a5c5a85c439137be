//! Packages made by hand, right and wrong ones.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};

use consign_metadata::deb::{DebError, DebLayout};
use flate2::Compression;
use flate2::write::GzEncoder;

/// The `ar` archive of some members, each under the size that its header claims.
pub fn ar_claiming(members: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut archive = b"!<arch>\n".to_vec();
    for (name, size, content) in members {
        writeln!(archive, "{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`", 0, 0, 0, "100644").unwrap();
        archive.extend_from_slice(content);
        archive.extend(std::iter::repeat_n(b'\n', content.len() % 2));
    }
    archive
}

/// The `ar` archive of some members.
pub fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let sizes: Vec<String> = members.iter().map(|(_, content)| content.len().to_string()).collect();
    let members = members.iter().zip(&sizes).map(|((name, content), size)| (*name, size.as_str(), *content));
    ar_claiming(&members.collect::<Vec<_>>())
}

/// The header and content of one entry of a tar archive. The name is written as it is: `Builder` would refuse `..`.
pub fn entry(name: &str, kind: tar::EntryType, content: &[u8]) -> Vec<u8> {
    let mut header = header(name, kind);
    header.set_size(content.len() as u64);
    entry_claiming(header, content)
}

pub fn header(name: &str, kind: tar::EntryType) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header
}

/// The same under a header that may claim another size.
pub fn entry_claiming(mut header: tar::Header, content: &[u8]) -> Vec<u8> {
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

pub fn file(name: &str, content: &str) -> Vec<u8> {
    entry(name, tar::EntryType::Regular, content.as_bytes())
}

/// The compressed control archive of some entries.
pub fn control(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut tar = entries.concat();
    tar.extend_from_slice(&[0; 1024]);
    gzip(&tar)
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A package with that control archive, and a member for a signature that nobody made.
pub fn package(control: &[u8]) -> Vec<u8> {
    ar(&[("debian-binary", b"2.0\n"), ("control.tar.gz", control), ("data.tar.gz", b"data"), ("_gpgorigin", b"sig")])
}

/// A good one.
pub fn sample() -> Vec<u8> {
    package(&control(&[
        entry("./", tar::EntryType::Directory, b""),
        file("./consign-note.1.0.0.en.md", "# 1.0.0\n"),
        file("./consign-plan", "plan"),
        file("./control", "Package: acme-erp\n"),
    ]))
}

pub fn layout(package: &[u8]) -> Result<DebLayout, DebError> {
    DebLayout::read(&mut Cursor::new(package))
}

/// All control files of a package, none of more than 64 bytes.
pub fn control_files(package: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, DebError> {
    layout(package)?.control_files(&mut Cursor::new(package), |_| true, 64)
}

/// Why a package cannot be used.
pub fn fault<T: std::fmt::Debug>(result: Result<T, DebError>) -> String {
    result.unwrap_err().to_string()
}
