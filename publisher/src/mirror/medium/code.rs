//! What a site has, in digits that are read over the telephone: a generation, and enough of the digest of its head
//! to tell it from every other.
//!
//! Four digits and one that checks them, group by group, so that who listens knows at once which group to ask for
//! again: `0012-8 4821-8 9901-4 1234-4`. The last three groups are of the digest, the ones before are the
//! generation. The check digit is that of Damm's quasigroup, which notices every wrong digit and every pair that
//! changed places; the position of the group is checked along, so that groups which changed places are noticed.

use consign_metadata::digest::Sha256;

/// Damm 2004, "Total anti-symmetrische Quasigruppen", the one of order 10.
const DAMM: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];
/// Digits of the digest.
const DIGEST: usize = 12;
const GROUP: usize = 4;

/// A generation with what tells it from others of its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The generation.
    pub generation: u64,
    /// Digits of the digest of its head.
    digest: String,
}

impl Code {
    /// Of a generation, by the digest of its head.
    pub fn new(generation: u64, head: &Sha256) -> Self {
        let first = u64::from_str_radix(&head.to_string()[..16], 16).unwrap_or_default();
        Self { generation, digest: format!("{:0DIGEST$}", first % 10_u64.pow(12)) }
    }

    /// Reads what was heard.
    ///
    /// # Errors
    /// Which group is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.chars().any(|c| !c.is_ascii_digit() && !c.is_whitespace() && c != '-') {
            return Err("it has something else than digits".to_owned());
        }
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
        let groups: Vec<_> = digits.chunks(GROUP + 1).collect();
        let is_wrong = |(at, group): (usize, &&[u8])| group.len() != GROUP + 1 || check(at, group) != 0;
        if let Some(wrong) = groups.iter().enumerate().position(is_wrong) {
            return Err(format!("group {} of it is wrong: ask for it again", wrong + 1));
        }
        let plain: String = groups.iter().flat_map(|group| &group[..GROUP]).map(ToString::to_string).collect();
        let at =
            plain.len().checked_sub(DIGEST).filter(|at| *at > 0).ok_or("it is too short: it has at least 4 groups")?;
        let generation = plain[..at].parse().map_err(|_| "it is too long".to_owned())?;
        Ok(Self { generation, digest: plain[at..].to_owned() })
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let generation = self.generation.to_string();
        let width = generation.len().next_multiple_of(GROUP);
        let plain = format!("{generation:0>width$}{}", self.digest);
        let digits: Vec<u8> = plain.bytes().map(|digit| digit - b'0').collect();
        let group = |(at, group): (usize, &[u8])| {
            let plain: String = group.iter().map(ToString::to_string).collect();
            format!("{plain}-{}", check(at, group))
        };
        let groups: Vec<_> = digits.chunks(GROUP).enumerate().map(group).collect();
        f.write_str(&groups.join(" "))
    }
}

/// The check digit of a group; of one with its check digit 0.
fn check(position: usize, group: &[u8]) -> u8 {
    let start = DAMM[0][(position + 1) % 10];
    group.iter().fold(start, |state, digit| DAMM[usize::from(state)][usize::from(*digit)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_back_however_it_is_written_down() {
        for generation in [1, 12, 9999, 10_000, 123_456] {
            let code = Code::new(generation, &Sha256::of(&generation.to_be_bytes()));
            let text = code.to_string();
            assert_eq!(Code::parse(&text).unwrap(), code, "{text}");
            assert_eq!(Code::parse(&text.replace(['-', ' '], "")).unwrap(), code);
        }
        let text = Code::new(12, &Sha256::of(b"head")).to_string();
        assert_eq!((text.split(' ').count(), &text[..4]), (4, "0012"));
        assert_ne!(Code::new(12, &Sha256::of(b"head")), Code::new(12, &Sha256::of(b"another")));
    }

    #[test]
    fn every_wrong_digit_every_swap_of_neighbours_and_every_swap_of_groups_is_noticed() {
        let code = Code::new(31, &Sha256::of(b"head"));
        let text: Vec<u8> = code.to_string().replace(['-', ' '], "").into_bytes();
        let heard = |bytes: &[u8]| Code::parse(std::str::from_utf8(bytes).unwrap());
        for at in 0..text.len() {
            for digit in b'0'..=b'9' {
                let mut wrong = text.clone();
                wrong[at] = digit;
                assert_eq!(heard(&wrong).is_ok(), wrong == text);
            }
            let mut swapped = text.clone();
            if at + 1 < text.len() && at % 5 != 4 {
                swapped.swap(at, at + 1);
                assert_eq!(heard(&swapped).is_ok(), swapped == text);
            }
        }
        let groups: Vec<_> = text.chunks(5).collect();
        let swapped = [groups[1], groups[0], groups[2], groups[3]].concat();
        assert!(heard(&swapped).unwrap_err().starts_with("group 1 "));
        assert!(heard(&text[..15]).is_err() && heard(&text[..18]).is_err() && heard(b"").is_err());
        assert!(Code::parse("0012-x").is_err());
    }
}
