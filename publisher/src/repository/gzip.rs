//! Indexes as they are served: gzip, which every client reads.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

/// The largest index that is unpacked; ten thousand packages are about 8 MB in apt's form, 25 MB in yum's.
const MAXIMUM_UNPACKED: u64 = 256 * 1024 * 1024;

/// The index as it is served; the same text gives the same bytes.
///
/// # Errors
/// None but those of the compressor.
pub fn pack(text: &str) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}

/// The text of an index as it is served.
///
/// # Errors
/// It is not compressed text, or far too much of it.
pub fn unpack(bytes: &[u8]) -> io::Result<String> {
    let mut text = String::new();
    MultiGzDecoder::new(bytes).take(MAXIMUM_UNPACKED + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAXIMUM_UNPACKED {
        return Err(io::Error::other(format!("it unpacks to more than {MAXIMUM_UNPACKED} bytes")));
    }
    Ok(text)
}
