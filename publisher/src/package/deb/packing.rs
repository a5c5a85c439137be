//! gzip whose bytes do not depend on how they are written: in pieces of one length, whatever comes.
//!
//! What the compressor makes depends on how much it is given at a time. Whoever packs the same archive again, from a
//! file instead of from a tree, would otherwise get other bytes.

use std::io::{self, Write};

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};

/// Bytes that the compressor gets at a time.
const PIECE: usize = 64 * 1024;

/// A writer that packs.
pub struct Packing<W: Write> {
    encoder: GzEncoder<W>,
    piece: Vec<u8>,
}

/// Packs an archive of a package.
pub fn gzip<W: Write>(out: W) -> Packing<W> {
    // 3 is Unix; without it the byte would depend on the system that builds.
    let encoder = GzBuilder::new().mtime(0).operating_system(3).write(out, Compression::new(6));
    Packing { encoder, piece: Vec::with_capacity(PIECE) }
}

impl<W: Write> Packing<W> {
    /// Writes the rest, and gives back what is behind.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(mut self) -> io::Result<W> {
        self.encoder.write_all(&self.piece)?;
        self.encoder.finish()
    }
}

impl<W: Write> Write for Packing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        if self.piece.len() == PIECE {
            self.encoder.write_all(&self.piece)?;
            self.piece.clear();
        }
        Ok(taken)
    }

    /// A flush would show in the bytes.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_the_same_however_they_are_written() {
        let text: Vec<u8> = (0..200_000_u32).flat_map(|n| format!("{:x} ", n * 7919 % 4099).into_bytes()).collect();
        let packed = |length: usize| {
            let mut packing = gzip(Vec::new());
            text.chunks(length).for_each(|piece| packing.write_all(piece).unwrap());
            packing.finish().unwrap()
        };
        let once = packed(text.len());
        assert!([512, 8192, 100_000].into_iter().all(|length| packed(length) == once));
    }
}
