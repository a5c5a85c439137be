//! The lead, the signature header, and the signature over the main header.
//!
//! A signature header has room to spare, so that the signature is written over a part of it and nothing
//! else moves.

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use consign_metadata::digest::Sha256;
use consign_metadata::rpm::{LEAD, LEAD_MAGIC, tag};
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::serialize::SerializeInto;
use sequoia_openpgp::types::PublicKeyAlgorithm;
use sequoia_openpgp::{Packet, PacketPile};
use sha1::Digest as _;

use super::store::{Store, Value};
use crate::file::OnFile;
use crate::package::PackageError;
use crate::package::format::Seal;
use crate::sign::{OpenPgpSigner, SignError};

/// Length of every signature header: a multiple of eight, with room for two signatures by large keys.
const LENGTH: u64 = 4480;

/// What stands in front of a main header.
#[derive(Debug, Clone)]
pub struct Front {
    sha256: String,
    sha1: String,
    header_size: u64,
    size: u64,
    archive_size: u64,
}

impl Front {
    /// Of a package whose header and payload are known.
    pub fn of(header: &[u8], payload_size: u64, archive_size: u64) -> Self {
        let header_size = header.len() as u64;
        Self {
            sha256: Sha256::of(header).to_string(),
            sha1: hex::encode(sha1::Sha1::digest(header)),
            header_size,
            size: header_size + payload_size,
            archive_size,
        }
    }

    /// Lead and signature header of the unsigned package.
    pub fn unsigned(&self, name: &str, machine: u16) -> Vec<u8> {
        let mut bytes = lead(name, machine);
        bytes.extend(self.header(&[]).expect("it fits without a signature"));
        bytes
    }

    /// Where the main header is.
    fn signed(&self) -> Range<u64> {
        let start = LEAD + LENGTH;
        start..start + self.header_size
    }

    /// The signature header with these signatures; `None` when they do not fit.
    fn header(&self, signatures: &[(u32, Vec<u8>)]) -> Option<Vec<u8>> {
        let mut store = Store::default();
        for (tag, signature) in signatures {
            store.set(*tag, Value::Binary(signature.clone()));
        }
        store.text(tag::SIG_SHA1, &*self.sha1);
        store.text(tag::SIG_SHA256, &*self.sha256);
        store.size(tag::SIG_SIZE, tag::SIG_LONG_SIZE, self.size);
        store.size(tag::SIG_PAYLOAD_SIZE, tag::SIG_LONG_ARCHIVE_SIZE, self.archive_size);
        store.set(tag::SIG_RESERVED, Value::Binary(Vec::new()));
        let length = store.to_bytes(tag::REGION_SIGNATURES).len() as u64;
        let room = usize::try_from(LENGTH.checked_sub(length)?).ok().filter(|room| *room > 0)?;
        store.set(tag::SIG_RESERVED, Value::Binary(vec![0; room]));
        Some(store.to_bytes(tag::REGION_SIGNATURES))
    }
}

impl Seal for Front {
    fn seal(&self, file: &mut File, signer: &dyn OpenPgpSigner) -> Result<(), PackageError> {
        let mut signed = Section { file, range: self.signed() };
        let signatures = by_algorithm(&signer.detached(&mut signed)?, signer)?;
        let refused =
            || SignError::Refused { key: signer.fingerprint(), cause: "its signature is too large".to_owned() };
        let header = self.header(&signatures).ok_or_else(refused)?;
        Ok(file.write_all_at(&header, LEAD).on("write", Path::new("the package"))?)
    }
}

/// One signature for each kind of key, each in the tag of its kind: rpm reads no more of a tag than one.
/// The signer's own goes before that of a key that signs beside it.
fn by_algorithm(armored: &[u8], signer: &dyn OpenPgpSigner) -> Result<Vec<(u32, Vec<u8>)>, SignError> {
    let own = signer.fingerprint();
    let refused = |cause: String| SignError::Refused { key: own.clone(), cause };
    let pile = PacketPile::from_bytes(armored).map_err(|e| refused(format!("{e:#}")))?;
    let mut found: Vec<(u32, bool, Vec<u8>)> = Vec::new();
    for packet in pile.into_children() {
        let Packet::Signature(signature) = &packet else { continue };
        let tag = match signature.pk_algo() {
            PublicKeyAlgorithm::RSAEncryptSign => tag::SIG_RSA,
            _ => tag::SIG_EDDSA,
        };
        let is_own = signature.issuer_fingerprints().any(|issuer| issuer.to_hex() == own.as_str());
        found.push((tag, !is_own, packet.to_vec().map_err(|e| refused(format!("{e:#}")))?));
    }
    found.sort_by_key(|(tag, other, _)| (*tag, *other));
    found.dedup_by_key(|(tag, _, _)| *tag);
    Ok(found.into_iter().map(|(tag, _, signature)| (tag, signature)).collect())
}

/// What `file` looks at and rpm does not.
fn lead(name: &str, machine: u16) -> Vec<u8> {
    let mut lead = vec![0; LEAD as usize];
    lead[..4].copy_from_slice(&LEAD_MAGIC);
    lead[4] = 3;
    lead[8..10].copy_from_slice(&machine.to_be_bytes());
    let name = &name.as_bytes()[..name.len().min(65)];
    lead[10..10 + name.len()].copy_from_slice(name);
    lead[77] = 1;
    lead[79] = 5;
    lead
}

/// A part of a file.
struct Section<'a> {
    file: &'a File,
    range: Range<u64>,
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = usize::try_from(self.range.end - self.range.start).unwrap_or(usize::MAX);
        let want = buffer.len().min(left);
        let read = self.file.read_at(&mut buffer[..want], self.range.start)?;
        if read == 0 && want > 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        self.range.start += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_header_has_one_length_whatever_is_in_it() {
        let small = Front::of(b"header", 1, 2);
        let large = Front::of(b"header", 5 << 32, 6 << 32);
        for front in [small, large] {
            for size in [0, 64, 566, 1100] {
                let header = front.header(&[(tag::SIG_RSA, vec![1; size]), (tag::SIG_EDDSA, vec![1; 120])]).unwrap();
                assert_eq!(header.len() as u64, LENGTH);
            }
        }
        assert!(Front::of(b"header", 1, 2).header(&[(tag::SIG_RSA, vec![1; 5000])]).is_none());
    }
}
