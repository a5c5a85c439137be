//! The outer `ar` archive: `debian-binary`, `control.tar.gz`, `data.tar.gz`, and `_gpgorigin`.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// The ten decimal digits of a size in an `ar` header; the crate writes an eleventh without a word.
const MAXIMUM_MEMBER: u64 = 9_999_999_999;
const NAMES: [&str; 6] =
    ["debian-binary", "control.tar.gz", "data.tar.gz", "data.tar.xz", "data.tar.zst", "_gpgorigin"];
const SIGNATURE: &str = "_gpgorigin";
const MAGIC_LENGTH: usize = 8;

/// Writes the three members, and says where the content of each lies.
pub fn write(file: &mut File, time: u64, control: &[u8], data: (&str, &mut File)) -> io::Result<Vec<Range<u64>>> {
    let mut positions = Vec::new();
    let (data_name, data) = data;
    let data_size = data.seek(SeekFrom::End(0))?;
    data.seek(SeekFrom::Start(0))?;
    let mut archive = ar::Builder::new(io::BufWriter::with_capacity(1 << 17, &mut *file));
    let mut at = MAGIC_LENGTH as u64;
    let members: [(&str, u64, &mut dyn Read); 3] = [
        (NAMES[0], 4, &mut &b"2.0\n"[..]),
        (NAMES[1], control.len() as u64, &mut &*control),
        (data_name, data_size, data),
    ];
    for (name, size, content) in members {
        archive.append(&header(name, size, time)?, content)?;
        let start = at + 60;
        positions.push(start..start + size);
        at = start + size + size % 2;
    }
    archive.into_inner()?.flush()?;
    Ok(positions)
}

/// Appends the signature member to an archive of three.
///
/// # Errors
/// Those of the file.
pub fn append_signature(file: &mut File, signature: &[u8]) -> io::Result<()> {
    // The crate can only begin archives: let it write one of this member, and leave out the magic.
    let mut archive = ar::Builder::new(Vec::new());
    // No time: when it was signed is part of the signature.
    archive.append(&header(SIGNATURE, signature.len() as u64, 0)?, signature)?;
    let member = archive.into_inner()?;
    file.seek(SeekFrom::End(0))?;
    file.write_all(&member[MAGIC_LENGTH..])
}

fn header(name: &str, size: u64, time: u64) -> io::Result<ar::Header> {
    if size > MAXIMUM_MEMBER {
        let what = format!("{name} has {size} bytes; a member of a .deb has at most {MAXIMUM_MEMBER}");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
    }
    if !NAMES.contains(&name) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{name:?} is no member of a .deb")));
    }
    let mut header = ar::Header::new(name.as_bytes().to_vec(), size);
    header.set_mtime(time);
    header.set_mode(0o100_644);
    Ok(header)
}

/// Parts of a file, one after the other, as one reader.
#[derive(Debug)]
pub struct Sections<'a> {
    file: &'a File,
    sections: &'a [Range<u64>],
    done: u64,
}

impl<'a> Sections<'a> {
    /// Reads the sections in their order.
    pub fn new(file: &'a File, sections: &'a [Range<u64>]) -> Self {
        Self { file, sections, done: 0 }
    }
}

impl Read for Sections<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some((section, rest)) = self.sections.split_first() {
            let left = section.end - section.start - self.done;
            if left == 0 {
                (self.sections, self.done) = (rest, 0);
                continue;
            }
            let want = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let read = self.file.read_at(&mut buffer[..want], section.start + self.done)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.done += read as u64;
            return Ok(read);
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_the_format_cannot_hold_is_refused() {
        let error = header("data.tar.gz", 10_000_000_000, 0).unwrap_err();
        assert!(error.to_string().contains("has at most 9999999999"), "{error}");
        assert!(header("data.tar.gz", 9_999_999_999, 0).is_ok());
        assert!(header("a name with blanks", 1, 0).is_err());
    }

    #[test]
    fn sections_are_read_across_their_borders() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let mut text = String::new();
        Sections::new(&file, &[1..3, 3..3, 8..10]).read_to_string(&mut text).unwrap();
        assert_eq!(text, "1289");
    }
}
