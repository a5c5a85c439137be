//! The archive in a payload: `newc` cpio, `cpio(5)`.

use std::io::{self, Write};

/// What an entry says of itself before its content.
#[derive(Debug, Clone, Copy)]
pub struct Stat<'a> {
    pub path: &'a str,
    pub inode: u32,
    pub mode: u16,
    /// How many names the file has.
    pub names: u32,
    pub time: u32,
    /// Bytes of content that follow here: of several names of a file the last one has them.
    pub size: u32,
}

/// Writes the header of an entry.
pub fn entry(out: &mut impl Write, stat: &Stat<'_>) -> io::Result<()> {
    let name = format!("./{}", stat.path);
    header(out, stat, &name)
}

/// Ends the archive.
pub fn trailer(out: &mut impl Write) -> io::Result<()> {
    header(out, &Stat { path: "", inode: 0, mode: 0, names: 1, time: 0, size: 0 }, "TRAILER!!!")
}

fn header(out: &mut impl Write, stat: &Stat<'_>, name: &str) -> io::Result<()> {
    let name_size = u32::try_from(name.len() + 1).map_err(io::Error::other)?;
    // Owners are names, and in the header of the package; so are devices.
    let fields = [stat.inode, u32::from(stat.mode), 0, 0, stat.names, stat.time, stat.size, 0, 0, 0, 0, name_size, 0];
    out.write_all(b"070701")?;
    for field in fields {
        write!(out, "{field:08x}")?;
    }
    out.write_all(name.as_bytes())?;
    out.write_all(b"\0")?;
    pad(out, 110 + name.len() as u64 + 1)
}

/// Fills up to a multiple of four.
pub fn pad(out: &mut impl Write, written: u64) -> io::Result<()> {
    let missing = usize::try_from(written.next_multiple_of(4) - written).map_err(io::Error::other)?;
    out.write_all(&[0; 3][..missing])
}
