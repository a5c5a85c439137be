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
    let mut content = CabinetContent::new(cabinet, folders);
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

/// The content of all folders, one after the other: what its files are made of, without a gap.
pub struct CabinetContent<'a, R> {
    cabinet: &'a mut R,
    folders: std::vec::IntoIter<u16>,
    /// Blocks of this folder that are still to come.
    left: u16,
    inflater: Decompress,
    /// The one that is read, which is the dictionary of the next.
    block: Vec<u8>,
    at: usize,
}

impl<'a, R: Read> CabinetContent<'a, R> {
    /// That of a cabinet whose head was read.
    pub fn new(cabinet: &'a mut R, folders: Vec<u16>) -> Self {
        let inflater = Decompress::new(false);
        Self { cabinet, folders: folders.into_iter(), left: 0, inflater, block: Vec::new(), at: 0 }
    }

    fn next(&mut self) -> io::Result<bool> {
        while self.left == 0 {
            let Some(blocks) = self.folders.next() else { return Ok(false) };
            (self.left, self.block, self.at) = (blocks, Vec::new(), 0);
        }
        self.left -= 1;
        let (deflated, size) = packed(self.cabinet)?;
        self.inflater.reset(false);
        if !self.block.is_empty() {
            self.inflater.set_dictionary(&self.block).map_err(io::Error::other)?;
        }
        let mut content = Vec::with_capacity(size);
        let inflated = self.inflater.decompress_vec(&deflated[2..], &mut content, FlushDecompress::Finish);
        inflated.map_err(io::Error::other)?;
        (self.block, self.at) = (content, 0);
        match self.block.len() == size {
            true => Ok(true),
            false => Err(io::Error::other("a block of it has not the length that it says")),
        }
    }
}

impl<R: Read> BufRead for CabinetContent<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at == self.block.len() && self.next()? {}
        Ok(&self.block[self.at..])
    }

    fn consume(&mut self, length: usize) {
        self.at += length;
    }
}

impl<R: Read> Read for CabinetContent<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(buffer)?;
        self.consume(length);
        Ok(length)
    }
}

/// The next block as it is packed, with `CK` before it, and its length once it is not.
fn packed(cabinet: &mut impl Read) -> io::Result<(Vec<u8>, usize)> {
    let mut head = [0; 8];
    cabinet.read_exact(&mut head)?;
    let mut bytes = vec![0; usize::from(u16::from_le_bytes([head[4], head[5]]))];
    cabinet.read_exact(&mut bytes)?;
    let size = usize::from(u16::from_le_bytes([head[6], head[7]]));
    let said = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
    if checksum(&head[4..], checksum(&bytes, 0)) != said {
        return Err(io::Error::other("a block of it has not the checksum that it says"));
    }
    match bytes.starts_with(b"CK") && size <= BLOCK {
        true => Ok((bytes, size)),
        false => Err(io::Error::other("a block of it is not as MSZIP has them")),
    }
}

/// As the format has it: four bytes at a time, and what is left the other way round.
fn checksum(bytes: &[u8], seed: u32) -> u32 {
    let words = bytes.chunks_exact(4);
    let rest = words.remainder().iter().fold(0, |rest, byte| rest << 8 | u32::from(*byte));
    words.fold(seed, |sum, four| sum ^ u32::from_le_bytes([four[0], four[1], four[2], four[3]])) ^ rest
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

    /// A block that says this, as MSZIP has it.
    fn block(content: &[u8]) -> Vec<u8> {
        let mut deflated = b"CK".to_vec();
        let length = u16::try_from(content.len()).unwrap();
        deflated.extend([&[1][..], &length.to_le_bytes(), &(!length).to_le_bytes(), content].concat());
        let sizes = [u16::try_from(deflated.len()).unwrap().to_le_bytes(), length.to_le_bytes()].concat();
        let sum = checksum(&sizes, checksum(&deflated, 0));
        [&sum.to_le_bytes()[..], &sizes, &deflated].concat()
    }

    #[test]
    fn content_is_read_over_blocks_and_folders_and_a_changed_byte_is_told() {
        let blocks = [block(b"one"), block(b" and another"), block(b" folder")].concat();
        let read = |bytes: &[u8]| io::read_to_string(CabinetContent::new(&mut &bytes[..], vec![2, 0, 1]));
        assert_eq!(read(&blocks).unwrap(), "one and another folder");
        for at in 0..blocks.len() {
            let mut changed = blocks.clone();
            changed[at] ^= 0x10;
            assert!(read(&changed).is_err(), "{at}");
        }
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
