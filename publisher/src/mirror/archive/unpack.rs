//! Indexes of archives, unpacked, and no further than was signed.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use liblzma::read::XzDecoder;

/// An index, unpacked by the end of its name and read piece by piece; more than `maximum` bytes of it are an error.
///
/// # Errors
/// Those of the decoder.
pub fn reader<'a>(
    name: &str,
    packed: impl Read + 'a,
    maximum: u64,
    scratch: &Path,
) -> io::Result<Box<dyn BufRead + 'a>> {
    let bounded = |reader: Box<dyn Read + 'a>| BufReader::new(Bounded { reader, left: maximum, maximum });
    Ok(match name.rsplit('.').next() {
        Some("gz") => Box::new(bounded(Box::new(MultiGzDecoder::new(packed)))),
        Some("zst") => Box::new(bounded(Box::new(zstd::Decoder::new(packed)?))),
        Some("xz") => {
            // Its decoder takes as much memory as all packages of a distribution: one after the other.
            let mut unpacked = tempfile::tempfile_in(scratch)?;
            io::copy(&mut bounded(Box::new(XzDecoder::new_multi_decoder(packed))), &mut unpacked)?;
            unpacked.seek(SeekFrom::Start(0))?;
            Box::new(BufReader::new(unpacked))
        }
        _ => Box::new(bounded(Box::new(packed))),
    })
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
