//! What a Linux program is for, and what it needs of the C library, read from its file.

use crate::package::Architecture;

/// The processors that an ELF file of 64 bits is for; `None` for any other file and for other processors.
pub fn architecture(program: &[u8]) -> Option<Architecture> {
    // Class 2 is 64 bits; the machine is two bytes in the order of the file, which is little-endian on both.
    let (b"\x7fELF\x02\x01", Some(machine)) = (program.get(..6)?, program.get(18..20)) else { return None };
    match machine {
        [0x3e, 0] => Some(Architecture::Amd64),
        [0xb7, 0] => Some(Architecture::Arm64),
        _ => None,
    }
}

/// The highest `GLIBC_2.x` that the program asks for; `None` for one that is statically linked.
pub fn glibc(program: &[u8]) -> Option<u32> {
    const NAME: &[u8] = b"\0GLIBC_2.";
    let minor = |rest: &[u8]| {
        let digits: String = rest.iter().take(3).take_while(|b| b.is_ascii_digit()).map(|b| char::from(*b)).collect();
        digits.parse::<u32>().ok()
    };
    let names = program.windows(NAME.len()).enumerate().filter(|(_, window)| *window == NAME);
    names.filter_map(|(at, _)| minor(&program[at + NAME.len()..])).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processors_are_those_of_the_header() {
        let header = |start: &[u8; 6], machine: [u8; 2]| [&start[..], &[0; 12], &machine].concat();
        assert_eq!(architecture(&header(b"\x7fELF\x02\x01", [0x3e, 0])), Some(Architecture::Amd64));
        assert_eq!(architecture(&header(b"\x7fELF\x02\x01", [0xb7, 0])), Some(Architecture::Arm64));
        assert_eq!(architecture(&header(b"\x7fELF\x02\x01", [0x28, 0])), None, "32-bit ARM");
        assert_eq!(architecture(&header(b"\x7fELF\x01\x01", [0x3e, 0])), None, "x32");
        assert_eq!(architecture(b"#!/bin/sh\n"), None);
    }

    #[test]
    fn the_highest_version_counts() {
        assert_eq!(glibc(b"x\0GLIBC_2.2.5\0GLIBC_2.17\0GLIBC_2.9\0"), Some(17));
        assert_eq!(glibc(b"GLIBC"), None);
    }
}
