//! Everything small that a generation brings, in one file: for mirrors, which would ask for a dozen files otherwise.
//!
//! Nobody has to have it, and nobody believes it. It is of a generation if it has the entry points that the head
//! of the feed names; each file in it is then compared with what was signed, as if it had come alone.

use std::collections::BTreeMap;
use std::io::{self, Read};

use consign_metadata::digest::Sha256;
use consign_metadata::feed::FileReference;
use consign_metadata::name::ChannelName;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use crate::store::Key;

/// The longest that is written, or taken, in bytes.
pub const MAXIMUM_CHANGES_SIZE: u64 = 16 * 1024 * 1024;
/// The same unpacked.
const MAXIMUM_UNPACKED: u64 = 4 * MAXIMUM_CHANGES_SIZE;

/// Small files of a generation, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    files: BTreeMap<Key, Vec<u8>>,
    by_digest: BTreeMap<Sha256, Key>,
}

impl Changes {
    /// Where it is.
    pub fn path(channel: &ChannelName) -> String {
        format!("consign/{channel}/changes.tar.gz")
    }

    /// These files; of those that have their digest for a name and are the same, one.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a Key, &'a [u8])>) -> Self {
        let mut changes = Self::default();
        for (key, bytes) in files {
            let digest = Sha256::of(bytes);
            if digest_of(key) != Some(digest) || !changes.by_digest.contains_key(&digest) {
                changes.insert(key.clone(), digest, bytes.to_vec());
            }
        }
        changes
    }

    fn insert(&mut self, key: Key, digest: Sha256, bytes: Vec<u8>) {
        self.by_digest.insert(digest, key.clone());
        self.files.insert(key, bytes);
    }

    /// What was served by this name.
    pub fn get(&self, key: &Key) -> Option<&[u8]> {
        let same = || self.by_digest.get(&digest_of(key)?);
        let key = if self.files.contains_key(key) { Some(key) } else { same() };
        self.files.get(key?).map(|bytes| &**bytes)
    }

    /// Whether it has exactly this file.
    pub fn has(&self, file: &FileReference) -> bool {
        let bytes = file.path.parse().ok().and_then(|key| self.get(&key));
        bytes.is_some_and(|bytes| bytes.len() as u64 == file.size && Sha256::of(bytes) == file.sha256)
    }

    /// As it is served: a tar archive, compressed; the same files give the same bytes. `None` where it would be so
    /// long that what is in it is better had alone.
    ///
    /// # Errors
    /// None but those of the compressor.
    pub fn pack(&self) -> io::Result<Option<Vec<u8>>> {
        if self.files.values().map(|bytes| bytes.len() as u64).sum::<u64>() > MAXIMUM_UNPACKED / 2 {
            return Ok(None);
        }
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::new(6)));
        for (key, bytes) in &self.files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, key.as_str(), &**bytes)?;
        }
        let packed = archive.into_inner()?.finish()?;
        Ok(Some(packed).filter(|packed| packed.len() as u64 <= MAXIMUM_CHANGES_SIZE))
    }

    /// Reads what somebody serves.
    ///
    /// # Errors
    /// It is something else, or too much.
    pub fn unpack(bytes: &[u8]) -> io::Result<Self> {
        let (mut changes, mut unpacked) = (Self::default(), Vec::new());
        GzDecoder::new(bytes).take(MAXIMUM_UNPACKED + 1).read_to_end(&mut unpacked)?;
        if unpacked.len() as u64 > MAXIMUM_UNPACKED {
            return Err(io::Error::other(format!("it unpacks to more than {MAXIMUM_UNPACKED} bytes")));
        }
        let mut archive = tar::Archive::new(&*unpacked);
        for entry in archive.entries()? {
            let mut entry = entry?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let key: Key = name.parse().map_err(io::Error::other)?;
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            changes.insert(key, Sha256::of(&content), content);
        }
        Ok(changes)
    }
}

/// The digest that a name begins with.
fn digest_of(key: &Key) -> Option<Sha256> {
    key.file_name().get(..64)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        text.parse().unwrap()
    }

    #[test]
    fn files_come_out_as_they_went_in_and_what_is_twice_is_there_once() {
        let digest = Sha256::of(b"index");
        let [one, two] = ["amd64", "arm64"].map(|name| key(&format!("dists/s/{name}/by-hash/SHA256/{digest}")));
        let (release, long) = (key("dists/s/InRelease"), key(&format!("a/{}", "b".repeat(120))));
        let all: [(&Key, &[u8]); 4] = [(&one, b"index"), (&two, b"index"), (&release, b"signed"), (&long, b"")];
        let changes = Changes::of(all);
        let packed = changes.pack().unwrap().unwrap();
        assert_eq!(packed, changes.pack().unwrap().unwrap());
        let read = Changes::unpack(&packed).unwrap();
        assert_eq!(read, changes);
        assert_eq!(read.files.len(), 3);
        for (key, bytes) in all {
            assert_eq!(read.get(key), Some(bytes), "{key}");
        }
        assert_eq!(read.get(&key("dists/s/Release")), None);
        let file = |path: &str, size, sha256| FileReference { path: path.to_owned(), size, sha256 };
        assert!(read.has(&file("dists/s/InRelease", 6, Sha256::of(b"signed"))));
        assert!(!read.has(&file("dists/s/InRelease", 6, Sha256::of(b"forged"))));
    }

    #[test]
    fn what_leads_out_or_never_ends_is_refused() {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::new(6)));
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..7].copy_from_slice(b"../evil");
        header.set_size(1);
        header.set_cksum();
        archive.append(&header, &b"x"[..]).unwrap();
        assert!(Changes::unpack(&archive.into_inner().unwrap().finish().unwrap()).is_err());
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::new(9)));
        let mut header = tar::Header::new_gnu();
        header.set_size(2 * MAXIMUM_UNPACKED);
        archive.append_data(&mut header, "bomb", io::repeat(0).take(2 * MAXIMUM_UNPACKED)).unwrap();
        assert!(Changes::unpack(&archive.into_inner().unwrap().finish().unwrap()).is_err());
        assert!(Changes::unpack(b"<html>").is_err());
        let many = vec![7; MAXIMUM_UNPACKED as usize];
        assert_eq!(Changes::of([(&key("a"), &*many)]).pack().unwrap(), None);
    }
}
