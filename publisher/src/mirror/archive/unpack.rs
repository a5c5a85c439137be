//! Indexes of archives, unpacked, and no further than was signed.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use liblzma::read::XzDecoder;

/// An index by the end of its name; more than `maximum` bytes of it are an error.
///
/// # Errors
/// Those of the decoder, and of text that is none.
pub fn unpack(name: &str, bytes: &[u8], maximum: u64) -> io::Result<String> {
    let reader: Box<dyn Read + '_> = match name.rsplit('.').next() {
        Some("gz") => Box::new(MultiGzDecoder::new(bytes)),
        Some("xz") => Box::new(XzDecoder::new_multi_decoder(bytes)),
        _ => Box::new(bytes),
    };
    let mut text = String::new();
    reader.take(maximum.saturating_add(1)).read_to_string(&mut text)?;
    if text.len() as u64 > maximum {
        return Err(io::Error::other(format!("it unpacks to more than the {maximum} bytes that were signed")));
    }
    Ok(text)
}
