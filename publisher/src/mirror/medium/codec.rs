//! The method of deltas that this consign has, by a name that says whether another one makes the same of them.
//!
//! Packing again to the byte depends on the compressors that a consign is built with. So the name of the method has
//! the digest of what they make of a sample: two that have the same name pack alike.

use std::io::{self, Write};
use std::sync::OnceLock;

use super::digesting::Digesting;
use crate::package::anatomy::Packing;

const METHOD: &str = "slices-1";
/// Of the sample, in bytes; longer than what the compressors look back at.
const SAMPLE: usize = 300_000;

/// The name of the method.
pub fn codec() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let packed = digest().map_or_else(|_| "nothing".to_owned(), |digest| digest.to_string()[..16].to_owned());
        format!("{METHOD}-{packed}")
    })
}

fn digest() -> io::Result<consign_metadata::digest::Sha256> {
    let sample = sample();
    let mut digesting = Digesting::new(io::sink());
    for packing in [Packing::Gzip, Packing::Zstd] {
        let mut packer = packing.writer(&mut digesting)?;
        packer.write_all(&sample)?;
        packer.finish()?;
    }
    Ok(digesting.digest())
}

/// Words that come again in another order, as in programs and texts.
fn sample() -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut word = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let word = state % 4096;
        format!("{word:x}").repeat(usize::try_from(word % 5).unwrap_or_default() + 1)
    };
    let mut sample: Vec<u8> = Vec::with_capacity(SAMPLE + 64);
    while sample.len() < SAMPLE {
        sample.extend(word().into_bytes());
    }
    sample
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_says_what_the_compressors_make() {
        let made = codec().strip_prefix("slices-1-").unwrap();
        assert!(made.len() == 16 && made.bytes().all(|digit| digit.is_ascii_hexdigit()), "{made}");
        assert!(digest().unwrap().to_string().starts_with(made));
    }
}
