//! A delta: a package, unpacked, as changes to an earlier one, unpacked, with what is needed to pack it again.
//!
//! The unpacked bytes are cut into slices, and each is a frame of zstd with a stretch of the earlier package as its
//! prefix (`ZSTD_CCtx_refPrefix`, what `zstd --patch-from` does). So neither side holds more of a package at a time
//! than a slice and a stretch, however large it is; where the stretch begins is the maker's choice.
//!
//! | bytes | meaning |
//! |---|---|
//! | 4, little-endian, and so many | the parts of the package: JSON, `[[packing, unpacked length], …]` |
//! | 8, 4, 4, 4, little-endian | of a slice: where its stretch begins, lengths of the stretch, unpacked, packed |
//! | so many | the frame |

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::package::anatomy::{Packing, parts};

/// Of the package that is made, unpacked; bytes.
const SLICE: usize = 8 * 1024 * 1024;
/// What is looked at around the place where it should be in the earlier one; bytes.
const MARGIN: u64 = 8 * 1024 * 1024;
/// A window has room for slice and stretch.
const WINDOW_LOG: u32 = 25;
const STRETCH: usize = SLICE + 2 * MARGIN as usize;
/// Of every frame; of those that were measured 3 was as small as 19 (`zstd --patch-from`, programs of 100 MB).
const LEVEL: i32 = 3;
/// A list of parts is short.
const HEADING: u32 = 64 * 1024;

/// A package, unpacked into a temporary file.
pub struct Plain {
    pub file: std::fs::File,
    pub size: u64,
    /// Packings and unpacked lengths.
    pub parts: Vec<(Packing, u64)>,
}

impl Plain {
    /// Unpacks a package into a file of this folder; `None` where it has more than `most` bytes unpacked.
    ///
    /// # Errors
    /// Those of reading and writing.
    pub fn of(package: &mut (impl Read + Seek), folder: &Path, most: u64) -> io::Result<Option<Self>> {
        let mut plain = Self { file: tempfile::tempfile_in(folder)?, size: 0, parts: Vec::new() };
        for part in parts(package)? {
            package.seek(SeekFrom::Start(part.offset))?;
            let rest = most - plain.size;
            let mut reader = part.packing.reader(package.by_ref().take(part.size))?.take(rest.saturating_add(1));
            let length = io::copy(&mut reader, &mut plain.file)?;
            if length > rest {
                return Ok(None);
            }
            plain.size += length;
            plain.parts.push((part.packing, length));
        }
        Ok(Some(plain))
    }

    fn stretch(&mut self, begin: u64, length: usize) -> io::Result<Vec<u8>> {
        self.file.seek(SeekFrom::Start(begin))?;
        let mut bytes = Vec::with_capacity(length);
        (&self.file).take(length as u64).read_to_end(&mut bytes)?;
        if bytes.len() == length { Ok(bytes) } else { Err(bad("it refers to what the earlier package has not")) }
    }
}

/// Writes how `new` is made from `old`.
///
/// # Errors
/// Those of reading and writing.
pub fn make(old: &mut Plain, new: &mut Plain, out: &mut impl Write) -> io::Result<()> {
    let heading = serde_json::to_vec(&new.parts).map_err(io::Error::other)?;
    out.write_all(&length(heading.len())?)?;
    out.write_all(&heading)?;
    let mut at = 0;
    while at < new.size {
        let slice = new.stretch(at, usize::try_from(new.size - at).unwrap_or(SLICE).min(SLICE))?;
        // What was put in or left out lies before or behind; the better guess is kept.
        let guesses = [at, (at + old.size).saturating_sub(new.size)];
        let mut best: Option<(u64, usize, Vec<u8>)> = None;
        for guess in guesses {
            let begin = guess.saturating_sub(MARGIN).min(old.size.saturating_sub(STRETCH as u64));
            let stretch = usize::try_from(old.size - begin.min(old.size)).unwrap_or(STRETCH).min(STRETCH);
            if best.as_ref().is_some_and(|(other, ..)| *other == begin) {
                continue;
            }
            let packed = pack(&old.stretch(begin, stretch)?, &slice)?;
            if best.as_ref().is_none_or(|(.., other)| packed.len() < other.len()) {
                best = Some((begin, stretch, packed));
            }
        }
        let (begin, stretch, packed) = best.unwrap_or_default();
        out.write_all(&begin.to_le_bytes())?;
        for number in [stretch, slice.len(), packed.len()] {
            out.write_all(&length(number)?)?;
        }
        out.write_all(&packed)?;
        at += slice.len() as u64;
    }
    Ok(())
}

/// Makes the package that a delta describes; no more than `most` bytes are unpacked of it.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] where it is no delta; those of reading and writing.
pub fn apply<W: Write>(old: &mut Plain, delta: &mut impl Read, most: u64, out: W) -> io::Result<W> {
    let heading = number(delta)?;
    if heading > HEADING {
        return Err(bad("its list of parts is too long"));
    }
    let mut bytes = vec![0; heading as usize];
    delta.read_exact(&mut bytes)?;
    let parts: Vec<(Packing, u64)> =
        serde_json::from_slice(&bytes).map_err(|_| bad("its list of parts is not understood"))?;
    let total = parts.iter().try_fold(0_u64, |sum, (_, length)| sum.checked_add(*length));
    total.filter(|total| *total <= most).ok_or_else(|| bad("it is longer unpacked than a package of this length"))?;
    let mut slices = Slices { old, delta, slice: io::Cursor::default() };
    let mut out = out;
    for (packing, length) in parts {
        let mut packer = packing.writer(out)?;
        if io::copy(&mut slices.by_ref().take(length), &mut packer)? != length {
            return Err(bad("its slices are shorter than its parts"));
        }
        out = packer.finish()?;
    }
    Ok(out)
}

