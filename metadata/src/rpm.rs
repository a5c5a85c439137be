//! An .rpm as both sides read it: lead, signature header, main header, compressed payload.
//!
//! Only what is needed to trust a package and to find its plan is read. The signature is over the main
//! header; the header holds the digest of every file and of the whole payload. So a gate verifies the
//! header, unpacks the start of the payload, and compares those files with the header: it never reads
//! the rest. Nothing of the header is used before [`RpmLayout::verify`] has handed it out.
//!
//! - `header`: the list of tags that both headers are, typed
//! - `tag`: the tags and flags by their names in rpm
//! - `payload`: the digest of the payload, and the files at its start
//! - `cpio`: the archive in the payload
//! - [`version`]: the order of versions

mod cpio;
mod header;
mod payload;
pub mod tag;
pub mod version;

use std::io::{self, Read, Seek, SeekFrom};

use crate::anchor::Fingerprint;
use crate::openpgp::{Keyring, VerifyError};

pub use header::{HEADER_MAGIC, Header, Relation, Stored};
pub use payload::PayloadFile;

/// Length of the lead, which rpm itself does not believe any more.
pub const LEAD: u64 = 96;
/// What a lead begins with.
pub const LEAD_MAGIC: [u8; 4] = [0xed, 0xab, 0xee, 0xdb];
const MAXIMUM_SIGNATURE_HEADER: u64 = 1024 * 1024;
const MAXIMUM_HEADER: u64 = 128 * 1024 * 1024;

/// Why a file is not a package that can be used.
#[derive(Debug, thiserror::Error)]
pub enum RpmError {
    /// Not an .rpm of the shape that is read.
    #[error("is not an .rpm as consign builds them: {0}")]
    Shape(String),
    /// A package of others that `consign wrap` cannot take.
    #[error("{0}")]
    Foreign(String),
    /// Its header carries no signature.
    #[error("is not signed (no signature over its header)")]
    Unsigned,
    /// The signature over its header is not good.
    #[error(transparent)]
    Signature(#[from] VerifyError),
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
}

impl RpmError {
    fn shape(what: impl Into<String>) -> Self {
        Self::Shape(what.into())
    }
}

/// Where the parts of an .rpm lie in the file, and its signatures. Of the main header nothing is known yet.
#[derive(Debug, Clone)]
pub struct RpmLayout {
    signatures: Vec<Vec<u8>>,
    header_start: u64,
    payload_start: u64,
    length: u64,
}

/// The main header of a package whose signature was verified.
#[derive(Debug, Clone)]
pub struct VerifiedRpm {
    /// What the package says of itself.
    pub header: Header,
    /// The key that signed it.
    pub signer: Fingerprint,
}

impl RpmLayout {
    /// Reads the lead and the signature header, and the length of the main header.
    ///
    /// # Errors
    /// [`RpmError::Shape`], [`RpmError::Read`]
    pub fn read(file: &mut (impl Read + Seek)) -> Result<Self, RpmError> {
        let length = file.seek(SeekFrom::End(0))?;
        let lead: [u8; LEAD as usize] = at(file, 0, "the lead")?;
        if lead[..4] != LEAD_MAGIC || lead[4] != 3 {
            return Err(RpmError::shape("it does not begin with the lead of an rpm of format 4"));
        }
        if lead[6..8] != [0, 0] {
            return Err(RpmError::shape("it is a source package"));
        }
        let signatures = extent(file, LEAD, length, MAXIMUM_SIGNATURE_HEADER, "the signature header")?;
        let header_start = LEAD + signatures.next_multiple_of(8);
        let size = extent(file, header_start, length, MAXIMUM_HEADER, "the header")?;
        let signature_header = Header::parse(&bytes(file, LEAD, signatures)?, tag::REGION_SIGNATURES)?;
        let signatures = tag::HEADER_SIGNATURES.iter().filter_map(|tag| signature_header.binary(*tag));
        Ok(Self {
            signatures: signatures.map(<[u8]>::to_vec).collect(),
            header_start,
            payload_start: header_start + size,
            length,
        })
    }

    /// The signatures over the main header, unverified.
    pub fn signatures(&self) -> &[Vec<u8>] {
        &self.signatures
    }

    /// The main header of a package that others built. Nothing was verified: it is for whoever makes a
    /// package of their own of it.
    ///
    /// # Errors
    /// [`RpmError`]
    pub fn unverified_header(&self, file: &mut (impl Read + Seek)) -> Result<Header, RpmError> {
        let bytes = bytes(file, self.header_start, self.payload_start - self.header_start)?;
        Header::parse(&bytes, tag::REGION_HEADER)
    }

    /// The bytes that the main header occupies: yum indexes name them.
    pub fn header_range(&self) -> std::ops::Range<u64> {
        self.header_start..self.payload_start
    }

    /// Where the compressed payload is.
    pub fn payload_range(&self) -> std::ops::Range<u64> {
        self.payload_start..self.length
    }

    /// Verifies the signature over the main header, and hands the header out.
    ///
    /// The payload is not read; [`Self::verify_payload`] does that.
    ///
    /// # Errors
    /// [`RpmError`]
    pub fn verify(&self, file: &mut (impl Read + Seek), keyring: &Keyring) -> Result<VerifiedRpm, RpmError> {
        let bytes = bytes(file, self.header_start, self.payload_start - self.header_start)?;
        let mut failure = RpmError::Unsigned;
        for signature in &self.signatures {
            match keyring.verify_detached(signature, &bytes) {
                Ok(signer) => return Ok(VerifiedRpm { header: Header::parse(&bytes, tag::REGION_HEADER)?, signer }),
                Err(cause) => failure = cause.into(),
            }
        }
        Err(failure)
    }
}

/// The length of a header, by its first bytes.
fn extent(file: &mut (impl Read + Seek), start: u64, length: u64, maximum: u64, what: &str) -> Result<u64, RpmError> {
    let intro: [u8; header::INTRO] = at(file, start, what)?;
    let size = header::length(&intro).ok_or_else(|| RpmError::shape(format!("{what} does not begin as one")))?;
    if size > maximum {
        return Err(RpmError::shape(format!("{what} has {size} bytes")));
    }
    if start.next_multiple_of(8).saturating_add(size) > length {
        return Err(RpmError::shape(format!("{what} is cut short")));
    }
    Ok(size)
}

fn at<const N: usize>(file: &mut (impl Read + Seek), start: u64, what: &str) -> Result<[u8; N], RpmError> {
    let mut bytes = [0; N];
    file.seek(SeekFrom::Start(start))?;
    match file.read_exact(&mut bytes) {
        Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => {
            Err(RpmError::shape(format!("{what} is cut short")))
        }
        result => Ok(result.map(|()| bytes)?),
    }
}

fn bytes(file: &mut (impl Read + Seek), start: u64, size: u64) -> Result<Vec<u8>, RpmError> {
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(size).read_to_end(&mut bytes)?;
    Ok(bytes)
}
