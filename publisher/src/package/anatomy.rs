//! Which parts of a package file are packed, and how, so that it can be unpacked and packed again to the byte.
//!
//! Only what our own writers pack is unpacked. Whether a part comes out again as it went in is for who uses it to
//! see: a package of other writers may have been packed otherwise.

use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};

use consign_metadata::rpm::RpmLayout;
use flate2::bufread::MultiGzDecoder;
use serde::{Deserialize, Serialize};

use super::{deb, rpm};

/// How a part of a package file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Packing {
    /// Not at all.
    Plain,
    /// As the archives in a .deb.
    Gzip,
    /// As the payload of an .rpm.
    Zstd,
}

/// A part of a package file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// How it is packed.
    pub packing: Packing,
    /// Its first byte in the file.
    pub offset: u64,
    /// Its length in the file, in bytes.
    pub size: u64,
}

const AR_MAGIC: &[u8; 8] = b"!<arch>\n";
const AR_HEADER: u64 = 60;
/// A .deb has four members.
const MEMBERS: usize = 8;

/// The parts of a file one behind the other; one that is no package of ours is one plain part.
///
/// # Errors
/// Those of the reader.
pub fn parts(file: &mut (impl Read + Seek)) -> io::Result<Vec<Part>> {
    let size = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    let mut magic = [0; 8];
    let packed = match file.read_exact(&mut magic) {
        Ok(()) if magic == *AR_MAGIC => members(file, size)?,
        Ok(()) => payload(file),
        Err(_) => Vec::new(),
    };
    let (mut parts, mut at) = (Vec::new(), 0);
    for part in packed {
        parts.push(Part { packing: Packing::Plain, offset: at, size: part.offset - at });
        parts.push(part);
        at = part.offset + part.size;
    }
    parts.push(Part { packing: Packing::Plain, offset: at, size: size.saturating_sub(at) });
    Ok(parts.into_iter().filter(|part| part.size > 0).collect())
}

/// The members of a .deb that gzip has packed.
fn members(file: &mut (impl Read + Seek), size: u64) -> io::Result<Vec<Part>> {
    let (mut members, mut at) = (Vec::new(), AR_MAGIC.len() as u64);
    while at + AR_HEADER <= size && members.len() < MEMBERS {
        let mut header = [0; AR_HEADER as usize];
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut header)?;
        let text = |range: std::ops::Range<usize>| String::from_utf8_lossy(&header[range]).trim().to_owned();
        let Ok(length) = text(48..58).parse::<u64>() else { break };
        let offset = at + AR_HEADER;
        if length > size - offset {
            break;
        }
        if text(0..16).trim_end_matches('/').ends_with(".tar.gz") {
            members.push(Part { packing: Packing::Gzip, offset, size: length });
        }
        at = offset + length + length % 2;
    }
    Ok(members)
}

/// The payload of an .rpm that zstd has packed.
fn payload(file: &mut (impl Read + Seek)) -> Vec<Part> {
    const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
    let Ok(layout) = RpmLayout::read(file) else { return Vec::new() };
    let range = layout.payload_range();
    let mut magic = [0; 4];
    let read = file.seek(SeekFrom::Start(range.start)).and_then(|_| file.read_exact(&mut magic));
    if read.is_err() || magic != ZSTD {
        return Vec::new();
    }
    vec![Part { packing: Packing::Zstd, offset: range.start, size: range.end - range.start }]
}

impl Packing {
    /// Reads a part unpacked.
    ///
    /// # Errors
    /// Those of the reader.
    pub fn reader<'a>(self, from: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
        let from = BufReader::with_capacity(128 * 1024, from);
        Ok(match self {
            Self::Plain => Box::new(from),
            Self::Gzip => Box::new(MultiGzDecoder::new(from)),
            Self::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(from)?),
        })
    }

    /// Packs what is written.
    ///
    /// # Errors
    /// Those of the compressor.
    pub fn writer<W: Write>(self, out: W) -> io::Result<Packer<W>> {
        Ok(match self {
            Self::Plain => Packer::Plain(out),
            Self::Gzip => Packer::Gzip(deb::packer(out)),
            Self::Zstd => Packer::Zstd(rpm::packer(out, 1)?),
        })
    }
}

/// A writer that packs.
pub enum Packer<W: Write> {
    /// One that does not.
    Plain(W),
    /// As the archives in a .deb.
    Gzip(deb::Packing<W>),
    /// As the payload of an .rpm.
    Zstd(zstd::stream::write::Encoder<'static, W>),
}

impl<W: Write> Packer<W> {
    /// Writes the rest, and gives back what is behind.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Self::Plain(out) => Ok(out),
            Self::Gzip(packer) => packer.finish(),
            Self::Zstd(packer) => packer.finish(),
        }
    }
}

impl<W: Write> Write for Packer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Gzip(packer) => packer.write(bytes),
            Self::Zstd(packer) => packer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
