//! The archive of a package that others built: read through whatever compressed it, copied entry by entry.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};

use consign_metadata::rpm::{Header, RpmLayout, tag};
use flate2::bufread::MultiGzDecoder;
use liblzma::read::XzDecoder;

const HEADER: usize = 110;
const SIZE: usize = 6;
const NAME_SIZE: usize = 11;
const MAXIMUM_NAME: u64 = 8192;
const TRAILER: &[u8] = b"TRAILER!!!\0";
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The archive in a payload.
///
/// # Errors
/// When it cannot be read, or is compressed with something that is not read here.
pub fn unpacked<'a>(file: &'a mut File, layout: &RpmLayout, header: &Header) -> io::Result<Box<dyn Read + 'a>> {
    file.seek(SeekFrom::Start(layout.payload_range().start))?;
    let mut file = BufReader::with_capacity(1 << 17, file);
    Ok(match header.text(tag::PAYLOAD_COMPRESSOR) {
        Some("gzip") => Box::new(MultiGzDecoder::new(file)),
        // Without a name rpm takes it for gzip, whose reader passes on what is not compressed.
        None if file.fill_buf()?.starts_with(&GZIP) => Box::new(MultiGzDecoder::new(file)),
        None => Box::new(file),
        Some("xz") => Box::new(XzDecoder::new_multi_decoder(file)),
        Some("zstd") => Box::new(zstd::stream::read::Decoder::with_buffer(file)?),
        Some(other) => return Err(io::Error::other(format!("it is compressed with {other}"))),
    })
}

/// Copies every entry but the last, which ends an archive.
///
/// # Errors
/// When it is not whole, or is no `newc` archive.
pub fn copy(mut archive: impl Read, out: &mut dyn Write) -> io::Result<()> {
    loop {
        let mut header = [0; HEADER];
        archive.read_exact(&mut header)?;
        match &header[..6] {
            b"070701" | b"070702" => {}
            b"07070X" => return Err(io::Error::other("it has entries as they are written for files of 4 GiB or more")),
            _ => return Err(io::Error::other("it is no newc archive")),
        }
        let (size, name_size) = (field(&header, SIZE)?, field(&header, NAME_SIZE)?);
        if !(2..=MAXIMUM_NAME).contains(&name_size) {
            return Err(io::Error::other("an entry has a name of a length that no path has"));
        }
        let mut name = vec![0; usize::try_from(padded(HEADER as u64 + name_size)).unwrap_or(0) - HEADER];
        archive.read_exact(&mut name)?;
        if name.starts_with(TRAILER) {
            return Ok(());
        }
        out.write_all(&header)?;
        out.write_all(&name)?;
        let content = padded(size);
        if io::copy(&mut archive.by_ref().take(content), out)? != content {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn padded(length: u64) -> u64 {
    length.next_multiple_of(4)
}

/// One of the numbers behind the magic: eight hexadecimal digits.
fn field(header: &[u8; HEADER], index: usize) -> io::Result<u64> {
    let digits = std::str::from_utf8(&header[6 + 8 * index..14 + 8 * index]).unwrap_or_default();
    u64::from_str_radix(digits, 16).map_err(|_| io::Error::other("an entry has a number that is none"))
}

#[cfg(test)]
mod tests {
    use super::super::cpio::{self, Stat};
    use super::*;

    fn archive() -> Vec<u8> {
        let mut bytes = Vec::new();
        cpio::entry(&mut bytes, &Stat { path: "a/b", inode: 1, mode: 0o100_644, names: 1, time: 0, size: 3 }).unwrap();
        bytes.extend(b"one\0");
        bytes
    }

    #[test]
    fn every_entry_is_copied_to_the_byte_and_the_end_is_left_to_the_writer() {
        let mut whole = archive();
        cpio::trailer(&mut whole).unwrap();
        let mut copied = Vec::new();
        copy(&*whole, &mut copied).unwrap();
        assert_eq!(copied, archive());
    }

    #[test]
    fn an_archive_that_is_cut_anywhere_is_refused() {
        let mut whole = archive();
        cpio::trailer(&mut whole).unwrap();
        for end in 0..whole.len() {
            assert!(copy(&whole[..end], &mut Vec::new()).is_err(), "{end}");
        }
        whole[5] = b'X';
        assert!(copy(&*whole, &mut Vec::new()).unwrap_err().to_string().contains("4 GiB"));
    }
}
