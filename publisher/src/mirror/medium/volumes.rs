//! How files are spread over the volumes of an export.
//!
//! What everything else is verified by is on each volume, so that any of them can be read first. A package is cut
//! only where no file system of a stick would hold it, or no volume.

use std::io::Read;

use consign_metadata::feed::FileReference;

use super::manifest::{Blob, File};

/// Larger files are cut. FAT ends at 4 GiB; what is cut smaller is there sooner again after a stick was pulled.
const PIECE: u64 = 2 * 1024 * 1024 * 1024;
/// File systems give whole clusters away.
const CLUSTER: u64 = 32 * 1024;
/// For the label, the manifest and what is to be read, beside 512 bytes for each file.
const FIXED: u64 = 256 * 1024;
const PER_FILE: u64 = 512;

/// Volumes that are being filled.
#[derive(Debug)]
pub struct Volumes {
    /// What each one holds at most, without what is on all of them.
    room: u64,
    piece: u64,
    left: u64,
    /// How many there are.
    pub number: u32,
}

/// A file as it is cut, before it is known what its pieces are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// Lengths and volumes.
    pub pieces: Vec<(u64, u32)>,
}

impl Volumes {
    /// Volumes of at most so many bytes each, of which `common` and a line for each of `files` are on all.
    ///
    /// # Errors
    /// How many bytes a volume needs at least.
    pub fn new(size: Option<u64>, common: impl Iterator<Item = u64>, files: usize) -> Result<Self, u64> {
        let common = common.map(occupied).sum::<u64>() + FIXED + PER_FILE * files as u64;
        let least = common + 4 * CLUSTER;
        let size = size.unwrap_or(u64::MAX);
        let room = size.checked_sub(common).filter(|_| size >= least).ok_or(least)?;
        let piece = PIECE.min(room / CLUSTER * CLUSTER);
        Ok(Self { room, piece, left: room, number: 1 })
    }

    /// Finds a place for what is not cut: a delta, which is shorter than its package.
    pub fn place_whole(&mut self, size: u64) -> u32 {
        if occupied(size) > self.left {
            (self.number, self.left) = (self.number + 1, self.room);
        }
        self.left = self.left.saturating_sub(occupied(size));
        self.number
    }

    /// Finds a place for a file of so many bytes.
    pub fn place(&mut self, size: u64) -> Cut {
        let mut pieces = Vec::new();
        let mut rest = size;
        while rest > 0 || pieces.is_empty() {
            let piece = rest.min(self.piece);
            if occupied(piece) > self.left {
                (self.number, self.left) = (self.number + 1, self.room);
            }
            self.left -= occupied(piece);
            pieces.push((piece, self.number));
            rest -= piece;
        }
        Cut { pieces }
    }
}

fn occupied(size: u64) -> u64 {
    size.max(1).div_ceil(CLUSTER) * CLUSTER
}

impl Cut {
    /// What the file is on the volumes; its content is read for the digests of its pieces, where it has several.
    ///
    /// # Errors
    /// Those of the reader.
    pub fn file(
        &self,
        file: &FileReference,
        content: impl FnOnce() -> std::io::Result<Box<dyn Read>>,
    ) -> std::io::Result<File> {
        let sha256 = file.sha256;
        let blobs = match self.pieces[..] {
            [(size, volume)] => vec![Blob { sha256, size, volume: Some(volume) }],
            _ => {
                let mut content = content()?;
                let piece = |(size, volume): &(u64, u32)| {
                    let (sha256, size) = consign_metadata::digest::Sha256::of_reader((&mut content).take(*size))?;
                    Ok(Blob { sha256, size, volume: Some(*volume) })
                };
                self.pieces.iter().map(piece).collect::<std::io::Result<_>>()?
            }
        };
        Ok(File::of(file, blobs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    #[test]
    fn a_file_is_cut_only_where_no_volume_would_hold_it() {
        let mut volumes = Volumes::new(Some(10 * MIB), [MIB].into_iter(), 10).unwrap();
        let mut place = |size: u64| volumes.place(size).pieces;
        assert_eq!(place(5 * MIB), [(5 * MIB, 1)]);
        assert_eq!(place(5 * MIB), [(5 * MIB, 2)]);
        assert_eq!(place(MIB), [(MIB, 2)]);
        let cut = place(20 * MIB);
        assert_eq!(cut.iter().map(|(size, _)| size).sum::<u64>(), 20 * MIB);
        assert_eq!(cut.iter().map(|(_, volume)| *volume).collect::<Vec<_>>(), [3, 4, 5]);
        assert!(cut.iter().all(|(size, _)| *size < 9 * MIB));
        assert_eq!(place(0), [(0, 5)]);
    }

    #[test]
    fn without_a_size_there_is_one_volume_and_no_file_of_it_is_too_large_for_fat() {
        let mut volumes = Volumes::new(None, [].into_iter(), 0).unwrap();
        let cut = volumes.place(9 * 1024 * MIB);
        assert_eq!((cut.pieces.len(), volumes.number), (5, 1));
        assert!(cut.pieces.iter().all(|(size, _)| *size < 4 * 1024 * MIB));
    }

    #[test]
    fn a_volume_that_holds_little_more_than_the_indexes_is_refused() {
        let least = Volumes::new(Some(MIB), [2 * MIB].into_iter(), 1).unwrap_err();
        assert!(Volumes::new(Some(least), [2 * MIB].into_iter(), 1).is_ok());
    }
}
