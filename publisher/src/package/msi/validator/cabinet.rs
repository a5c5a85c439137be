//! Whether the cabinet holds the files that the tables describe: in their order, of their size, and with the
//! digests that Windows compares installed files with. Read block by block, as Windows does it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use consign_metadata::msi::{CABINET, MsiError, MsiFile, Tables};
use flate2::{Decompress, FlushDecompress};
use md5::Digest as _;

use super::{Faults, rows};

const RULE: &str = "cabinet";
const BLOCK: usize = 0x8000;
const HEADER: usize = 36;

/// A file as the cabinet lists it.
struct Member {
    name: String,
    size: u64,
}

pub fn look(msi: &mut MsiFile<BufReader<File>>, tables: &Tables, faults: &mut Faults) -> Result<(), MsiError> {
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
    let (folders, members) = match listed(&mut cabinet) {
        Ok(listed) => listed,
        Err(cause) => {
            faults.add(RULE, cause);
            return Ok(());
        }
    };
    let names = members.iter().map(|member| (member.name.as_str(), member.size.to_string()));
    if !names.eq(files.iter().map(|[file, size, _]| (file.as_str(), size.clone()))) {
        faults.add(RULE, "its files are not those of the table, or not in its order");
        return Ok(());
    }
    match digests(&mut cabinet, &folders, &members) {
        Ok(digests) => compare(tables, &digests, faults),
        Err(cause) => faults.add(RULE, cause),
    }
    Ok(())
}

/// The number of blocks of each folder, and the files, as the head of a cabinet lists them.
fn listed(cabinet: &mut impl BufRead) -> io::Result<(Vec<u16>, Vec<Member>)> {
    let mut head = [0; HEADER];
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
    let mut members = Vec::new();
    for _ in 0..short(&head, 28) {
        let mut fixed = [0; 16];
        cabinet.read_exact(&mut fixed)?;
        let size = u64::from(u32::from_le_bytes([fixed[0], fixed[1], fixed[2], fixed[3]]));
        let mut name = Vec::new();
        cabinet.read_until(0, &mut name)?;
        let name = name.strip_suffix(&[0]).unwrap_or(&name);
        members.push(Member { name: String::from_utf8_lossy(name).into_owned(), size });
    }
    Ok((folders, members))
}

/// The MD5 of each file.
fn digests(cabinet: &mut impl Read, folders: &[u16], members: &[Member]) -> io::Result<BTreeMap<String, [u8; 16]>> {
    let mut digests = BTreeMap::new();
    let mut members = members.iter();
    let (mut current, mut left, mut hasher) = (None, 0, md5::Md5::new());
    for blocks in folders {
        let mut dictionary = Vec::new();
        for _ in 0..*blocks {
            let content = block(cabinet, &dictionary)?;
            let mut rest = &content[..];
            while !rest.is_empty() || (left == 0 && current.is_some()) {
                if left == 0 {
                    if let Some(name) = current.take() {
                        digests.insert(name, std::mem::take(&mut hasher).finalize().into());
                    }
                    let Some(member) = members.next() else { break };
                    (current, left) = (Some(member.name.clone()), member.size);
                    continue;
                }
                let taken = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                hasher.update(&rest[..taken]);
                (rest, left) = (&rest[taken..], left - taken as u64);
            }
            dictionary = content;
        }
    }
    if let Some(name) = current.filter(|_| left == 0) {
        digests.insert(name, hasher.finalize().into());
    }
    for empty in members.filter(|member| member.size == 0) {
        digests.insert(empty.name.clone(), md5::Md5::new().finalize().into());
    }
    Ok(digests)
}

/// A block, which may refer to the one before it.
fn block(cabinet: &mut impl Read, dictionary: &[u8]) -> io::Result<Vec<u8>> {
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

/// As the format has it: four bytes at a time, and what is left the other way round.
fn checksum(bytes: &[u8], seed: u32) -> u32 {
    let words = bytes.chunks_exact(4);
    let rest = words.remainder().iter().fold(0, |rest, byte| rest << 8 | u32::from(*byte));
    words.fold(seed, |sum, four| sum ^ u32::from_le_bytes([four[0], four[1], four[2], four[3]])) ^ rest
}

fn compare(tables: &Tables, digests: &BTreeMap<String, [u8; 16]>, faults: &mut Faults) {
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
