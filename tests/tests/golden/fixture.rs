//! The fixture on disk, and copies of it that may be spoilt.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// Host, vendor and product of format version 1.
pub const PRODUCT: &str = "acme/canopsis";

/// A file or folder of format version 1.
pub fn golden(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/1").join(path)
}

/// A file of format version 1.
pub fn read(path: &str) -> Vec<u8> {
    fs_err::read(golden(path)).unwrap()
}

/// A text of format version 1.
pub fn text(path: &str) -> String {
    String::from_utf8(read(path)).unwrap()
}

/// A folder of the fixture, copied.
pub fn copy_of(path: &str) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_into(&golden(path), copy.path());
    copy
}

pub fn copy_into(from: &Path, to: &Path) {
    fs_err::create_dir_all(to).unwrap();
    for file in files(from) {
        let copy = to.join(file.strip_prefix(from).unwrap());
        fs_err::create_dir_all(copy.parent().unwrap()).unwrap();
        fs_err::write(copy, fs_err::read(file).unwrap()).unwrap();
    }
}

/// Every file below a folder, in order of name.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// The bytes with the lowest bit of one of them turned.
pub fn turned(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut spoilt = bytes.to_vec();
    spoilt[at] ^= 1;
    spoilt
}

/// Where a part of a document begins.
#[track_caller]
pub fn position(bytes: &[u8], part: &str) -> usize {
    let found = bytes.windows(part.len()).position(|window| window == part.as_bytes());
    found.unwrap_or_else(|| panic!("{part} is not there"))
}
