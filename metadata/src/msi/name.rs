//! How Windows Installer spells the names of streams: two characters in one, since a name in a compound file
//! has at most 31.

/// The most UTF-16 units that a stored name may have.
pub const MAXIMUM_UNITS: usize = 31;
const ALPHABET: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._";
const PAIRS: u32 = 0x3800;
const SINGLES: u32 = 0x4800;
const TABLE: char = '\u{4840}';

/// A name as it is stored. The name of a table begins with `!`, as msitools have it.
pub fn encode(name: &str) -> String {
    // Those of property sets and signatures stay as they are.
    if name.starts_with('\u{5}') {
        return name.to_owned();
    }
    let (mut stored, rest) = match name.strip_prefix('!') {
        Some(table) => (String::from(TABLE), table),
        None => (String::new(), name),
    };
    let mut characters = rest.chars().peekable();
    while let Some(character) = characters.next() {
        let Some(first) = index(character) else {
            stored.push(character);
            continue;
        };
        let second = characters.peek().copied().and_then(index);
        let unit = match second {
            Some(second) => PAIRS + (second << 6) + first,
            None => SINGLES + first,
        };
        if second.is_some() {
            characters.next();
        }
        stored.extend(char::from_u32(unit));
    }
    stored
}

/// A stored name as people write it.
pub fn decode(stored: &str) -> String {
    let mut name = String::new();
    for character in stored.chars() {
        let unit = u32::from(character);
        match unit {
            PAIRS..SINGLES => name.extend([letter((unit - PAIRS) & 63), letter((unit - PAIRS) >> 6)]),
            SINGLES..0x4840 => name.push(letter(unit - SINGLES)),
            _ if character == TABLE => name.push('!'),
            _ => name.push(character),
        }
    }
    name
}

fn index(character: char) -> Option<u32> {
    let byte = u8::try_from(character).ok()?;
    ALPHABET.iter().position(|letter| *letter == byte).and_then(|at| u32::try_from(at).ok())
}

fn letter(index: u32) -> char {
    char::from(ALPHABET[index as usize & 63])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_stored_in_half_its_length_and_read_back() {
        for name in ["!_StringPool", "!File", "files.cab", "Consign.Plan", "Consign.Note.1.2.0-rc.1.en", "\u{5}Digital"]
        {
            assert_eq!(decode(&encode(name)), name);
        }
        // As msitools and Windows have it.
        assert_eq!(encode("!_Tables"), "\u{4840}\u{3f7f}\u{4164}\u{422f}\u{4836}");
        assert_eq!(encode("Consign.Origin").encode_utf16().count(), 7);
    }
}
