//! Whether the cabinet holds the files that the tables describe: in their order, of their size, and with the
//! digests that Windows compares installed files with. Read block by block, as Windows does it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};

use consign_metadata::msi::{CABINET, CabinetContent, CabinetHead, MsiError, MsiFile, Tables};
use md5::Digest;

use super::super::cabinet::Packed;
use super::{Faults, rows};

const RULE: &str = "cabinet";

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
    let mut content = CabinetContent::new(&mut cabinet, folders);
    let found = match packed {
        None => digests::<md5::Md5>(&mut content, &members),
        Some(packed) => digests::<sha2::Sha256>(&mut content, &members).map(|found| {
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
fn digests<D: Digest>(content: &mut impl BufRead, members: &[(String, u64)]) -> io::Result<Digests> {
    let mut digests = BTreeMap::new();
    for (name, size) in members {
        let (mut hasher, mut left) = (D::new(), *size);
        while left > 0 {
            let bytes = content.fill_buf()?;
            if bytes.is_empty() {
                return Ok(digests);
            }
            let taken = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            hasher.update(&bytes[..taken]);
            content.consume(taken);
            left -= taken as u64;
        }
        digests.insert(name.clone(), hasher.finalize().to_vec());
    }
    match content.fill_buf()?.is_empty() {
        true => Ok(digests),
        false => Err(io::Error::other("there is more in it than its files")),
    }
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
    fn a_file_that_is_not_whole_has_no_digest_and_what_is_of_no_file_is_told() {
        let members = [("f_1".to_owned(), 3), ("f_2".to_owned(), 0), ("f_3".to_owned(), 2)];
        let names = |content: &[u8]| {
            digests::<sha2::Sha256>(&mut &*content, &members).map(|found| found.into_keys().collect::<Vec<_>>())
        };
        assert_eq!(names(b"abcde").unwrap(), ["f_1", "f_2", "f_3"]);
        assert_eq!(names(b"abcd").unwrap(), ["f_1", "f_2"]);
        assert!(names(b"abcdef").is_err());
    }

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
