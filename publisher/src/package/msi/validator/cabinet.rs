//! Whether the cabinet holds the files that the tables describe: in their order, of their size, and with the
//! digests that Windows compares installed files with. Read block by block, as Windows does it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};

use consign_metadata::msi::{CABINET, CabinetHead, MsiError, MsiFile, Tables};
use flate2::{Decompress, FlushDecompress};
use md5::Digest;

use super::super::cabinet::Packed;
use super::{Faults, rows};

const RULE: &str = "cabinet";
const BLOCK: usize = 0x8000;

/// By the names of files.
type Digests = BTreeMap<String, Vec<u8>>;

pub fn look(
    msi: &mut MsiFile<BufReader<File>>,
    tables: &Tables,
    packed: Option<&[Packed]>,
    faults: &mut Faults,
) -> Result<(), MsiError> {
    let mut files = rows(tables, "File", ["File", "FileSize", "Sequence"]);
    files.sort_by_key(|[_, _, number]| number.parse::<u32>().unwrap_or(0));
    for (index, [file, _, number]) in files.iter().enumerate() {
        if *number != (index + 1).to_string() {
            faults.add(RULE, format!("{file} has the number {number}, and is the file number {}", index + 1));
        }
    }
    if tables.column("Media", "LastSequence") != [files.len().to_string()] {
        faults.add(RULE, "the last number of the disk is not that of the last file");
    }
    let Some(stream) = msi.stream(CABINET)? else {
        if !files.is_empty() {
            faults.add(RULE, "there is none");
        }
        return Ok(());
    };
    let mut cabinet = BufReader::with_capacity(1 << 17, stream);
    let CabinetHead { folders, files: members } = match CabinetHead::read(&mut cabinet) {
        Ok(head) => head,
        Err(cause) => {
            faults.add(RULE, cause);
            return Ok(());
        }
    };
    let names = members.iter().map(|(name, size)| (name.as_str(), size.to_string()));
    if !names.eq(files.iter().map(|[file, size, _]| (file.as_str(), size.clone()))) {
        faults.add(RULE, "its files are not those of the table, or not in its order");
        return Ok(());
    }
    let found = match packed {
        None => digests::<md5::Md5>(&mut cabinet, &folders, &members),
        Some(packed) => digests::<sha2::Sha256>(&mut cabinet, &folders, &members).map(|found| {
            members.iter().zip(packed).filter_map(|(member, packed)| known(member, packed, &found)).collect()
        }),
    };
    match found {
        Ok(digests) => compare(tables, &digests, faults),
        Err(cause) => faults.add(RULE, cause),
    }
    Ok(())
}

/// The MD5 of a file that was packed, where it is the one that is in the cabinet: another digest says so, which is
/// cheaper, and nobody computes the same twice.
fn known((name, _): &(String, u64), packed: &Packed, found: &Digests) -> Option<(String, Vec<u8>)> {
    let is_it = found.get(name).is_some_and(|digest| hex::encode(digest) == packed.sha256.to_string());
    is_it.then(|| (name.clone(), packed.md5.to_vec()))
}

/// The digest of each file that is there, whole.
fn digests<D: Digest>(cabinet: &mut impl Read, folders: &[u16], members: &[(String, u64)]) -> io::Result<Digests> {
    let mut digests = BTreeMap::new();
    let mut members = members.iter();
    let (mut current, mut left, mut hasher) = (None, 0, D::new());
    let mut inflater = Inflater::new();
    for blocks in folders {
        inflater.begin();
        for _ in 0..*blocks {
            let mut rest = inflater.block(cabinet)?;
            while !rest.is_empty() || (left == 0 && current.is_some()) {
                if left == 0 {
                    if let Some(name) = current.take() {
                        let whole = std::mem::replace(&mut hasher, D::new());
                        digests.insert(name, whole.finalize().to_vec());
                    }
                    let Some((name, size)) = members.next() else { break };
                    (current, left) = (Some(name.clone()), *size);
                    continue;
                }
                let taken = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                hasher.update(&rest[..taken]);
                (rest, left) = (&rest[taken..], left - taken as u64);
            }
        }
    }
    if let Some(name) = current.filter(|_| left == 0) {
        digests.insert(name, hasher.finalize().to_vec());
    }
    for (empty, _) in members.filter(|(_, size)| *size == 0) {
        digests.insert(empty.clone(), D::new().finalize().to_vec());
    }
    Ok(digests)
}

