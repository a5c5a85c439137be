//! What the archives in a package are compressed with: one of those that dpkg-deb writes.

use std::io::{self, BufRead, Read, Write};

use flate2::bufread::MultiGzDecoder;
use liblzma::read::XzDecoder;
use liblzma::write::XzEncoder;

use super::packing::{Packing, gzip};

/// As dpkg-deb has them where nothing is said: its own level, so that a package does not grow.
const XZ_LEVEL: u32 = 6;
const ZSTD_LEVEL: i32 = 19;

/// A compression, by the end of the member's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// None, which is written as gzip.
    None,
    /// `.gz`
    Gzip,
    /// `.xz`
    Xz,
    /// `.zst`, since dpkg 1.21.18
    Zstd,
}

impl Compression {
    /// The compression of a member `<stem>.tar…`; `None` when it is another member or one that is too old
    /// to be read everywhere.
    pub fn of(member: &str, stem: &str) -> Option<Self> {
        match member.strip_prefix(stem)?.strip_prefix(".tar")? {
            "" => Some(Self::None),
            ".gz" => Some(Self::Gzip),
            ".xz" => Some(Self::Xz),
            ".zst" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// The name of the payload that is written with it.
    pub fn data_member(self) -> &'static str {
        match self {
            Self::None | Self::Gzip => "data.tar.gz",
            Self::Xz => "data.tar.xz",
            Self::Zstd => "data.tar.zst",
        }
    }

    /// Reads what is compressed, as much of it as dpkg does: every member of gzip, but only the first
    /// stream of xz and the first frame of zstd.
    pub fn reader<'a>(self, from: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
        Ok(match self {
            Self::None => Box::new(from),
            Self::Gzip => Box::new(MultiGzDecoder::new(from)),
            Self::Xz => Box::new(XzDecoder::new(from)),
            Self::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(from)?.single_frame()),
        })
    }

    /// Compresses what is written.
    pub fn writer<W: Write>(self, out: W) -> io::Result<Compressor<W>> {
        Ok(match self {
            Self::None | Self::Gzip => Compressor::Gzip(gzip(out)),
            Self::Xz => Compressor::Xz(XzEncoder::new(out, XZ_LEVEL)),
            Self::Zstd => Compressor::Zstd(zstd::stream::write::Encoder::new(out, ZSTD_LEVEL)?),
        })
    }
}

/// A writer that compresses.
pub enum Compressor<W: Write> {
    Gzip(Packing<W>),
    Xz(XzEncoder<W>),
    Zstd(zstd::stream::write::Encoder<'static, W>),
}

impl<W: Write> Compressor<W> {
    /// Writes the rest.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Self::Gzip(encoder) => encoder.finish(),
            Self::Xz(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Compressor<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Xz(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Gzip(encoder) => encoder.flush(),
            Self::Xz(encoder) => encoder.flush(),
            Self::Zstd(encoder) => encoder.flush(),
        }
    }
}
