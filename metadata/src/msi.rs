//! The outside of an .msi: its streams, who vouches for them, its tables.
//!
//! An .msi is a compound file (MS-CFB) whose root has one stream for each table, one for the cabinet and some
//! of ours: the plan, the notes, and the origin. The origin is a signed message that lists every stream but
//! itself and what Authenticode adds, so that a package is bound to its vendor as a .deb is by `_gpgorigin`,
//! and may be signed for Windows before or after without either signature breaking the other.
//!
//! - `name`: how Windows Installer spells the names of streams
//! - `code_page`: texts as the database has them
//! - `tables`: the tables, as rows
//! - `cabinet`: its files
//! - `origin`: what is signed

mod cabinet;
mod code_page;
pub mod name;
mod origin;
mod tables;

use std::io::{self, Read, Seek};

pub use cabinet::{CabinetContent, CabinetHead, Member};
pub use code_page::{decode, encode};
pub use origin::{FORMAT as ORIGIN_FORMAT, Origin, StreamDigest};
pub use tables::{Cell, Column, PoolString, Table, Tables};

use crate::anchor::Fingerprint;
use crate::digest::Sha256;
use crate::openpgp::{Keyring, VerifyError};
use crate::plan;

/// The class of the root storage of every package.
pub const CLASS: &str = "000C1084-0000-0000-C000-000000000046";
/// What the file of a compound file begins with.
pub const MAGIC: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
/// The stream that holds the signed plan.
pub const PLAN: &str = "Consign.Plan";
/// The stream that holds the signed list of all others.
pub const ORIGIN: &str = "Consign.Origin";
/// What the streams of release notes begin with.
pub const NOTE: &str = "Consign.Note.";
/// The cabinet with the files.
pub const CABINET: &str = "files.cab";
/// What a package says of itself.
pub const SUMMARY: &str = "\u{5}SummaryInformation";
/// The streams of Authenticode, which come after everything else.
pub const SIGNATURES: [&str; 2] = ["\u{5}DigitalSignature", "\u{5}MsiDigitalSignatureEx"];
/// The largest list of streams, in bytes of the signed message.
const MAXIMUM_ORIGIN: u64 = 1024 * 1024;

/// Why a file is not a package that can be used.
#[derive(Debug, thiserror::Error)]
pub enum MsiError {
    /// Not an .msi of the shape that is read.
    #[error("is not an .msi as consign builds them: {0}")]
    Shape(String),
    /// Nobody vouches for its streams.
    #[error("is not signed (it has no stream {ORIGIN})")]
    Unsigned,
    /// The signature over its list of streams is not good.
    #[error(transparent)]
    Signature(#[from] VerifyError),
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
}

impl MsiError {
    fn shape(what: impl Into<String>) -> Self {
        Self::Shape(what.into())
    }
}

/// An open package.
#[derive(Debug)]
pub struct MsiFile<F> {
    compound: cfb::CompoundFile<F>,
}

impl<F: Read + Seek> MsiFile<F> {
    /// Opens a package.
    ///
    /// # Errors
    /// [`MsiError`] where it is no compound file.
    pub fn open(file: F) -> Result<Self, MsiError> {
        let compound = cfb::CompoundFile::open(file).map_err(|cause| MsiError::shape(cause.to_string()))?;
        Ok(Self { compound })
    }

    /// The names of its streams as people write them: tables begin with `!`.
    pub fn streams(&self) -> Vec<String> {
        self.compound.read_root_storage().filter(|entry| entry.is_stream()).map(|e| name::decode(e.name())).collect()
    }

    /// The streams and storages of its root as they are stored.
    pub fn entries(&self) -> Vec<cfb::Entry> {
        self.compound.read_root_storage().collect()
    }

    /// The class of its root.
    pub fn class(&self) -> [u8; 16] {
        self.compound.root_entry().clsid().to_bytes_le()
    }

    /// The state bits of its root.
    pub fn state_bits(&self) -> u32 {
        self.compound.root_entry().state_bits()
    }