/// What inflates blocks, each of which may refer to the one before it.
struct Inflater {
    state: Decompress,
    before: Vec<u8>,
}

impl Inflater {
    fn new() -> Self {
        Self { state: Decompress::new(false), before: Vec::new() }
    }

    /// A folder begins: nothing comes before it.
    fn begin(&mut self) {
        self.before.clear();
    }

    fn block(&mut self, cabinet: &mut impl Read) -> io::Result<&[u8]> {
        let mut head = [0; 8];
        cabinet.read_exact(&mut head)?;
        let packed = usize::from(u16::from_le_bytes([head[4], head[5]]));
        let size = usize::from(u16::from_le_bytes([head[6], head[7]]));
        let mut bytes = vec![0; packed];
        cabinet.read_exact(&mut bytes)?;
        let said = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
        if checksum(&head[4..], checksum(&bytes, 0)) != said {
            return Err(io::Error::other("a block of it has not the checksum that it says"));
        }
        let deflated = bytes.strip_prefix(b"CK").filter(|_| size <= BLOCK);
        let deflated = deflated.ok_or_else(|| io::Error::other("a block of it is not as MSZIP has them"))?;
        self.state.reset(false);
        if !self.before.is_empty() {
            self.state.set_dictionary(&self.before).map_err(io::Error::other)?;
        }
        let mut content = Vec::with_capacity(size);
        self.state.decompress_vec(deflated, &mut content, FlushDecompress::Finish).map_err(io::Error::other)?;
        self.before = content;
        match self.before.len() == size {
            true => Ok(&self.before),
            false => Err(io::Error::other("a block of it has not the length that it says")),
        }
    }
}

/// As the format has it: four bytes at a time, and what is left the other way round.
fn checksum(bytes: &[u8], seed: u32) -> u32 {
    let words = bytes.chunks_exact(4);
    let rest = words.remainder().iter().fold(0, |rest, byte| rest << 8 | u32::from(*byte));
    words.fold(seed, |sum, four| sum ^ u32::from_le_bytes([four[0], four[1], four[2], four[3]])) ^ rest
}

fn compare(tables: &Tables, digests: &Digests, faults: &mut Faults) {
    let columns = ["File_", "HashPart1", "HashPart2", "HashPart3", "HashPart4"];
    for [file, parts @ ..] in rows(tables, "MsiFileHash", columns) {
        // Zero is stored as nothing.
        let bytes = parts.iter().flat_map(|part| part.parse::<i32>().unwrap_or(0).to_le_bytes());
        match digests.get(&file) {
            Some(digest) if digest.iter().copied().eq(bytes) => {}
            _ => faults.add(RULE, format!("{file} is not the file that its digest is of")),
        }
    }
    for file in tables.column("File", "File").iter().filter(|file| !digests.contains_key(*file)) {
        faults.add(RULE, format!("{file} is not in it, whole"));
    }
}

#[cfg(test)]
mod tests {
    use consign_metadata::digest::Sha256;

    use super::*;

    #[test]
    fn a_file_that_is_not_the_one_that_was_packed_is_none_that_is_known() {
        let (member, packed) =
            (("f_1".to_owned(), 3), |bytes: &[u8]| Packed { size: 3, sha256: Sha256::of(bytes), md5: [7; 16] });
        let found = Digests::from([("f_1".to_owned(), sha2::Sha256::digest(b"abc").to_vec())]);
        assert_eq!(known(&member, &packed(b"abc"), &found), Some(("f_1".to_owned(), vec![7; 16])));
        assert_eq!(known(&member, &packed(b"abd"), &found), None);
        assert_eq!(known(&member, &packed(b"abc"), &Digests::new()), None);
    }
}
