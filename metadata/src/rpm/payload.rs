//! What of a payload is believed: all of it by the digest in the header, or files at its start by theirs.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;

use super::cpio::{self, CpioEntry};
use super::{Header, RpmError, RpmLayout, tag};
use crate::digest::Sha256;

/// A file at the start of a payload, equal to what the header says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadFile {
    /// Where it is installed.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl RpmLayout {
    /// Compares the whole compressed payload with its digest in a verified header.
    ///
    /// # Errors
    /// [`RpmError`]
    pub fn verify_payload(&self, file: &mut (impl Read + Seek), header: &Header) -> Result<(), RpmError> {
        let algorithm = header.number(tag::PAYLOAD_DIGEST_ALGORITHM);
        let wanted = header.text(tag::PAYLOAD_DIGEST).filter(|_| algorithm == Some(tag::SHA256));
        let wanted = wanted.ok_or_else(|| RpmError::shape("its header has no SHA-256 of its payload"))?;
        file.seek(SeekFrom::Start(self.payload_range().start))?;
        let (found, _) = Sha256::of_reader(file)?;
        if found.to_string() != wanted {
            return Err(RpmError::shape("its payload is not the one that was signed"));
        }
        Ok(())
    }

    /// The files at the start of the payload, as long as each is `wanted`; together at most `maximum` bytes.
    /// Each is compared with its digest in a verified header, so nothing behind them has to be read.
    ///
    /// # Errors
    /// [`RpmError`]
    pub fn first_entries(
        &self,
        file: &mut (impl Read + Seek),
        header: &Header,
        maximum: u64,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<PayloadFile>, RpmError> {
        file.seek(SeekFrom::Start(self.payload_range().start))?;
        let mut archive = unpacked(file, header)?;
        let digests = digests(header)?;
        let (mut files, mut left) = (Vec::new(), maximum);
        while let Some(entry) = cpio::next(&mut archive)?.filter(|entry| entry.is_file && wanted(&entry.path)) {
            let bytes = content(&mut archive, &entry, &mut left, maximum)?;
            files.push(compared(entry.path, bytes, &digests)?);
        }
        Ok(files)
    }

    /// The files of a small package that are `wanted`, wherever they are in the payload; all of it has at
    /// most `maximum` bytes. Each is compared with its digest in a verified header.
    ///
    /// # Errors
    /// [`RpmError`]
    pub fn files(
        &self,
        file: &mut (impl Read + Seek),
        header: &Header,
        maximum: u64,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<PayloadFile>, RpmError> {
        file.seek(SeekFrom::Start(self.payload_range().start))?;
        let mut archive = unpacked(file, header)?;
        let digests = digests(header)?;
        let (mut files, mut left) = (Vec::new(), maximum);
        while let Some(entry) = cpio::next(&mut archive)? {
            let bytes = content(&mut archive, &entry, &mut left, maximum)?;
            if entry.is_file && wanted(&entry.path) {
                files.push(compared(entry.path, bytes, &digests)?);
            }
        }
        Ok(files)
    }
}

fn content(archive: &mut impl Read, entry: &CpioEntry, left: &mut u64, maximum: u64) -> Result<Vec<u8>, RpmError> {
    *left = left.checked_sub(entry.size).ok_or_else(|| {
        let path = &entry.path;
        RpmError::shape(format!("{path} and what is before it in its payload have more than {maximum} bytes"))
    })?;
    Ok(cpio::content(archive, entry.size)?)
}

fn compared(path: String, bytes: Vec<u8>, digests: &BTreeMap<String, &str>) -> Result<PayloadFile, RpmError> {
    if digests.get(&path) != Some(&Sha256::of(&bytes).to_string().as_str()) {
        return Err(RpmError::shape(format!("its {path} is not the one that was signed")));
    }
    Ok(PayloadFile { path, bytes })
}

/// The digest of every plain file, by its path.
fn digests(header: &Header) -> Result<BTreeMap<String, &str>, RpmError> {
    if header.number(tag::FILE_DIGEST_ALGORITHM) != Some(tag::SHA256) {
        return Err(RpmError::shape("its header has no SHA-256 of its files"));
    }
    Ok(header.paths().into_iter().zip(header.texts(tag::FILE_DIGESTS)).collect())
}

fn unpacked<'a>(file: impl Read + 'a, header: &Header) -> Result<Box<dyn Read + 'a>, RpmError> {
    if header.text(tag::PAYLOAD_FORMAT) != Some("cpio") {
        return Err(RpmError::shape("its payload is no cpio archive"));
    }
    match header.text(tag::PAYLOAD_COMPRESSOR) {
        Some("zstd") => {
            let decoder = StreamingDecoder::new(file);
            Ok(Box::new(decoder.map_err(|cause| RpmError::shape(format!("its payload is no zstd: {cause}")))?))
        }
        Some("gzip") => Ok(Box::new(MultiGzDecoder::new(file))),
        other => Err(RpmError::shape(format!("its payload is compressed with {}", other.unwrap_or("nothing")))),
    }
}
