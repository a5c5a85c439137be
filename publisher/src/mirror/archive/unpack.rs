//! Indexes of archives, unpacked, and no further than was signed.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use liblzma::read::XzDecoder;

/// An index by the end of its name; more than `maximum` bytes of it are an error.
///
/// # Errors
/// Those of the decoder, and of text that is none.
pub fn unpack(name: &str, bytes: &[u8], maximum: u64) -> io::Result<String> {
    let mut text = String::new();
    reader(name, bytes, maximum)?.read_to_string(&mut text)?;
    Ok(text)
}

/// The same, piece by piece.
///
/// # Errors
/// Those of the decoder.
pub fn reader<'a>(name: &str, bytes: &'a [u8], maximum: u64) -> io::Result<Box<dyn Read + 'a>> {
    let reader: Box<dyn Read + 'a> = match name.rsplit('.').next() {
        Some("gz") => Box::new(MultiGzDecoder::new(bytes)),
        Some("xz") => Box::new(XzDecoder::new_multi_decoder(bytes)),
        Some("zst") => Box::new(zstd::Decoder::with_buffer(bytes)?),
        _ => Box::new(bytes),
    };
    Ok(Box::new(Bounded { reader, left: maximum, maximum }))
}

/// What ends where it should, or fails.
struct Bounded<R> {
    reader: R,
    left: u64,
    maximum: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        let maximum = self.maximum;
        let longer = || io::Error::other(format!("it unpacks to more than the {maximum} bytes that were signed"));
        self.left = self.left.checked_sub(read as u64).ok_or_else(longer)?;
        Ok(read)
    }
}
