//! The compound file: sectors of 512 bytes, the class of packages, names that fit, and no chain of small
//! sectors that comes back to the first, which osslsigncode takes for damage.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use consign_metadata::msi::{CLASS, MsiFile, name};

use super::Faults;

const RULE: &str = "container";
const SECTOR: u64 = 512;
const ENTRIES: usize = 128;
/// As a sector number: there is no further one.
const NONE: u32 = 0xffff_fff9;

pub fn look(file: &mut File, faults: &mut Faults) -> io::Result<()> {
    let mut header = [0; SECTOR as usize];
    file.read_exact(&mut header)?;
    let number = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    if header[26..28] != [3, 0] || header[30..32] != [9, 0] {
        faults.add(RULE, "it is no compound file of version 3");
        return Ok(());
    }
    let mut table: Vec<u32> =
        (0..109).map(|index| number(76 + 4 * index)).take_while(|sector| *sector < NONE).collect();
    let mut next = number(68);
    while next < NONE {
        let more = sector(file, next)?;
        table.extend(more[..ENTRIES - 1].iter().take_while(|sector| **sector < NONE));
        next = more[ENTRIES - 1];
    }
    let mut small = number(60);
    while small < NONE {
        if sector(file, small)?.contains(&0) {
            faults.add(RULE, "a chain of small sectors leads to the first of them");
            return Ok(());
        }
        let Some(entry) = table.get(small as usize / ENTRIES) else { break };
        small = sector(file, *entry)?[small as usize % ENTRIES];
    }
    Ok(())
}

fn sector(file: &mut File, number: u32) -> io::Result<[u32; ENTRIES]> {
    let mut bytes = [0; SECTOR as usize];
    file.seek(SeekFrom::Start((u64::from(number) + 1) * SECTOR))?;
    file.read_exact(&mut bytes)?;
    let entry = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    Ok(std::array::from_fn(|index| entry(4 * index)))
}

pub fn look_at_names(msi: &MsiFile<BufReader<File>>, faults: &mut Faults) {
    let class: String = CLASS.replace('-', "");
    let bytes = hex::decode(class).unwrap_or_default();
    // The first three groups are numbers.
    let little: Vec<u8> = [3, 2, 1, 0, 5, 4, 7, 6].iter().map(|at| bytes[*at]).chain(bytes[8..].to_vec()).collect();
    if msi.class()[..] != little[..] {
        faults.add(RULE, "its root has not the class of packages");
    }
    for entry in msi.entries() {
        let units = entry.name().encode_utf16().count();
        if !entry.is_stream() || units > name::MAXIMUM_UNITS {
            faults.add(RULE, format!("{:?} is a storage, or has a name of {units} units", name::decode(entry.name())));
        }
    }
}
