//! A `consign` that a medium carries for machines that have none: what it needs of them is read from the program.

use std::fmt;

/// A program for Linux (ELF, `elf(5)`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// The file.
    pub bytes: Vec<u8>,
    /// For which processors.
    pub processors: Processors,
    /// The program that has to load it; absent where it is linked statically and needs nothing.
    pub loader: Option<String>,
}

/// What a reader runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Processors {
    /// 64-bit PCs.
    X86,
    /// 64-bit ARM.
    Arm,
}

impl fmt::Display for Processors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::X86 => "x86-64",
            Self::Arm => "aarch64",
        })
    }
}

/// `PT_INTERP`: the part of a program that names its loader.
const LOADER: u32 = 3;
/// `ET_EXEC` and `ET_DYN`: programs; a library is one of the latter, too, and begins nowhere.
const PROGRAMS: [u16; 2] = [2, 3];

impl Reader {
    /// Reads what a program says of itself.
    ///
    /// # Errors
    /// What it is instead.
    pub fn of(bytes: Vec<u8>) -> Result<Self, String> {
        let no_program = || "it is no program for 64-bit Linux".to_owned();
        let is_elf = bytes.starts_with(b"\x7fELF\x02\x01");
        let kind = number(&bytes, 16, 2)
            .filter(|kind| is_elf && PROGRAMS.contains(&(u16::try_from(*kind).unwrap_or_default())));
        let begins = number(&bytes, 24, 8).filter(|begins| *begins > 0);
        kind.and(begins).ok_or_else(no_program)?;
        let processors = match number(&bytes, 18, 2) {
            Some(62) => Processors::X86,
            Some(183) => Processors::Arm,
            _ => return Err("it is for processors that no site has: x86-64 and aarch64 are known".to_owned()),
        };
        let loader = loader(&bytes).ok_or_else(no_program)?;
        Ok(Self { bytes, processors, loader })
    }
}

/// The loader that a program names, if it names one; `None` where it is cut off.
fn loader(bytes: &[u8]) -> Option<Option<String>> {
    let [table, length, parts] = [number(bytes, 32, 8)?, number(bytes, 54, 2)?, number(bytes, 56, 2)?];
    for part in 0..parts {
        let part = usize::try_from(table.checked_add(part * length)?).ok()?;
        if number(bytes, part, 4)? != u64::from(LOADER) {
            continue;
        }
        let begin = usize::try_from(number(bytes, part.checked_add(8)?, 8)?).ok()?;
        let end = begin.checked_add(usize::try_from(number(bytes, part.checked_add(32)?, 8)?).ok()?)?;
        let name = bytes.get(begin..end)?;
        return Some(Some(String::from_utf8_lossy(name).trim_end_matches('\0').to_owned()));
    }
    Some(None)
}

/// A number of so many bytes, little-endian.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(length)?)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that is nothing but its headers.
    fn program(machine: u16, loader: Option<&str>) -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
        bytes.resize(64, 0);
        let mut put = |at: usize, number: u64, length: usize| {
            bytes[at..at + length].copy_from_slice(&number.to_le_bytes()[..length]);
        };
        put(16, 3, 2);
        put(18, machine.into(), 2);
        put(24, 0x1000, 8);
        put(32, 64, 8);
        put(54, 56, 2);
        put(56, 2, 2);
        bytes.resize(64 + 2 * 56, 0);
        let second = 64 + 56;
        if let Some(name) = loader {
            bytes[second] = 3;
            bytes[second + 8] = u8::try_from(second + 56).unwrap();
            bytes[second + 32] = u8::try_from(name.len() + 1).unwrap();
            bytes.extend(name.bytes().chain([0]));
        }
        bytes
    }

    #[test]
    fn a_program_tells_its_processors_and_whether_it_needs_a_library() {
        let fixed = Reader::of(program(62, None)).unwrap();
        assert_eq!((fixed.processors, fixed.loader), (Processors::X86, None));
        let loaded = Reader::of(program(183, Some("/lib/ld-linux-aarch64.so.1"))).unwrap();
        assert_eq!(
            (loaded.processors.to_string(), &*loaded.loader.unwrap()),
            ("aarch64".into(), "/lib/ld-linux-aarch64.so.1")
        );
        let own = Reader::of(std::fs::read("/proc/self/exe").unwrap()).unwrap();
        assert!(own.loader.is_some_and(|loader| loader.contains("ld-linux")));
    }

    #[test]
    fn what_is_no_program_or_cut_off_is_refused() {
        for not in [&b"#!/bin/sh\n"[..], b"", b"\x7fELF\x01\x01\x01", b"MZ"] {
            assert!(Reader::of(not.to_vec()).unwrap_err().contains("no program"), "{not:?}");
        }
        assert!(Reader::of(program(3, None)).unwrap_err().contains("processors"));
        let whole = program(62, Some("/lib64/ld-linux-x86-64.so.2"));
        assert!((0..whole.len()).all(|length| Reader::of(whole[..length].to_vec()).is_err()));
    }
}
