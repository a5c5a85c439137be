//! Texts of a database: Windows code page 1252. Windows refuses to open a database in UTF-8 (65001), and any
//! other page would depend on the language of the vendor.

/// What 0x80 to 0x9f stand for; five of them for nothing, which Windows reads as the control character.
const HIGH: [u16; 32] = [
    0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d,
    0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,
    0x017e, 0x0178,
];

/// The bytes of a text.
///
/// # Errors
/// The first character that the page does not have.
pub fn encode(text: &str) -> Result<Vec<u8>, char> {
    text.chars().map(|character| byte(character).ok_or(character)).collect()
}

fn byte(character: char) -> Option<u8> {
    match u32::from(character) {
        unit @ (0..0x80 | 0xa0..0x100) => u8::try_from(unit).ok(),
        unit => {
            let at = HIGH.iter().position(|high| u32::from(*high) == unit)?;
            u8::try_from(0x80 + at).ok()
        }
    }
}

/// The text of bytes.
pub fn decode(bytes: &[u8]) -> String {
    let character = |byte: &u8| match byte {
        0x80..=0x9f => char::from_u32(u32::from(HIGH[usize::from(byte - 0x80)])).unwrap_or('?'),
        _ => char::from(*byte),
    };
    bytes.iter().map(character).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_read_back_and_what_has_none_is_named() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(encode(&decode(&all)).unwrap(), all);
        assert_eq!(encode("Müller & Söhne – 5 €").unwrap(), b"M\xfcller & S\xf6hne \x96 5 \x80");
        assert_eq!(encode("Łódź"), Err('Ł'));
    }
}