    /// A stream to read from; `None` where there is none of the name.
    ///
    /// # Errors
    /// [`MsiError::Read`]
    pub fn stream(&mut self, name: &str) -> Result<Option<cfb::Stream<F>>, MsiError> {
        let path = format!("/{}", name::encode(name));
        match self.compound.is_stream(&path) {
            true => Ok(Some(self.compound.open_stream(&path)?)),
            false => Ok(None),
        }
    }

    /// The bytes of a stream; `None` where there is none of the name.
    ///
    /// # Errors
    /// [`MsiError`] also where it has more than `maximum` bytes.
    pub fn bytes(&mut self, name: &str, maximum: u64) -> Result<Option<Vec<u8>>, MsiError> {
        let Some(stream) = self.stream(name)? else { return Ok(None) };
        let length = stream.len();
        if length > maximum {
            return Err(MsiError::shape(format!("its stream {name:?} has {length} bytes, more than {maximum}")));
        }
        let mut bytes = Vec::new();
        stream.take(maximum).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// What the vendor signed, and who: nothing of it is compared with the streams yet.
    ///
    /// # Errors
    /// [`MsiError`]
    pub fn origin(&mut self, keyring: &Keyring) -> Result<(Origin, Fingerprint), MsiError> {
        let message = self.bytes(ORIGIN, MAXIMUM_ORIGIN)?.ok_or(MsiError::Unsigned)?;
        let verified = keyring.verify_message(&message, MAXIMUM_ORIGIN)?;
        Ok((Origin::parse(&verified.bytes)?, verified.signer))
    }

    /// The signed plan of a package whose origin was verified: as little is read as there has to be.
    ///
    /// # Errors
    /// [`MsiError`] also where it is not the plan that the origin lists.
    pub fn plan(&mut self, origin: &Origin) -> Result<Option<Vec<u8>>, MsiError> {
        self.listed(origin, PLAN, plan::MAXIMUM_SIZE)
    }

    /// The bytes of a stream that the origin lists.
    ///
    /// # Errors
    /// [`MsiError`] also where it is another than the origin lists.
    pub fn listed(&mut self, origin: &Origin, name: &str, maximum: u64) -> Result<Option<Vec<u8>>, MsiError> {
        let bytes = self.bytes(name, maximum)?;
        match (&bytes, origin.streams.get(name)) {
            (None, None) => Ok(None),
            (Some(found), Some(listed)) if Sha256::of(found) == listed.sha256 => Ok(bytes),
            _ => Err(MsiError::shape(format!("its stream {name:?} is not the one that was signed"))),
        }
    }

    /// The digest of every stream that an origin lists: all but itself and those of Authenticode.
    ///
    /// # Errors
    /// [`MsiError`] also where it has storages, which no package of ours has.
    pub fn digests(&mut self) -> Result<std::collections::BTreeMap<String, StreamDigest>, MsiError> {
        if let Some(storage) = self.entries().iter().find(|entry| !entry.is_stream()) {
            return Err(MsiError::shape(format!("it has a storage {:?}", storage.name())));
        }
        let mut digests = std::collections::BTreeMap::new();
        for name in self.streams() {
            if name == ORIGIN || SIGNATURES.contains(&name.as_str()) {
                continue;
            }
            let Some(mut stream) = self.stream(&name)? else {
                return Err(MsiError::shape(format!("its stream {name:?} has a name that is not as it is written")));
            };
            let (sha256, size) = Sha256::of_reader(&mut stream)?;
            digests.insert(name, StreamDigest { size, sha256 });
        }
        Ok(digests)
    }

    /// Verifies that every stream is as the vendor signed it, and that there is no other.
    ///
    /// # Errors
    /// [`MsiError`]
    pub fn verify(&mut self, keyring: &Keyring) -> Result<(Origin, Fingerprint), MsiError> {
        let (origin, signer) = self.origin(keyring)?;
        let found = self.digests()?;
        let names = origin.streams.keys().chain(found.keys());
        match names.into_iter().find(|name| origin.streams.get(*name) != found.get(*name)) {
            None => Ok((origin, signer)),
            Some(name) => Err(MsiError::shape(format!("its stream {name:?} is not the one that was signed"))),
        }
    }

    /// Its tables.
    ///
    /// # Errors
    /// [`MsiError`]
    pub fn tables(&mut self) -> Result<Tables, MsiError> {
        Tables::read(self)
    }
}
