//! What a Linux program needs of the C library, read from the version names in it.

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
    fn the_highest_version_counts() {
        assert_eq!(glibc(b"x\0GLIBC_2.2.5\0GLIBC_2.17\0GLIBC_2.9\0"), Some(17));
        assert_eq!(glibc(b"GLIBC"), None);
    }
}