/// The unpacked package, slice by slice.
struct Slices<'a, D: Read> {
    old: &'a mut Plain,
    delta: &'a mut D,
    slice: io::Cursor<Vec<u8>>,
}

impl<D: Read> Read for Slices<'_, D> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.slice.read(buffer)?;
        if read > 0 || buffer.is_empty() {
            return Ok(read);
        }
        self.slice = io::Cursor::new(slice(self.old, self.delta)?);
        self.slice.read(buffer)
    }
}

fn slice(old: &mut Plain, delta: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut begin = [0; 8];
    delta.read_exact(&mut begin)?;
    let [stretch, length, packed] = [number(delta)? as usize, number(delta)? as usize, number(delta)? as usize];
    if stretch > STRETCH || length > SLICE || length == 0 || packed > 2 * SLICE {
        return Err(bad("a slice of it has no possible length"));
    }
    let mut frame = vec![0; packed];
    delta.read_exact(&mut frame)?;
    let prefix = old.stretch(u64::from_le_bytes(begin), stretch)?;
    let mut decoder = zstd::stream::read::Decoder::with_ref_prefix(&*frame, &prefix)?.single_frame();
    decoder.window_log_max(WINDOW_LOG)?;
    let mut slice = Vec::with_capacity(length);
    decoder.take(length as u64 + 1).read_to_end(&mut slice)?;
    if slice.len() == length { Ok(slice) } else { Err(bad("a slice of it has another length than it says")) }
}

fn pack(prefix: &[u8], slice: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = zstd::stream::write::Encoder::with_ref_prefix(Vec::new(), LEVEL, prefix)?;
    encoder.window_log(WINDOW_LOG)?;
    encoder.long_distance_matching(true)?;
    encoder.write_all(slice)?;
    encoder.finish()
}

fn number(from: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    from.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

fn length(number: usize) -> io::Result<[u8; 4]> {
    u32::try_from(number).map(u32::to_le_bytes).map_err(|_| bad("a part of it is too long"))
}

fn bad(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
#[path = "../../../tests/dice/mod.rs"]
#[allow(dead_code, reason = "the tests of media use all of it")]
mod dice;

#[cfg(test)]
mod tests {
    use super::dice::noise;
    use super::*;
    use std::io::Cursor;

    fn plain(bytes: &[u8]) -> Plain {
        Plain::of(&mut Cursor::new(bytes), &std::env::temp_dir(), u64::MAX).unwrap().unwrap()
    }

    fn patch(old: &[u8], new: &[u8]) -> Vec<u8> {
        let mut patch = Vec::new();
        make(&mut plain(old), &mut plain(new), &mut patch).unwrap();
        patch
    }

    #[test]
    fn a_file_is_made_from_an_earlier_one_and_only_the_change_is_in_the_delta() {
        let old = noise(1, 30_000_000);
        // Two bytes in a hundred are new, in ten places, of which some shift what follows.
        let mut new = old.clone();
        for place in 0..10 {
            let at = place * 2_900_000;
            let change = noise(place as u64 + 7, 60_000);
            let end = if place % 2 == 0 { at } else { at + change.len() };
            new.splice(at..end, change);
        }
        let delta = patch(&old, &new);
        assert!(delta.len() < 700_000, "{}", delta.len());
        let made = apply(&mut plain(&old), &mut &*delta, new.len() as u64, Vec::new()).unwrap();
        assert!(made == new);
        assert!(apply(&mut plain(&old), &mut &*delta, new.len() as u64 - 1, Vec::new()).is_err());
    }

    #[test]
    fn what_is_no_delta_is_an_error_and_never_longer_than_is_allowed() {
        let (old, new) = (noise(1, 100_000), noise(2, 50_000));
        let delta = patch(&old, &new);
        let applied = |delta: &[u8]| apply(&mut plain(&old), &mut &*delta, 60_000, Vec::new());
        assert!(applied(&delta).unwrap() == new);
        for at in 0..delta.len().min(200) {
            let mut bad = delta.clone();
            bad[at] ^= 0x41;
            assert!(applied(&bad).map_or(true, |made| made.len() <= 60_000), "{at}");
            assert!(applied(&delta[..at]).is_err(), "{at}");
        }
        let mut endless = Vec::new();
        let parts = serde_json::to_vec(&[(Packing::Plain, 60_000_u64)]).unwrap();
        endless.extend(length(parts.len()).unwrap());
        endless.extend(parts);
        let frame = pack(&[], &vec![0; 8_000_000]).unwrap();
        endless.extend(0_u64.to_le_bytes());
        for number in [0, 60_000, frame.len()] {
            endless.extend(length(number).unwrap());
        }
        endless.extend(frame);
        assert!(applied(&endless).unwrap_err().to_string().contains("another length than it says"));
    }
}
