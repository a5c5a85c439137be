//! Content in blocks, as an object store takes it; and the mark that the store gives to them.

use std::io::{self, Read};

use md5::{Digest, Md5};
use sha2::Sha256;

/// What is larger is sent in several of them. Stores want all but the last to be equal, at least 5 MiB, and no more
/// than 10,000: up to 80 GB.
pub const BLOCK: usize = 8 * 1024 * 1024;

/// Content that is read block by block.
pub struct Blocks<'a> {
    source: &'a mut dyn Read,
    marks: Vec<u8>,
    length: u64,
    digest: Sha256,
}

impl<'a> Blocks<'a> {
    pub fn of(source: &'a mut dyn Read) -> Self {
        Self { source, marks: Vec::new(), length: 0, digest: Sha256::new() }
    }

    /// The next block; an empty one where there is no more.
    pub fn next(&mut self) -> io::Result<Vec<u8>> {
        let mut block = Vec::new();
        (&mut *self.source).take(BLOCK as u64).read_to_end(&mut block)?;
        if !block.is_empty() {
            self.marks.extend(Md5::digest(&block));
            self.digest.update(&block);
            self.length += block.len() as u64;
        }
        Ok(block)
    }

    /// Reads what is left, and says what all of it was.
    pub fn seen(mut self) -> io::Result<Seen> {
        while !self.next()?.is_empty() {}
        let mark = match self.marks.len() / 16 {
            0 => hex::encode(Md5::digest(b"")),
            1 => hex::encode(self.marks),
            several => format!("{}-{several}", hex::encode(Md5::digest(self.marks))),
        };
        Ok(Seen { mark, length: self.length, digest: hex::encode(self.digest.finalize()) })
    }
}

/// What content is known by.
pub struct Seen {
    mark: String,
    /// Bytes.
    pub length: u64,
    /// SHA-256, in hexadecimal digits.
    pub digest: String,
}

impl Seen {
    /// Whether an `ETag` says that this is what is there: most stores take the MD5 of it, or that of the MD5s of its
    /// blocks. Another one says nothing.
    pub fn is(&self, etag: &str) -> bool {
        etag.trim_matches('"').eq_ignore_ascii_case(&self.mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_known_by_the_mark_that_stores_give_it() {
        let seen = |bytes: &[u8]| Blocks::of(&mut &*bytes).seen().unwrap();
        assert!(seen(b"").is("\"d41d8cd98f00b204e9800998ecf8427e\""));
        assert!(seen(b"one").is("f97c5d29941bfb1b2fdab0874906ab82"));
        assert!(!seen(b"two").is("f97c5d29941bfb1b2fdab0874906ab82"));
        let long = vec![0; BLOCK + 1];
        let marks = [Md5::digest(&long[..BLOCK]), Md5::digest(&long[BLOCK..])].concat();
        assert!(seen(&long).is(&format!("\"{}-2\"", hex::encode(Md5::digest(marks)))));
        assert_eq!(seen(&long).length, BLOCK as u64 + 1);
    }
}
