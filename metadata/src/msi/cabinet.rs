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
    let (folders, listed) = head(cabinet)?;
    let mut content = Content { cabinet, folders: folders.into_iter(), left: 0, block: Vec::new(), at: 0 };
    let member = |(key, size): Listed| {
        let (sha256, length) = Sha256::of_reader((&mut content).take(size))?;
        match length == size {
            true => Ok(Member { key, size, sha256 }),
            false => Err(io::Error::other(format!("{key} is not in it, whole"))),
        }
    };
    listed.into_iter().map(member).collect()
}

/// The key of a file, and how long it is.
type Listed = (String, u64);

/// The number of blocks of each folder, and the files.
fn head(cabinet: &mut impl BufRead) -> io::Result<(Vec<u16>, Vec<Listed>)> {
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
    let mut files = Vec::new();
    for _ in 0..short(&head, 28) {
        let mut fixed = [0; 16];
        cabinet.read_exact(&mut fixed)?;
        let size = u64::from(u32::from_le_bytes([fixed[0], fixed[1], fixed[2], fixed[3]]));
        let mut name = Vec::new();
        cabinet.by_ref().take(256).read_until(0, &mut name)?;
        let name = name.strip_suffix(&[0]).unwrap_or(&name);
        files.push((String::from_utf8_lossy(name).into_owned(), size));
    }
    Ok((folders, files))
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
