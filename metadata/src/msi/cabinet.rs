//! What the cabinet of a package holds: every file with its digest, read once from its beginning to its end.
//!
//! A cabinet ([MS-CAB]) has a list of folders and of files, and then the blocks of each folder, packed as MSZIP:
//! deflated, 32 KiB at most, each with the one before it as its dictionary. Files follow each other without a gap.

use std::io::{self, BufRead, BufReader, Read, Seek};

use flate2::{Decompress, FlushDecompress};

use super::{CABINET, MsiError, MsiFile};
use crate::digest::Sha256;

const BLOCK: usize = 0x8000;
const HEAD: usize = 36;
const BUFFER: usize = 1 << 17;
/// The longest name of a file, with the zero behind it.
const MAXIMUM_NAME: u64 = 256;

/// A file in a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its key in the table `File`.
    pub key: String,
    /// Length in bytes.
    pub size: u64,
    /// Digest of its content.
    pub sha256: Sha256,
}

impl<F: Read + Seek> MsiFile<F> {
    /// Every file that it holds, in the order of the cabinet; none where it has no cabinet.
    ///
    /// # Errors
    /// [`MsiError`] where it is not packed as consign packs.
    pub fn members(&mut self) -> Result<Vec<Member>, MsiError> {
        let Some(stream) = self.stream(CABINET)? else { return Ok(Vec::new()) };
        let mut cabinet = BufReader::with_capacity(BUFFER, stream);
        read(&mut cabinet).map_err(|cause| MsiError::shape(format!("its cabinet: {cause}")))
    }
}

fn read(cabinet: &mut impl BufRead) -> io::Result<Vec<Member>> {
    let CabinetHead { folders, files } = CabinetHead::read(cabinet)?;
    let mut content = Content { cabinet, folders: folders.into_iter(), left: 0, block: Vec::new(), at: 0 };
    let member = |(key, size): (String, u64)| {
        let (sha256, length) = Sha256::of_reader((&mut content).take(size))?;
        match length == size {
            true => Ok(Member { key, size, sha256 }),
            false => Err(io::Error::other(format!("{key} is not in it, whole"))),
        }
    };
    files.into_iter().map(member).collect()
}

/// What a cabinet says of its content before that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CabinetHead {
    /// The number of blocks of each folder.
    pub folders: Vec<u16>,
    /// The key of each file, and its length in bytes.
    pub files: Vec<(String, u64)>,
}

impl CabinetHead {
    /// Reads it; the first block is what comes next.
    ///
    /// # Errors
    /// Where it is not the head of a cabinet that consists of one file.
    pub fn read(cabinet: &mut impl BufRead) -> io::Result<Self> {
        let mut head = [0; HEAD];
        cabinet.read_exact(&mut head)?;
        let short = |bytes: &[u8], at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        if !head.starts_with(b"MSCF") || short(&head, 30) != 0 {
            return Err(io::Error::other("it is none, or one of several"));
        }
        let mut folders = Vec::new();
        for _ in 0..short(&head, 26) {
            let mut folder = [0; 8];
            cabinet.read_exact(&mut folder)?;
            folders.push(short(&folder, 4));
        }
        let files = (0..short(&head, 28)).map(|_| file(cabinet)).collect::<io::Result<_>>()?;
        Ok(Self { folders, files })
    }
}

fn file(cabinet: &mut impl BufRead) -> io::Result<(String, u64)> {
    let mut fixed = [0; 16];
    cabinet.read_exact(&mut fixed)?;
    let size = u64::from(u32::from_le_bytes([fixed[0], fixed[1], fixed[2], fixed[3]]));
    let mut name = Vec::new();
    cabinet.by_ref().take(MAXIMUM_NAME).read_until(0, &mut name)?;
    let name = name.strip_suffix(&[0]).ok_or_else(|| io::Error::other("the name of a file in it has no end"))?;
    Ok((String::from_utf8_lossy(name).into_owned(), size))
}

/// The content of all folders, one after the other.
struct Content<'a, R> {
    cabinet: &'a mut R,
    folders: std::vec::IntoIter<u16>,
    /// Blocks of this folder that are still to come.
    left: u16,
    block: Vec<u8>,
    at: usize,
}

impl<R: BufRead> Read for Content<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.block.len() {
            if !self.next()? {
                return Ok(0);
            }
        }
        let length = buffer.len().min(self.block.len() - self.at);
        buffer[..length].copy_from_slice(&self.block[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

impl<R: BufRead> Content<'_, R> {
    fn next(&mut self) -> io::Result<bool> {
        while self.left == 0 {
            let Some(blocks) = self.folders.next() else { return Ok(false) };
            (self.left, self.block, self.at) = (blocks, Vec::new(), 0);
        }
        self.left -= 1;
        let dictionary = std::mem::take(&mut self.block);
        self.block = block(self.cabinet, &dictionary)?;
        self.at = 0;
        Ok(true)
    }
}

fn block(cabinet: &mut impl Read, dictionary: &[u8]) -> io::Result<Vec<u8>> {
    let mut head = [0; 8];
    cabinet.read_exact(&mut head)?;
    let packed = usize::from(u16::from_le_bytes([head[4], head[5]]));
    let size = usize::from(u16::from_le_bytes([head[6], head[7]]));
    let mut bytes = vec![0; packed];
    cabinet.read_exact(&mut bytes)?;
    let deflated = bytes.strip_prefix(b"CK").filter(|_| size <= BLOCK);
    let deflated = deflated.ok_or_else(|| io::Error::other("a block of it is not as MSZIP has them"))?;
    let mut inflater = Decompress::new(false);
    if !dictionary.is_empty() {
        // As a stored block, which makes it what may be referred to.
        let length = u16::try_from(dictionary.len()).map_err(io::Error::other)?;
        let stored = [&[0][..], &length.to_le_bytes(), &(!length).to_le_bytes(), dictionary].concat();
        let mut known = Vec::with_capacity(dictionary.len());
        inflater.decompress_vec(&stored, &mut known, FlushDecompress::Sync).map_err(io::Error::other)?;
    }
    let mut content = Vec::with_capacity(size);
    inflater.decompress_vec(deflated, &mut content, FlushDecompress::Finish).map_err(io::Error::other)?;
    match content.len() == size {
        true => Ok(content),
        false => Err(io::Error::other("a block of it has not the length that it says")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A head with a folder of no blocks and one file.
    fn head(name: &[u8]) -> Vec<u8> {
        let mut bytes = [b"MSCF".as_slice(), &[0; HEAD - 4]].concat();
        (bytes[26], bytes[28]) = (1, 1);
        bytes.extend([0; 8]);
        bytes.extend([7, 0, 0, 0].into_iter().chain([0; 12]));
        bytes.extend(name);
        bytes
    }

    #[test]
    fn a_name_is_read_to_its_end_and_one_without_an_end_only_so_far() {
        let read = CabinetHead::read(&mut &head(b"f_1\0rest")[..]).unwrap();
        assert_eq!(read, CabinetHead { folders: vec![0], files: vec![("f_1".to_owned(), 7)] });
        let endless = head(&[b'a'; 100_000]);
        let mut left = &endless[..];
        assert!(CabinetHead::read(&mut left).unwrap_err().to_string().contains("has no end"));
        assert_eq!(left.len(), 100_000 - 256);
        assert!(CabinetHead::read(&mut &head(b"cut")[..]).is_err());
        assert!(CabinetHead::read(&mut &b"MSCF"[..]).is_err());
    }
}
