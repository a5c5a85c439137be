//! What a program or library for Windows says of itself: its processor and its version.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use crate::package::Architecture;

/// More of resources is not read.
const MAXIMUM: u64 = 32 * 1024 * 1024;
const SECTION: usize = 40;
/// `VS_FIXEDFILEINFO.dwSignature`.
const FIXED: [u8; 4] = [0xbd, 0x04, 0xef, 0xfe];

/// A program or library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pe {
    /// Its processor; `None` for one of 32 bits, or for any.
    pub architecture: Option<Architecture>,
    /// Its version and the language of it, as databases write them.
    pub version: Option<(String, String)>,
}

/// What a file is; `None` where it is no program.
///
/// # Errors
/// When it cannot be read.
pub fn inspect(file: &mut File) -> io::Result<Option<Pe>> {
    let mut head = Vec::new();
    file.by_ref().take(4096).read_to_end(&mut head)?;
    let Some(headers) = Headers::of(&head) else { return Ok(None) };
    let version = match headers.resources {
        None => None,
        Some((offset, size)) => {
            file.seek(SeekFrom::Start(offset))?;
            let mut resources = Vec::new();
            file.take(size.min(MAXIMUM)).read_to_end(&mut resources)?;
            version(&resources)
        }
    };
    Ok(Some(Pe { architecture: headers.architecture, version }))
}

struct Headers {
    architecture: Option<Architecture>,
    /// Where in the file the section with the resources lies.
    resources: Option<(u64, u64)>,
}

impl Headers {
    fn of(head: &[u8]) -> Option<Self> {
        let start = usize::try_from(long(head, 0x3c)?).ok()?;
        if !head.starts_with(b"MZ") || head.get(start..start + 4)? != b"PE\0\0" {
            return None;
        }
        let architecture = match short(head, start + 4)? {
            0x8664 => Some(Architecture::Amd64),
            0xaa64 => Some(Architecture::Arm64),
            _ => None,
        };
        let (count, optional) = (usize::from(short(head, start + 6)?), usize::from(short(head, start + 20)?));
        let sections = (0..count).map(|index| start + 24 + optional + index * SECTION);
        let resources = sections
            .filter(|at| head.get(*at..*at + 8) == Some(b".rsrc\0\0\0"))
            .find_map(|at| Some((u64::from(long(head, at + 20)?), u64::from(long(head, at + 16)?))));
        Some(Self { architecture, resources })
    }
}

/// The version in resources: found by what it begins with, which no text of a program happens to be.
fn version(resources: &[u8]) -> Option<(String, String)> {
    let key = wide("VS_VERSION_INFO");
    let at = find(resources, &key)?;
    let fixed = at + find(resources.get(at..at + 256)?, &FIXED)?;
    let (high, low) = (long(resources, fixed + 8)?, long(resources, fixed + 12)?);
    let version = format!("{}.{}.{}.{}", high >> 16, high & 0xffff, low >> 16, low & 0xffff);
    let translation = wide("Translation");
    // The key is padded to four bytes.
    let language = find(&resources[at..], &translation)
        .map(|from| (at + from + translation.len() + 2).next_multiple_of(4))
        .and_then(|from| short(resources, from))
        .filter(|language| *language != 0);
    Some((version, language.map_or_else(|| "1033".to_owned(), |language| language.to_string())))
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
