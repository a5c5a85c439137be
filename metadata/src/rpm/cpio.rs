//! The archive in a payload: `newc` cpio, read from its start.

use std::io::{self, Read};

const HEADER: usize = 110;
const MAGIC: &[u8] = b"070701";
const TRAILER: &str = "TRAILER!!!";
const MAXIMUM_NAME: u64 = 8192;

/// What comes next in an archive.
#[derive(Debug)]
pub(super) struct CpioEntry {
    /// Its path as the package installs it: `/usr/share/…`.
    pub path: String,
    /// How many bytes follow.
    pub size: u64,
    /// Whether it is a file, and no folder or link.
    pub is_file: bool,
}

/// The next entry; `None` at the end of the archive. Its content must be read with [`content`] or not at all.
pub(super) fn next(archive: &mut impl Read) -> io::Result<Option<CpioEntry>> {
    let mut header = [0; HEADER];
    archive.read_exact(&mut header)?;
    if &header[..6] != MAGIC {
        return Err(bad("it does not begin as a newc entry"));
    }
    let (size, name_size) = (field(&header, 6)?, field(&header, 11)?);
    if !(2..=MAXIMUM_NAME).contains(&name_size) {
        return Err(bad("it has a name of a length that no path has"));
    }
    let name = padded(archive, name_size, HEADER as u64)?;
    let name = name.split_last().filter(|(end, _)| **end == 0).map(|(_, name)| name);
    let name = name.and_then(|name| std::str::from_utf8(name).ok()).ok_or_else(|| bad("it has no plain name"))?;
    if name == TRAILER {
        return Ok(None);
    }
    let path = name.strip_prefix("./").or(name.strip_prefix('/')).unwrap_or(name);
    let is_file = field(&header, 1)? & 0o170_000 == 0o100_000;
    Ok(Some(CpioEntry { path: format!("/{path}"), size, is_file }))
}

/// The content of an entry, whose size was found to be one that may be read.
pub(super) fn content(archive: &mut impl Read, size: u64) -> io::Result<Vec<u8>> {
    padded(archive, size, 0)
}

/// Reads bytes and what fills them up to a multiple of four.
fn padded(archive: &mut impl Read, size: u64, before: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let padding = (before + size).next_multiple_of(4) - before - size;
    if archive.take(size).read_to_end(&mut bytes)? as u64 != size {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    archive.read_exact(&mut [0; 3][..usize::try_from(padding).unwrap_or(0)])?;
    Ok(bytes)
}

/// One of the numbers behind the magic: eight hexadecimal digits.
fn field(header: &[u8; HEADER], index: usize) -> io::Result<u64> {
    let digits = &header[6 + 8 * index..14 + 8 * index];
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()));
    text.and_then(|text| u64::from_str_radix(text, 16).ok()).ok_or_else(|| bad("it has a number that is none"))
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("an entry of its payload is damaged: {what}"))
}
